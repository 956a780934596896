//! The rules for Rust text.

use std::path::{Component, Path};

use super::Violation;
use super::code::without_words;
use super::files::TextFile;
use crate::workspace::Metadata;

/// Longer files hide their parts.
const LONGEST: usize = 450;

/// How far above a panicking call its `#[expect(…, reason)]` may stand.
const REASON_ABOVE: usize = 12;

/// What a pure crate is given instead of taking it.
const TAKEN: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("SystemTime::now", "the clock"),
    ("Instant::now", "the clock"),
    ("Timestamp::now", "the clock"),
    ("Zoned::now", "the clock"),
    ("Uuid::now_v7", "the clock and randomness"),
    ("Uuid::new_v4", "randomness"),
];

const PURE: &[&str] = &["crates/er7/src", "crates/lake/src"];

/// Checks one Rust file.
pub(crate) fn check(file: &TextFile) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut broken = |line: usize, what: String| violations.push(Violation::new(&file.path, line, what));
    let count = file.text.lines().count();
    if count > LONGEST {
        broken(
            LONGEST + 1,
            format!("{count} lines, the most is {LONGEST}; split the file where its ideas part"),
        );
    }
    let code = without_words(&file.text);
    let lines: Vec<&str> = code.lines().collect();
    let tested = test_lines(&lines, &file.path);
    let pure = PURE.iter().any(|folder| file.path.starts_with(folder));
    for (index, (line, in_tests)) in lines.iter().zip(&tested).enumerate() {
        let number = index + 1;
        if line.contains("#[allow(") || line.contains("#![allow(") {
            broken(number, "`allow` hides what is fixed later; use `#[expect(LINT, reason = \"…\")]`".into());
        }
        if line.contains("#[ignore]") {
            broken(number, "an ignored test says why: `#[ignore = \"…\"]`".into());
        }
        if *in_tests {
            continue;
        }
        if [".unwrap()", ".expect("].iter().any(|call| line.contains(call)) && !has_reason(&lines, index) {
            broken(number, "may panic; handle it, or give `#[expect(clippy::…, reason)]` on the item".into());
        }
        let taken = TAKEN.iter().find(|(name, _)| pure && line.contains(name));
        if let Some((name, what)) = taken {
            broken(number, format!("`{name}` in a pure crate; {what} is passed in by the caller"));
        }
    }
    violations
}

/// Every crate begins by saying what it is.
pub(crate) fn check_roots(metadata: &Metadata, root: &Path) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &metadata.packages {
        for target in &package.targets {
            let text = std::fs::read_to_string(&target.src_path).unwrap_or_default();
            let shipped = target.kind.iter().any(|kind| kind.contains("lib") || kind == "bin");
            if shipped && !text.starts_with("//!") {
                let path = target.src_path.strip_prefix(root).unwrap_or(&target.src_path);
                let what = format!("begin with a `//!` line that says what `{}` is", target.name);
                violations.push(Violation::new(path, 1, what));
            }
        }
    }
    violations
}

fn has_reason(lines: &[&str], index: usize) -> bool {
    let above = lines.get(index.saturating_sub(REASON_ABOVE)..=index).unwrap_or_default();
    above.iter().any(|line| line.contains("clippy::unwrap_used") || line.contains("clippy::expect_used"))
}

/// For each line whether it is test code: a whole file of tests, or an item under `#[cfg(test)]`.
fn test_lines(lines: &[&str], path: &Path) -> Vec<bool> {
    let named = |component: Component<'_>| {
        let name = component.as_os_str();
        ["tests", "benches", "examples", "tests.rs"].iter().any(|tests| name == *tests)
    };
    if path.components().any(named) {
        return vec![true; lines.len()];
    }
    let mut tested = vec![false; lines.len()];
    let mut from = None;
    let mut depth = 0_usize;
    for (index, line) in lines.iter().enumerate() {
        if from.is_none() && line.contains("#[cfg(test)]") {
            from = Some(index);
            depth = 0;
        }
        let Some(first) = from else { continue };
        let before = depth;
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        let closed = depth == 0 && (before > 0 || line.contains('{') || line.contains(';'));
        if closed || index + 1 == lines.len() {
            tested.iter_mut().take(index + 1).skip(first).for_each(|is_test| *is_test = true);
            from = None;
        }
    }
    tested
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = TextFile { path: path.into(), text: text.into() };
        check(&file).into_iter().map(|violation| (violation.line, violation.what)).collect()
    }

    fn lines_of(path: &str, text: &str) -> Vec<usize> {
        found(path, text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(lines_of("a.rs", &"x\n".repeat(LONGEST)), [0; 0], "the limit itself is fine");
        assert_eq!(lines_of("a.rs", &"x\n".repeat(LONGEST + 1)), [LONGEST + 1], "one line more is not");
    }

    #[test]
    fn bare_allows_and_ignores_are_found() {
        let text = "#![allow(dead_code)]\n#[allow(unused)]\nfn f() {}\n#[ignore]\n// #[allow(in words)]\n";
        assert_eq!(lines_of("tests/a.rs", text), [1, 2, 4], "in tests too; words are no code");
    }

    #[test]
    fn panicking_calls_are_found_outside_tests() {
        let text = "fn f() {\n    g().unwrap();\n    h().expect(\"why\");\n    i().unwrap_or(1);\n}\n\
                    #[cfg(test)]\nmod tests {\n    fn t() {\n        g().unwrap();\n    }\n}\n\
                    fn k() {\n    g().unwrap();\n}\n";
        assert_eq!(
            lines_of("src/a.rs", text),
            [2, 3, 13],
            "the test module is passed over, what follows is not"
        );
        assert_eq!(lines_of("tests/a.rs", text), [0; 0], "tests may");
        assert_eq!(lines_of("src/tests.rs", text), [0; 0], "and a module of tests in its own file");
    }

    #[test]
    fn a_module_of_tests_elsewhere_hides_nothing_here() {
        let text = "#[cfg(test)]\nmod tests;\nfn f() {\n    g().unwrap();\n}\n";
        assert_eq!(lines_of("src/a.rs", text), [4], "only the declaration is test code");
    }

    #[test]
    fn a_reason_lets_a_panicking_call_stand() {
        let text =
            "#[expect(clippy::unwrap_used, reason = \"a constant\")]\nfn f() {\n    g().unwrap();\n}\n";
        assert_eq!(lines_of("src/a.rs", text), [0; 0], "clippy holds the reason");
    }

    #[test]
    fn pure_crates_take_nothing() {
        let text = "fn f() {\n    std::fs::read(p);\n    let now = Timestamp::now();\n}\n";
        assert_eq!(lines_of("crates/er7/src/a.rs", text), [2, 3], "files and clock are passed in");
        assert_eq!(lines_of("crates/desk/src/a.rs", text), [0; 0], "others may");
    }
}
