//! What is generated and checked in must be of the version that its generator names.

use std::path::Path;

use super::Violation;

const GENERATOR: &str = "xtask/src/dictionary.rs";
const NOTICE: &str = "crates/er7/src/dictionary/NOTICE";

/// Compares the dictionary's notice with the package version that its generator would fetch.
pub(super) fn check(root: &Path) -> Vec<Violation> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    stale(&read(GENERATOR), &read(NOTICE)).into_iter().collect()
}

fn stale(generator: &str, notice: &str) -> Option<Violation> {
    let named =
        generator.lines().find_map(|line| line.split_once("PACKAGE_VERSION: &str = \"")?.1.split('"').next());
    let Some(version) = named else {
        return Some(Violation::new(
            GENERATOR,
            0,
            "names no PACKAGE_VERSION; tidy compares it with the dictionary",
        ));
    };
    let made_from = notice.lines().next().unwrap_or_default();
    let fresh = made_from.split_whitespace().any(|word| word == version);
    let what =
        format!("not made from version {version}; run `cargo xtask dictionary` and check in what it writes");
    (!fresh).then(|| Violation::new(NOTICE, 1, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_of_another_version_is_found() {
        let generator = "const PACKAGE_VERSION: &str = \"1.8.0\";\n";
        assert_eq!(stale(generator, "made from the package x 1.8.0\n"), None, "the same version is fresh");
        assert!(stale(generator, "made from the package x 1.7.0\n").is_some(), "another is stale");
        assert!(stale(generator, "").is_some(), "and so is none");
        assert!(stale("", "made from x 1.8.0").is_some(), "a generator without a version checks nothing");
    }
}
