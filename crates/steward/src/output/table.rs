//! Tables that are written row by row, so that a long list costs no memory and shows at once.

use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Data, printable};

/// One column: its heading and how wide it is. The last column takes what is left of the line.
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) width: usize,
}

/// With less room than this, the last column goes into a line of its own.
const LAST_LEAST: usize = 10;
/// How far a row's further lines stand in.
const INDENT: usize = 4;

/// A table whose heading is written with its first row.
pub(crate) struct Table {
    columns: &'static [Column],
    has_heading: bool,
}

impl Table {
    pub(crate) fn new(columns: &'static [Column]) -> Self {
        Self { columns, has_heading: false }
    }

    /// Writes one row; cells that do not fit are cut, with `…`.
    pub(crate) fn row(&mut self, data: &mut Data, cells: &[&str]) -> io::Result<()> {
        if !self.has_heading {
            self.has_heading = true;
            let headings: Vec<&str> = self.columns.iter().map(|column| column.heading).collect();
            let line = self.fitted(data.width(), &headings);
            data.heading(&line)?;
        }
        let line = self.fitted(data.width(), cells);
        data.line(&line)
    }

    /// One row. On a narrow terminal it goes on in the next line: nothing of an id is cut, so that it can be copied.
    fn fitted(&self, width: usize, cells: &[&str]) -> String {
        let mut row = String::new();
        let mut taken = 0;
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let is_last = index + 1 == self.columns.len();
            let least = if is_last { column.width.min(LAST_LEAST) } else { column.width };
            if taken > 0 && taken + least > width && !(is_last && cell.is_empty()) {
                row.truncate(row.trim_end().len());
                row.push('\n');
                row.extend(std::iter::repeat_n(' ', INDENT));
                taken = INDENT;
            }
            let room = if is_last { width.saturating_sub(taken).max(LAST_LEAST) } else { column.width };
            let cell = cut(&printable(cell), room);
            let blanks = if is_last { 0 } else { room.saturating_sub(cell.width()) + 2 };
            taken += room + 2;
            row.push_str(&cell);
            row.extend(std::iter::repeat_n(' ', blanks));
        }
        row.truncate(row.trim_end().len());
        row
    }
}

/// The text in at most so many columns of a terminal.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut taken = 1;
    for character in text.chars() {
        taken += character.width().unwrap_or_default();
        if taken > room {
            break;
        }
        shown.push(character);
    }
    shown.push('…');
    shown
}

/// The end of a text in at most so many columns: of a path, the end is what tells files apart.
pub(crate) fn end_of(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut taken = 1;
    let kept = text.chars().rev().take_while(|character| {
        taken += character.width().unwrap_or_default();
        taken <= room
    });
    let backwards: Vec<char> = kept.collect();
    std::iter::once('…').chain(backwards.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_to_their_room_by_columns_of_the_terminal() {
        assert_eq!(cut("short", 5), "short", "what fits stays");
        assert_eq!(cut("longer", 5), "long…", "what does not is cut, and says so");
        assert_eq!(cut("血液検査", 5), "血液…", "wide characters take two columns");
    }

    #[test]
    fn of_a_path_the_end_is_kept() {
        assert_eq!(end_of("short", 5), "short", "what fits stays");
        assert_eq!(end_of("a/long/path.hl7", 9), "…path.hl7", "what does not loses its start, and says so");
        assert_eq!(end_of("血液検査", 5), "…検査", "wide characters take two columns");
    }

    #[test]
    fn a_line_fits_the_terminal() {
        const COLUMNS: &[Column] = &[Column { heading: "a", width: 6 }, Column { heading: "b", width: 10 }];
        let table = Table::new(COLUMNS);
        let line = table.fitted(40, &["123456789", &"x".repeat(99)]);
        assert_eq!(line.width(), 40, "the last column takes what is left: {line}");
        assert!(line.starts_with("12345…  x"), "columns are two blanks apart: {line}");
    }

    #[test]
    fn a_row_that_does_not_fit_goes_on_in_the_next_line() {
        const COLUMNS: &[Column] = &[
            Column { heading: "file", width: 36 },
            Column { heading: "outcome", width: 11 },
            Column { heading: "message id", width: 36 },
            Column { heading: "why", width: 50 },
        ];
        let table = Table::new(COLUMNS);
        let id = "019cb3c1-7d00-7000-8000-000000000000";
        let row = table.fitted(80, &["in/a.hl7", "duplicate", id, &"x".repeat(99)]);
        let lines: Vec<&str> = row.lines().collect();
        assert_eq!(lines.len(), 2, "two lines hold it: {row}");
        assert!(lines.iter().all(|line| line.width() <= 80), "each fits the terminal: {row}");
        assert!(lines[1].starts_with(&format!("    {id}  xxx")), "the id is whole: {row}");
        let row = table.fitted(90, &["in/a.hl7", "ingested", id, ""]);
        assert_eq!(row.lines().count(), 1, "nothing to say takes no line: {row}");
    }
}
