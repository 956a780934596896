//! `cargo xtask run`: from a fresh checkout to a lake at work, stage by stage.

use crate::process::{Limit, Run};
use crate::workspace;

/// A program that is needed, and the Debian package that brings it.
pub(crate) struct Needed {
    program: &'static str,
    package: &'static str,
}

/// rustc links with `cc`; the cryptography and SQLite are compiled by it.
const NEEDED: &[Needed] = &[
    Needed { program: "cc", package: "build-essential" },
    Needed { program: "pkg-config", package: "pkg-config" },
];

/// What the tests need beside: a keyring of their own on a message bus of their own, and Python clients.
pub(crate) const NEEDED_BY_TESTS: &[Needed] = &[
    Needed { program: "cc", package: "build-essential" },
    Needed { program: "pkg-config", package: "pkg-config" },
    Needed { program: "curl", package: "curl" },
    Needed { program: "python3", package: "python3-venv" },
    Needed { program: "dbus-daemon", package: "dbus" },
    Needed { program: "gnome-keyring-daemon", package: "gnome-keyring" },
];

/// What to do about missing system packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Bring them by apt, by sudo when not root.
    Install,
    /// Only say which.
    List,
}

/// Brings what the build needs, builds the `steward` command and runs its demonstration in this terminal.
pub(crate) fn run(missing: Missing) -> Result<(), String> {
    eprintln!("1 of 3  system packages");
    packages(NEEDED, missing)?;
    eprintln!("2 of 3  build the `steward` command (some minutes when cold, seconds later)");
    build()?;
    eprintln!("3 of 3  steward demo: a whole lake on this computer, in this terminal");
    let program =
        workspace::target_folder()?.join("debug").join(format!("steward{}", std::env::consts::EXE_SUFFIX));
    Run::new(program).arguments(["demo"]).limit(Limit::minutes(5)).shown()
}

fn build() -> Result<(), String> {
    Run::new("cargo").arguments(["build", "--package", "steward"]).limit(Limit::minutes(30)).shown()
}

/// Brings the packages of programs that are not there, or says which they are.
pub(crate) fn packages(needed: &[Needed], missing: Missing) -> Result<(), String> {
    let absent = absent(needed, |program| {
        Run::new(program).arguments(["--version"]).limit(Limit::seconds(30)).succeeds()
    });
    if absent.is_empty() {
        eprintln!("        all there");
        return Ok(());
    }
    let list = absent.join(" ");
    eprintln!("        missing: {list}");
    match missing {
        Missing::List => Err(format!("install these first: apt-get install {list}")),
        Missing::Install => install(&absent),
    }
}

fn absent(needed: &[Needed], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        needed.iter().filter(|needed| !is_there(needed.program)).map(|needed| needed.package).collect();
    packages.dedup();
    packages
}

fn install(packages: &[&str]) -> Result<(), String> {
    let update = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"];
    let install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends"];
    for words in [update.to_vec(), [&install[..], packages].concat()] {
        let words = if is_root() { words } else { [&["sudo"][..], &words[..]].concat() };
        eprintln!("        {}", words.join(" "));
        let Some((program, arguments)) = words.split_first() else { continue };
        Run::new(program)
            .arguments(arguments)
            .environment("DEBIAN_FRONTEND", "noninteractive")
            .limit(Limit::minutes(15))
            .shown()
            .map_err(|error| format!("{error}; bring these packages yourself: {}", packages.join(" ")))?;
    }
    Ok(())
}

fn is_root() -> bool {
    let asked = Run::new("id").arguments(["-u"]).limit(Limit::seconds(10)).output();
    asked.is_ok_and(|identity| identity.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_absent_programs_are_named_once() {
        let needed = [
            Needed { program: "a", package: "first" },
            Needed { program: "b", package: "first" },
            Needed { program: "c", package: "second" },
            Needed { program: "d", package: "third" },
        ];
        assert_eq!(
            absent(&needed, |program| program == "c"),
            ["first", "third"],
            "each missing package once"
        );
    }
}
