//! The window's web view: its packages, checks, tests and build, all by npm in `ui`.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::node::Node;
use crate::process::Limit;
use crate::workspace;

/// Brings the packages of the lock file, unless they are there.
pub(crate) fn packages(node: &Node) -> Result<(), String> {
    let ui = workspace::root().join("ui");
    let lock = ui.join("package-lock.json");
    // npm writes this one when an installation is whole.
    let installed = ui.join("node_modules/.package-lock.json");
    if is_newer(&installed, &[lock]) {
        return Ok(());
    }
    node.npm(&["ci", "--no-audit", "--no-fund", "--loglevel", "error"])?.limit(Limit::minutes(10)).shown()
}

/// Types and formatting.
pub(crate) fn check(node: &Node) -> Result<(), String> {
    node.npm(&["run", "--silent", "check"])?.limit(Limit::minutes(5)).shown()?;
    let lint = node.npm(&["run", "--silent", "lint"])?.limit(Limit::minutes(5)).shown();
    lint.map_err(|error| format!("{error}; `npm --prefix ui run format` puts it right"))
}

/// Component tests, and the words that stand on screen.
pub(crate) fn test(node: &Node) -> Result<(), String> {
    node.npm(&["test", "--silent"])?.limit(Limit::minutes(10)).shown()
}

/// Builds what the window loads into `ui/dist`, unless nothing has changed since.
pub(crate) fn build(node: &Node) -> Result<(), String> {
    let ui = workspace::root().join("ui");
    let mut inputs = Vec::new();
    for name in
        ["src", "index.html", "package-lock.json", "vite.config.ts", "svelte.config.js", "tsconfig.json"]
    {
        files(&ui.join(name), &mut inputs).map_err(|error| format!("ui/{name}: {error}"))?;
    }
    if is_newer(&ui.join("dist/index.html"), &inputs) {
        return Ok(());
    }
    node.npm(&["run", "--silent", "build"])?.limit(Limit::minutes(5)).shown()
}

/// Known weaknesses of its packages, where the registry tells.
pub(crate) fn audit(node: &Node) -> Result<(), String> {
    node.npm(&["audit", "--omit", "dev", "--audit-level", "high"])?.limit(Limit::minutes(2)).shown()
}

fn is_newer(made: &Path, inputs: &[PathBuf]) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|facts| facts.modified()).ok();
    let Some(made) = time(made) else { return false };
    inputs.iter().all(|input| time(input).is_some_and(|input| input <= made))
}

fn files(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        files(&entry?.path(), found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_an_input_or_absent_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let (input, made) = (dir.path().join("input"), dir.path().join("made"));
        fs::write(&input, "1").unwrap();
        assert!(!is_newer(&made, std::slice::from_ref(&input)), "not there yet");
        fs::write(&made, "1").unwrap();
        assert!(is_newer(&made, std::slice::from_ref(&input)), "made after its input");
        assert!(!is_newer(&made, &[input, dir.path().join("gone")]), "an input is missing");
    }
}
