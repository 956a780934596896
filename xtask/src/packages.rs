//! System packages: what is needed, what of it is missing, and bringing that by apt.

use crate::process::{Limit, Run};

/// Something of the system that is needed, and the Debian package that brings it.
pub(crate) struct Needed {
    sign: Sign,
    package: &'static str,
}

/// How it shows that it is there.
#[derive(Clone, Copy)]
enum Sign {
    /// A program on the path; not every one answers to `--version`.
    Program(&'static str),
    /// A library that `pkg-config` knows.
    Library(&'static str),
    /// A module that `python3` can load.
    Python(&'static str),
    /// Nothing but the package itself.
    Package,
}

/// rustc links with `cc`; the cryptography and SQLite are compiled by it.
pub(crate) const COMPILER: &[Needed] =
    &[program("cc", "build-essential"), program("pkg-config", "pkg-config")];

/// The libraries that the window is linked with.
pub(crate) const WINDOW: &[Needed] = &[
    library("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"),
    library("gtk+-3.0", "libgtk-3-dev"),
    library("dbus-1", "libdbus-1-dev"),
];

/// What downloads a Node where there is none.
pub(crate) const DOWNLOAD: &[Needed] =
    &[program("curl", "curl"), Needed { sign: Sign::Package, package: "ca-certificates" }];

/// What only the tests use: a screen, a window manager, the web view's driver, fonts, a keyring of their own on a message
/// bus of their own, and Python clients.
pub(crate) const TESTS: &[Needed] = &[
    program("curl", "curl"),
    Needed { sign: Sign::Python("ensurepip"), package: "python3-venv" },
    program("dbus-run-session", "dbus"),
    program("gnome-keyring-daemon", "gnome-keyring"),
    program("Xvfb", "xvfb"),
    program("xauth", "xauth"),
    program("openbox", "openbox"),
    program("WebKitWebDriver", "webkit2gtk-driver"),
    program("xdotool", "xdotool"),
    program("import", "imagemagick"),
    Needed { sign: Sign::Package, package: "fonts-dejavu-core" },
];

/// What reads packages and desktop entries, to prove that those we make install and start.
pub(crate) const BUNDLES: &[Needed] = &[
    program("dpkg-shlibdeps", "dpkg-dev"),
    program("desktop-file-validate", "desktop-file-utils"),
    program("appstreamcli", "appstream"),
    program("gio", "libglib2.0-bin"),
    program("update-mime-database", "shared-mime-info"),
    program("objdump", "binutils"),
    program("rpm", "rpm"),
    program("cpio", "cpio"),
];

const fn program(program: &'static str, package: &'static str) -> Needed {
    Needed { sign: Sign::Program(program), package }
}

const fn library(library: &'static str, package: &'static str) -> Needed {
    Needed { sign: Sign::Library(library), package }
}

impl Needed {
    fn is_there(&self) -> bool {
        let quick = |run: Run| run.limit(Limit::seconds(30)).succeeds();
        match self.sign {
            Sign::Program(program) => {
                quick(Run::new("sh").arguments(["-c", "command -v \"$0\" >/dev/null", program]))
            }
            Sign::Library(library) => quick(Run::new("pkg-config").arguments(["--exists", library])),
            Sign::Python(module) => quick(Run::new("python3").arguments(["-c", &format!("import {module}")])),
            // A removed package is still known by the files that it left.
            Sign::Package => Run::new("dpkg-query")
                .arguments(["--show", "--showformat=${db:Status-Status}", self.package])
                .limit(Limit::seconds(30))
                .quiet()
                .is_ok_and(|said| said.trim() == "installed"),
        }
    }
}

/// What to do about missing things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Bring them: packages by apt, by sudo when not root.
    Install,
    /// Only say which.
    List,
}

/// Brings the packages of what is not there, or says which they are.
///
/// Elsewhere than on Linux the system has what a window needs, and rustup asks for the compiler.
pub(crate) fn bring(groups: &[&[Needed]], missing: Missing) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let absent = absent(groups, Needed::is_there);
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

fn absent(groups: &[&[Needed]], is_there: impl Fn(&Needed) -> bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    for needed in groups.iter().copied().flatten() {
        if !packages.contains(&needed.package) && !is_there(needed) {
            packages.push(needed.package);
        }
    }
    packages
}

fn install(packages: &[&str]) -> Result<(), String> {
    let by_hand = |error| {
        let list = packages.join(" ");
        format!("{error}; bring what Debian 12 calls {list} by your system's means, then go on")
    };
    apt(&["update"]).map_err(by_hand)?;
    let install = ["install", "-y", "--no-install-recommends"];
    apt(&[&install[..], packages].concat()).map_err(by_hand)
}

/// Runs apt-get as root, shown first.
pub(crate) fn apt(arguments: &[&str]) -> Result<(), String> {
    let words = [&["apt-get", "-o", "DPkg::Lock::Timeout=300"][..], arguments].concat();
    let words = if is_root() { words } else { [&["sudo"][..], &words[..]].concat() };
    eprintln!("        {}", words.join(" "));
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    Run::new(program)
        .arguments(arguments)
        .environment("DEBIAN_FRONTEND", "noninteractive")
        .limit(Limit::minutes(15))
        .shown()
}

fn is_root() -> bool {
    let asked = Run::new("id").arguments(["-u"]).limit(Limit::seconds(10)).output();
    asked.is_ok_and(|identity| identity.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_absent_things_are_named_once() {
        let one = [program("a", "first"), program("b", "first"), library("c", "second")];
        let other = [program("d", "third"), program("e", "first")];
        assert_eq!(
            absent(&[&one, &other], |needed| needed.package == "second"),
            ["first", "third"],
            "each missing package once, in the order of the groups"
        );
    }

    #[test]
    fn what_is_there_is_seen_and_what_is_not_is_missed() {
        assert!(program("sh", "dash").is_there(), "this test runs where there is a shell");
        assert!(!program("no-such-program-here", "x").is_there(), "and there is no such program");
        assert!(!library("no-such-library-here", "x").is_there(), "nor such a library");
        let package = Needed { sign: Sign::Package, package: "no-such-package-here" };
        assert!(!package.is_there(), "nor such a package");
    }
}
