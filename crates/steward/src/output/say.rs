//! Words for people, on standard error.

use std::io::{IsTerminal, Write};

use crate::arguments::Global;

/// Says things to whoever sits before the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say {
    colours: bool,
    verbose: bool,
}

impl Say {
    /// As the options and the terminal ask for it.
    pub(crate) fn of(global: &Global) -> Self {
        Self { colours: wants_colours(&std::io::stderr()), verbose: global.verbose }
    }

    /// Something that went wrong.
    pub(crate) fn problem(&self, text: &str) {
        self.line(if self.colours { "\u{1b}[31msteward:\u{1b}[0m " } else { "steward: " }, text);
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: &str) {
        self.line("", text);
    }

    /// Something that only whoever asked for more wants to know.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    fn line(&self, start: &str, text: &str) {
        // There is nobody left to tell when standard error is closed.
        drop(std::io::stderr().lock().write_all(format!("{start}{text}\n").as_bytes()));
    }
}

/// Colours only on a terminal that can, and not where NO_COLOR (no-color.org) or a dumb terminal says otherwise.
pub(super) fn wants_colours(stream: &impl IsTerminal) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
