//! The rules for every text: nothing left over, nothing that only its writers understand.

use super::Violation;
use super::files::TextFile;

/// A map that takes longer to read is no map.
const LONGEST_MAP: usize = 200;

/// Files by these names and endings are read; licences and locks are others' words.
const READ: &[&str] =
    &["rs", "toml", "md", "json", "yml", "yaml", "ts", "svelte", "js", "mjs", "css", "html", "py", "sh"];

/// Written apart, so that this file does not find itself.
const LEFT_OVER: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// Words that, before a number, point into a tracker.
const TRACKED: &[&str] = &["issue", "issues", "ticket", "bug", "pr", "gh", "pull request"];

/// Checks one text file.
pub(crate) fn check(file: &TextFile) -> Vec<Violation> {
    let mut violations = Vec::new();
    let script = file.path.starts_with(".ci");
    if !script && !READ.iter().any(|extension| file.has_extension(extension)) {
        return violations;
    }
    if file.path.ends_with("package-lock.json") {
        return violations;
    }
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if let Some(word) = LEFT_OVER.iter().find(|word| has_word(line, word)) {
            let what =
                format!("`{word}`: do it now, or say in the words of the user what the program does not do");
            violations.push(Violation::new(&file.path, number, what));
        }
        if names_a_ticket(line) || (!file.has_extension("css") && has_bare_number(line)) {
            let what = "points into a tracker; say the matter itself, a reader has no tracker at hand";
            violations.push(Violation::new(&file.path, number, what));
        }
    }
    if file.path.as_os_str() == "ARCHITECTURE.md" && file.text.lines().count() > LONGEST_MAP {
        let what = format!("more than {LONGEST_MAP} lines; move detail to docs/ or to the code it is about");
        violations.push(Violation::new(&file.path, LONGEST_MAP + 1, what));
    }
    violations
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_letter = |character: char| character.is_alphanumeric() || character == '_';
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    })
}

/// A word of [`TRACKED`], then a number.
fn names_a_ticket(line: &str) -> bool {
    let line = line.to_lowercase();
    TRACKED.iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let starts = !line.get(..at).is_some_and(|text| text.ends_with(|c: char| c.is_alphanumeric()));
            let rest = line.get(at + word.len()..).unwrap_or_default();
            let number = rest.trim_start_matches([' ', '#', '/', '-']);
            starts && number.len() < rest.len() && number.starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// A hash and a number as a word of its own, but for a standard's (`PKCS #8`); not `error#1`, `&#39;` or a colour.
fn has_bare_number(line: &str) -> bool {
    line.match_indices('#').any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let rest = line.get(at + 1..).unwrap_or_default();
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let after = rest.chars().nth(digits);
        let apart = before.is_none_or(|character| character.is_whitespace() || character == '(');
        let ends = after.is_none_or(|character| !character.is_alphanumeric() && character != '_');
        let standard = line.get(..at).is_some_and(ends_in_capitals);
        apart && ends && !standard && (1..=5).contains(&digits)
    })
}

fn ends_in_capitals(text: &str) -> bool {
    let last = text.split(|character: char| !character.is_alphanumeric()).rfind(|word| !word.is_empty());
    let last = last.unwrap_or_default();
    last.len() > 1 && last.chars().all(|character| character.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(path: &str, text: &str) -> Vec<usize> {
        let file = TextFile { path: path.into(), text: text.into() };
        check(&file).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn leftovers_are_found() {
        let text = format!("fine\n// {}: later\n{}S is a word\n", LEFT_OVER[0], LEFT_OVER[0]);
        assert_eq!(lines_of("a.rs", &text), [2], "the word by itself, not inside another");
        assert_eq!(lines_of("LICENSE", &text), [0; 0], "a licence is others' words");
    }

    #[test]
    fn trackers_are_found() {
        let number = 12;
        for text in [
            format!("see issue {number}"),
            format!("see #{number}."),
            format!("(#{number})"),
            format!("Issue #{number}"),
            format!("x/issues/{number}"),
            format!("GH-{number}"),
        ] {
            assert_eq!(lines_of("a.md", &text), [1], "points into a tracker: {text}");
        }
        for text in [
            "error#1",
            "&#39;",
            "a[#2b]",
            "the tissue 3 sample",
            "debug 1",
            "## 1. What",
            "C# 7x",
            "a key in PKCS #8",
            "#1abc",
        ] {
            assert_eq!(lines_of("a.md", text), [0; 0], "no tracker: {text}");
        }
    }

    #[test]
    fn a_long_map_is_found() {
        let text = "x\n".repeat(LONGEST_MAP + 1);
        assert_eq!(lines_of("ARCHITECTURE.md", &text), [LONGEST_MAP + 1], "the map stays short");
        assert_eq!(lines_of("docs/other.md", &text), [0; 0], "other documents may be long");
    }
}
