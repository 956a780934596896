//! What the command writes: data on standard output, words for people on standard error.

mod data;
mod say;
mod table;

pub(crate) use data::Data;
pub(crate) use say::Say;
pub(crate) use table::{Column, Table, end_of};

/// Text of unknown origin, such as a file's name, made fit for a terminal: control characters are shown, not obeyed.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |character: char| {
        character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_name_cannot_command_the_terminal() {
        let name = "a\u{1b}[2Jb\nc\u{202e}d";
        assert_eq!(printable(name), "a\\u{1b}[2Jb\\nc\\u{202e}d", "controls are shown as escapes");
        assert_eq!(printable("Blut é 血"), "Blut é 血", "other text is as it is");
    }
}
