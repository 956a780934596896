//! `cargo xtask run`: from a fresh checkout to a lake at work, stage by stage.

use std::path::PathBuf;

use crate::node::Node;
use crate::process::{Limit, Run};
use crate::{web, workspace};

/// Something of the system that is needed, and the Debian package that brings it.
pub(crate) struct Needed {
    sign: Sign,
    package: &'static str,
}

/// How it shows that it is there.
#[derive(Clone, Copy)]
enum Sign {
    /// A program that answers to `--version`.
    Program(&'static str),
    /// A program on the path, which need not answer to anything.
    Found(&'static str),
    /// A library that `pkg-config` knows.
    Library(&'static str),
    /// A package that brings no program.
    Installed,
}

impl Needed {
    const fn program(program: &'static str, package: &'static str) -> Self {
        Self { sign: Sign::Program(program), package }
    }

    const fn found(program: &'static str, package: &'static str) -> Self {
        Self { sign: Sign::Found(program), package }
    }

    const fn library(library: &'static str, package: &'static str) -> Self {
        Self { sign: Sign::Library(library), package }
    }

    fn is_there(&self) -> bool {
        let quick = |run: Run| run.limit(Limit::seconds(30)).succeeds();
        match self.sign {
            Sign::Program(program) => quick(Run::new(program).arguments(["--version"])),
            Sign::Found(program) => {
                quick(Run::new("sh").arguments(["-c", "command -v \"$0\" >/dev/null", program]))
            }
            Sign::Library(library) => quick(Run::new("pkg-config").arguments(["--exists", library])),
            Sign::Installed => quick(Run::new("dpkg").arguments(["--status", self.package])),
        }
    }
}

/// rustc links with `cc`; the cryptography and SQLite are compiled by it.
const NEEDED: &[Needed] =
    &[Needed::program("cc", "build-essential"), Needed::program("pkg-config", "pkg-config")];

/// What the window is built with beside, and what brings Node where there is none.
pub(crate) const NEEDED_BY_THE_WINDOW: &[Needed] = &[
    Needed::program("cc", "build-essential"),
    Needed::program("pkg-config", "pkg-config"),
    Needed::program("curl", "curl"),
    Needed::found("openssl", "openssl"),
    Needed::library("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"),
    Needed::library("gtk+-3.0", "libgtk-3-dev"),
    Needed::library("librsvg-2.0", "librsvg2-dev"),
    Needed::library("dbus-1", "libdbus-1-dev"),
];

/// What the tests need beside: a screen, a window manager, a keyring of their own on a message bus of their own, the web
/// view's driver, and Python clients.
pub(crate) const NEEDED_BY_TESTS: &[Needed] = &[
    Needed::program("python3", "python3-venv"),
    Needed::program("dbus-daemon", "dbus"),
    Needed::program("gnome-keyring-daemon", "gnome-keyring"),
    Needed::found("Xvfb", "xvfb"),
    Needed::found("xauth", "xauth"),
    Needed::found("WebKitWebDriver", "webkit2gtk-driver"),
    Needed::found("openbox", "openbox"),
    Needed::found("xdotool", "xdotool"),
    Needed::found("import", "imagemagick"),
    Needed { sign: Sign::Installed, package: "fonts-dejavu-core" },
];

/// What to do about missing system packages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Bring them by apt, by sudo when not root.
    Install,
    /// Only say which.
    List,
}

/// Brings what the build needs, builds the desktop and opens its window on the lake of this computer.
pub(crate) fn window(missing: Missing) -> Result<(), String> {
    eprintln!("1 of 5  system packages");
    packages(NEEDED_BY_THE_WINDOW, missing)?;
    eprintln!("2 of 5  Node and the web view's packages");
    let node = Node::find()?;
    web::packages(&node)?;
    eprintln!("3 of 5  build the web view");
    web::build(&node)?;
    eprintln!("4 of 5  build the desktop (about ten minutes when cold, seconds later)");
    build("lake-steward")?;
    eprintln!("5 of 5  the window");
    // Open as long as somebody works with it.
    Run::new(built("lake-steward")?).limit(Limit::minutes(60 * 24 * 30)).shown()
}

/// Brings what the build needs, builds the `steward` command and runs its demonstration in this terminal.
pub(crate) fn demo(missing: Missing) -> Result<(), String> {
    eprintln!("1 of 3  system packages");
    packages(NEEDED, missing)?;
    eprintln!("2 of 3  build the `steward` command (some minutes when cold, seconds later)");
    build("steward")?;
    eprintln!("3 of 3  steward demo: a whole lake on this computer, in this terminal");
    Run::new(built("steward")?).arguments(["demo"]).limit(Limit::minutes(5)).shown()
}

/// Whether there is a screen to open a window on.
pub(crate) fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn build(package: &str) -> Result<(), String> {
    Run::new("cargo").arguments(["build", "--package", package]).limit(Limit::minutes(40)).shown()
}

fn built(program: &str) -> Result<PathBuf, String> {
    let folder = workspace::target_folder()?.join("debug");
    Ok(folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
}

/// Brings the packages of what is not there, or says which they are.
pub(crate) fn packages(needed: &[Needed], missing: Missing) -> Result<(), String> {
    let absent = absent(needed, Needed::is_there);
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

fn absent(needed: &[Needed], is_there: impl Fn(&Needed) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        needed.iter().filter(|needed| !is_there(needed)).map(|needed| needed.package).collect();
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
            Needed::program("a", "first"),
            Needed::program("b", "first"),
            Needed::library("c", "second"),
            Needed::found("d", "third"),
        ];
        assert_eq!(
            absent(&needed, |needed| needed.package == "second"),
            ["first", "third"],
            "each missing package once"
        );
    }
}
