//! Tables that are written row by row, so that a long list costs no memory and shows at once.

use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Data, printable};

/// One column: its heading and how wide it is. The last column takes what is left of the line.
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    pub(crate) width: usize,
}

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

    fn fitted(&self, width: usize, cells: &[&str]) -> String {
        let mut line = String::new();
        let mut taken = 0;
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let is_last = index + 1 == self.columns.len();
            let room = if is_last { width.saturating_sub(taken).max(8) } else { column.width };
            let cell = cut(&printable(cell), room);
            let blanks = if is_last { 0 } else { room.saturating_sub(cell.width()) + 2 };
            taken += room + 2;
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', blanks));
        }
        line.truncate(line.trim_end().len());
        line
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
}
