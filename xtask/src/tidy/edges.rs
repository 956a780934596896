//! Which crate may depend on which: the directions of ARCHITECTURE.md, as a table.

use std::fs;
use std::path::Path;

use super::Violation;
use crate::workspace::{Dependency, Metadata, Package};

/// The words that every crate above them may speak.
const WORDS: &[&str] = &["er7", "lake"];

/// One crate and the crates of ours that it may use beside the words.
struct Row {
    name: &'static str,
    may_use: &'static [&'static str],
}

/// A crate that has no row is refused, so that whoever adds one decides where it belongs.
const TABLE: &[Row] = &[
    Row { name: "front-door", may_use: &[] },
    Row { name: "lake-core", may_use: &[] },
    Row { name: "staging-er7", may_use: &[] },
    Row { name: "lake-aws", may_use: &[] },
    Row { name: "deploy", may_use: &[] },
    Row { name: "lambdas", may_use: &["front-door", "lake-core", "staging-er7", "lake-aws"] },
    Row { name: "local-lake", may_use: &["front-door", "lake-core", "staging-er7"] },
    Row { name: "desk", may_use: &["lake-aws"] },
    Row { name: "steward", may_use: &["desk", "local-lake", "deploy"] },
    Row { name: "lake-steward", may_use: &["desk", "local-lake"] },
    Row {
        name: "lake-tests",
        may_use: &[
            "front-door",
            "lake-core",
            "staging-er7",
            "lake-aws",
            "deploy",
            "local-lake",
            "desk",
            "steward",
        ],
    },
    Row { name: "xtask", may_use: &[] },
];

/// Crates that may be used as a test of any crate: the public contract suites.
const SUITES: &str = "lake-tests";

/// Libraries that live in few crates only, and why.
struct Confined {
    what: &'static str,
    is_one: fn(&str) -> bool,
    to: &'static [&'static str],
    why: &'static str,
}

const CONFINED: &[Confined] = &[
    Confined {
        what: "an AWS SDK",
        is_one: |name| {
            name.starts_with("aws-sdk-") || ["aws-config", "aws-smithy-http-client"].contains(&name)
        },
        to: &["lake-aws", "deploy", SUITES],
        why: "everybody else speaks to the lake's ports",
    },
    Confined {
        what: "SQLite",
        is_one: |name| ["rusqlite", "libsqlite3-sys", "sqlx", "dynoxide-rs"].contains(&name),
        to: &["local-lake", "desk", SUITES],
        why: "no service knows what keeps its records",
    },
    Confined {
        what: "Tauri",
        is_one: |name| name == "tauri" || name.starts_with("tauri-") || name.starts_with("specta"),
        to: &["lake-steward"],
        why: "the desktop's work is tested without a window",
    },
    Confined {
        what: "a Lambda runtime",
        is_one: |name| name.starts_with("lambda_") || name == "aws_lambda_events",
        to: &["lambdas"],
        why: "a service does not know where it runs",
    },
    Confined {
        what: "a run time or the network",
        is_one: |name| ["tokio", "axum", "hyper", "reqwest", "async-std", "smol", "rand"].contains(&name),
        to: &[
            "front-door",
            "lake-core",
            "staging-er7",
            "lake-aws",
            "deploy",
            "lambdas",
            "local-lake",
            "desk",
            "steward",
            "lake-steward",
            SUITES,
        ],
        why: "`er7` and `lake` are pure: clock, randomness and files are passed in",
    },
];

/// Checks every dependency of every member.
pub(crate) fn check(metadata: &Metadata, root: &Path) -> Vec<Violation> {
    let ours: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut violations = Vec::new();
    for package in &metadata.packages {
        let manifest = package.manifest_path.strip_prefix(root).unwrap_or(&package.manifest_path);
        let text = fs::read_to_string(&package.manifest_path).unwrap_or_default();
        if !text.contains("[lints]\nworkspace = true") {
            violations.push(Violation::new(
                manifest,
                0,
                "takes no lints; add `[lints]` with `workspace = true`",
            ));
        }
        if may_use(&package.name).is_none() {
            let what =
                format!("{} has no row in xtask/src/tidy/edges.rs; decide what it may use", package.name);
            violations.push(Violation::new(manifest, 0, what));
            continue;
        }
        for dependency in &package.dependencies {
            if let Some(what) = refused(package, dependency, &ours) {
                violations.push(Violation::new(manifest, line_of(&text, &dependency.name), what));
            }
        }
    }
    violations
}

/// What a crate may use, words and all; nothing where the crate is in no row.
fn may_use(name: &str) -> Option<Vec<&'static str>> {
    match name {
        "er7" => Some(Vec::new()),
        "lake" => Some(vec!["er7"]),
        "xtask" => Some(Vec::new()),
        _ => {
            let row = TABLE.iter().find(|row| row.name == name)?;
            Some(row.may_use.iter().chain(WORDS).copied().collect())
        }
    }
}

fn refused(package: &Package, dependency: &Dependency, ours: &[&str]) -> Option<String> {
    let Package { name, .. } = package;
    let used = dependency.name.as_str();
    let for_tests = dependency.kind.as_deref() == Some("dev");
    if ours.contains(&used) {
        let allowed = may_use(name).unwrap_or_default();
        if allowed.contains(&used) || used == name || (for_tests && used == SUITES) {
            return None;
        }
        let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
        return Some(format!(
            "{name} must not use {used} (it may use {allowed}); move what is needed, or pass it in"
        ));
    }
    // A pure crate may test itself on a run time; what it ships may not know one.
    let confined = CONFINED.iter().filter(|confined| !(for_tests && confined.to.len() > 5));
    let broken = confined
        .into_iter()
        .find(|confined| (confined.is_one)(used) && !confined.to.contains(&name.as_str()))?;
    let Confined { what, to, why, .. } = broken;
    Some(format!("{used}: {what} belongs in {} only ({why})", to.join(", ")))
}

/// The line that names a dependency, or 0.
fn line_of(manifest: &str, name: &str) -> usize {
    let names = |line: &str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']))
            || line.contains(&format!("package = \"{name}\""))
    };
    manifest.lines().position(names).map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, used: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: used.into(), kind: kind.map(Into::into) };
        Package {
            name: name.into(),
            manifest_path: "".into(),
            dependencies: vec![dependency],
            targets: Vec::new(),
        }
    }

    fn verdict(name: &str, used: &str, kind: Option<&str>) -> Option<String> {
        let package = package(name, used, kind);
        let ours: Vec<&str> = TABLE.iter().map(|row| row.name).chain(WORDS.iter().copied()).collect();
        refused(&package, &package.dependencies[0], &ours)
    }

    #[test]
    fn edges_against_the_direction_are_refused() {
        let forbidden = [
            ("er7", "lake"),
            ("lake", "front-door"),
            ("front-door", "lake-core"),
            ("staging-er7", "lake-aws"),
            ("desk", "local-lake"),
            ("local-lake", "lake-aws"),
            ("steward", "front-door"),
            ("xtask", "er7"),
        ];
        for (from, to) in forbidden {
            assert!(verdict(from, to, None).is_some(), "{from} -> {to} is against the direction");
            assert!(verdict(from, to, Some("dev")).is_some(), "{from} -> {to} is so for tests too");
        }
    }

    #[test]
    fn edges_of_the_design_are_allowed() {
        let allowed = [
            ("lake", "er7"),
            ("front-door", "lake"),
            ("local-lake", "staging-er7"),
            ("desk", "lake-aws"),
            ("steward", "desk"),
            ("steward", "local-lake"),
            ("lake-steward", "local-lake"),
            ("lambdas", "lake-aws"),
        ];
        for (from, to) in allowed {
            assert_eq!(verdict(from, to, None), None, "{from} -> {to} is in the table");
        }
        assert_eq!(verdict("local-lake", SUITES, Some("dev")), None, "adapters run the contract suites");
        assert!(verdict("local-lake", SUITES, None).is_some(), "but do not ship them");
    }

    #[test]
    fn confined_libraries_stay_where_they_belong() {
        for (name, used) in [
            ("desk", "aws-sdk-s3"),
            ("front-door", "rusqlite"),
            ("lake-core", "dynoxide-rs"),
            ("desk", "tauri"),
            ("front-door", "lambda_http"),
            ("er7", "tokio"),
            ("lake", "reqwest"),
            ("steward", "aws-config"),
        ] {
            let refusal = verdict(name, used, None).unwrap_or_default();
            assert!(
                refusal.contains("belongs in"),
                "{used} in {name} is refused and says where it belongs: {refusal}"
            );
        }
        for (name, used) in
            [("lake-aws", "aws-sdk-s3"), ("local-lake", "rusqlite"), ("lake-steward", "tauri")]
        {
            assert_eq!(verdict(name, used, None), None, "{used} belongs in {name}");
        }
        assert_eq!(verdict("lake", "tokio", Some("dev")), None, "a pure crate may test itself on a run time");
        assert!(verdict("desk", "aws-sdk-s3", Some("dev")).is_some(), "an SDK in a test is an SDK");
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let packages = vec![package("newcomer", "er7", None)];
        let metadata = Metadata { packages, target_directory: "".into() };
        let found = check(&metadata, Path::new("/"));
        assert!(found.iter().any(|violation| violation.what.contains("no row")), "got: {found:?}");
    }

    #[test]
    fn the_line_of_a_dependency_is_found() {
        let manifest = "[dependencies]\nlake-aws.workspace = true\nlake = { path = \"../lake\" }\n";
        assert_eq!(line_of(manifest, "lake"), 3, "a longer name is another one");
    }
}
