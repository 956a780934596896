//! The window's web view: its packages, checks, tests and build, all by npm in `ui`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::node::Node;
use crate::process::Limit;
use crate::report::{Tests, Verdict};
use crate::stamp::Stamp;
use crate::workspace;

/// What the window loads.
const BUILT: &str = "dist";

/// Brings the packages of the lock file, unless they are there.
pub(crate) fn packages(node: &Node) -> Result<(), String> {
    let read =
        |path: &str| -> Option<Lock> { serde_json::from_slice(&fs::read(folder().join(path)).ok()?).ok() };
    // npm writes the second one when an installation is whole.
    if let (Some(lock), Some(installed)) =
        (read("package-lock.json"), read("node_modules/.package-lock.json"))
        && installed.has_all_of(&lock)
    {
        return Ok(());
    }
    node.npm(&["ci", "--no-audit", "--no-fund", "--loglevel", "error"])?
        .limit(Limit::minutes(10))
        .shown()
        .map_err(|error| format!("{error}; is the npm registry within reach?"))
}

/// Types and formatting.
pub(crate) fn check(node: &Node) -> Result<(), String> {
    node.npm(&["run", "--silent", "check"])?.limit(Limit::minutes(5)).shown()?;
    let lint = node.npm(&["run", "--silent", "lint"])?.limit(Limit::minutes(5)).shown();
    lint.map_err(|error| format!("{error}; `npm --prefix ui run format` puts it right"))
}

/// Component tests, and the words that stand on screen.
pub(crate) fn test(node: &Node) -> (Verdict, Tests) {
    let mut sum = Tests::default();
    let ended = node.npm(&["test", "--silent"]).and_then(|run| {
        run.limit(Limit::minutes(10)).each_line(|line| sum += summary(line).unwrap_or_default())
    });
    (ended.into(), sum)
}

/// The counts in Vitest's line `Tests  1 failed | 119 passed | 2 skipped (122)`.
fn summary(line: &str) -> Option<Tests> {
    let counts = line.trim_start().strip_prefix("Tests  ")?;
    let mut tests = Tests::default();
    for count in counts.split('|') {
        let mut words = count.split_whitespace();
        let number = words.next()?.parse::<u64>().ok()?;
        match words.next()? {
            "passed" => tests.passed = number,
            "failed" => tests.failed = number,
            _ => tests.skipped += number,
        }
    }
    Some(tests)
}

/// Builds what the window loads, unless neither what it is made of nor what was made has changed since.
pub(crate) fn build(node: &Node) -> Result<(), String> {
    let (built, stamp) = (folder().join(BUILT), folder().join("node_modules/.cache/lake-steward/dist"));
    let made_of = Stamp::of(&folder(), is_input)?;
    if Stamp::of(&built, |_| true).is_ok_and(|built| made_of.with(built).is_kept_in(&stamp)) {
        return Ok(());
    }
    node.npm(&["run", "--silent", "build"])?.limit(Limit::minutes(5)).shown()?;
    made_of.with(Stamp::of(&built, |_| true)?).keep_in(&stamp)
}

/// Whether the build may read a file of `ui`, by its path there.
fn is_input(path: &Path) -> bool {
    let top = path.components().next().map(|first| first.as_os_str());
    let passed_over = ["node_modules", BUILT, "dist-gallery", "scripts"];
    let is_test = path.to_str().is_some_and(|path| path.ends_with(".test.ts"));
    !is_test && !passed_over.iter().any(|name| top == Some(name.as_ref()))
}

/// Known weaknesses of its packages; the registry tells them, so nobody's work hangs on it.
pub(crate) fn advisories(node: &Node) -> Verdict {
    let asked = node
        .npm(&["audit", "--json", "--fetch-retries=1"])
        .and_then(|run| run.limit(Limit::minutes(2)).answer());
    let out_of_reach = |reason| Verdict::OutOfReach(format!("the registry tells no advisories: {reason}"));
    match asked {
        Err(reason) => out_of_reach(reason),
        Ok(answer) => match weak(&answer) {
            Err(reason) => out_of_reach(reason),
            Ok(weak) if weak.is_empty() => Verdict::Passed,
            Ok(weak) => Verdict::Failed(format!("known weaknesses: {}", weak.join(", "))),
        },
    }
}

/// The packages with a known weakness, each with how bad it is; an error where there was no answer.
fn weak(answer: &str) -> Result<Vec<String>, String> {
    let answer: Value = serde_json::from_str(answer).map_err(|error| format!("no JSON: {error}"))?;
    let Some(found) = answer.get("vulnerabilities").and_then(Value::as_object) else {
        let reason = answer.get("message").or_else(|| answer.pointer("/error/summary"));
        return Err(reason.and_then(Value::as_str).unwrap_or("npm does not say why").to_owned());
    };
    let severity = |weakness: &Value| weakness.get("severity").and_then(Value::as_str).map(str::to_owned);
    Ok(found
        .iter()
        .map(|(name, weakness)| format!("{name} ({})", severity(weakness).unwrap_or_default()))
        .collect())
}

fn folder() -> PathBuf {
    workspace::root().join("ui")
}

/// The part of npm's lock files that says what belongs into `node_modules`.
#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    integrity: Option<String>,
    /// Brought only where system and processor fit.
    #[serde(default)]
    optional: bool,
}

impl Lock {
    fn has_all_of(&self, lock: &Self) -> bool {
        lock.packages.iter().filter(|(path, _)| !path.is_empty()).all(|(path, wanted)| {
            match self.packages.get(path) {
                Some(installed) => installed.integrity == wanted.integrity,
                None => wanted.optional,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vitests_counts_are_read() {
        let counted = Tests { passed: 119, failed: 1, skipped: 3 };
        assert_eq!(
            summary("      Tests  1 failed | 119 passed | 2 skipped | 1 todo (123)"),
            Some(counted),
            "all kinds"
        );
        let counted = Tests { passed: 3, ..Tests::default() };
        assert_eq!(summary("      Tests  3 passed (3)"), Some(counted), "the usual line");
        assert_eq!(summary(" Test Files  12 passed (12)"), None, "files are no tests");
    }

    #[test]
    fn only_what_reaches_the_window_is_an_input() {
        for path in ["src/main.ts", "index.html", "package-lock.json", "vite.config.ts"] {
            assert!(is_input(Path::new(path)), "{path} changes the window");
        }
        for path in ["dist/index.html", "node_modules/a/b.js", "src/words/days.test.ts", "scripts/shots.mjs"]
        {
            assert!(!is_input(Path::new(path)), "{path} does not");
        }
    }

    #[test]
    fn packages_are_there_only_when_each_is_the_locked_one() {
        let lock = |text: &str| -> Lock { serde_json::from_str(text).unwrap() };
        let wanted = lock(
            r#"{"packages":{"":{},"node_modules/a":{"integrity":"1"},"node_modules/other-system":{"integrity":"2","optional":true}}}"#,
        );
        let whole = lock(r#"{"packages":{"node_modules/a":{"integrity":"1"}}}"#);
        assert!(whole.has_all_of(&wanted), "what is for other systems need not be there");
        let old = lock(r#"{"packages":{"node_modules/a":{"integrity":"0"}}}"#);
        assert!(!old.has_all_of(&wanted), "another version is not the locked one");
        assert!(!lock(r#"{"packages":{}}"#).has_all_of(&wanted), "a package is missing");
    }

    #[test]
    fn no_answer_is_told_from_weaknesses() {
        let weakness = r#"{"auditReportVersion":2,"vulnerabilities":{"a":{"severity":"high"}}}"#;
        assert_eq!(weak(weakness), Ok(vec!["a (high)".to_owned()]), "named, with how bad it is");
        assert_eq!(weak(r#"{"auditReportVersion":2,"vulnerabilities":{}}"#), Ok(vec![]), "none known");
        let silent = r#"{"message":"request failed","error":{"code":"ENOTFOUND"}}"#;
        assert_eq!(weak(silent), Err("request failed".to_owned()), "the reason is kept");
        assert!(weak("").is_err(), "silence is no all-clear");
    }
}
