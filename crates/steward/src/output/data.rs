//! Data, on standard output.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde::Serialize;

use super::say::wants_colours;
use crate::arguments::{Format, Global};

/// Widest that a table gets where no terminal says how wide it is.
const WIDTH: usize = 120;

/// Standard output: JSON lines or a table. What is written is there at the latest when [`Data::flush`] returns.
pub(crate) struct Data {
    stream: BufWriter<Reader>,
    format: Format,
    colours: bool,
    width: usize,
}

/// Who reads standard output.
struct Reader {
    stdout: Stdout,
    may_leave: bool,
    has_left: bool,
}

impl Reader {
    fn unless_gone<T>(
        &mut self,
        instead: T,
        write: impl FnOnce(&mut Stdout) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has_left {
            return Ok(instead);
        }
        match write(&mut self.stdout) {
            Err(error) if self.may_leave && error.kind() == io::ErrorKind::BrokenPipe => {
                self.has_left = true;
                Ok(instead)
            }
            written => written,
        }
    }
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |stdout| stdout.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), Write::flush)
    }
}

impl Data {
    pub(crate) fn of(global: &Global) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let usual = if is_terminal { Format::Table } else { Format::Json };
        let width = terminal_size::terminal_size_of(&stdout).map_or(WIDTH, |(width, _)| usize::from(width.0));
        Self {
            format: global.output.unwrap_or(usual),
            colours: wants_colours(&stdout),
            width: width.max(40),
            stream: BufWriter::with_capacity(64 * 1024, Reader { stdout, may_leave: false, has_left: false }),
        }
    }

    /// What is still to be done is done although whoever reads along has had enough (`steward submit … | head`): from then on
    /// nothing is written, and that is no failure.
    pub(crate) fn outlives_its_reader(mut self) -> Self {
        self.stream.get_mut().may_leave = true;
        self
    }

    /// Which of the two.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Columns of the terminal.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// One JSON object, one line.
    pub(crate) fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.stream, object)?;
        self.stream.write_all(b"\n")
    }

    /// A line of a table or between tables.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.line_of_bytes(text.as_bytes())
    }

    /// A line that stands out where there are colours.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        if self.colours { self.line(&format!("\u{1b}[1m{text}\u{1b}[0m")) } else { self.line(text) }
    }

    /// The end of a line, or all of it, in bytes.
    pub(crate) fn line_of_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.write_all(b"\n")
    }

    /// The start of a line.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Bytes as they are, at once.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Hands on everything written so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
