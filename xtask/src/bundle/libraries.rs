//! What a package must depend on, read from the program: the bundler itself names only some libraries and no version, so that
//! a package would install where its program does not start.

use std::fs;
use std::path::Path;

use super::NAME;
use crate::process::{Limit, Run};
use crate::workspace;

/// The Debian packages of the libraries that a program is linked with, and the oldest versions that do.
pub(super) fn of_debian(program: &Path) -> Result<Vec<String>, String> {
    let folder = workspace::target_folder()?.join("bundle");
    let debian = folder.join("debian");
    // All that dpkg-shlibdeps reads of a source package.
    fs::create_dir_all(&debian)
        .and_then(|()| {
            let control = format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n");
            fs::write(debian.join("control"), control)
        })
        .map_err(|error| format!("{}: {error}", debian.display()))?;
    let words = ["-O".as_ref(), "-e".as_ref(), program.as_os_str()];
    let said =
        Run::new("dpkg-shlibdeps").arguments(words).folder(&folder).limit(Limit::minutes(2)).output()?;
    let list = said.trim().strip_prefix("shlibs:Depends=");
    let list = list.ok_or_else(|| format!("dpkg-shlibdeps says {said:?}, which is no list of libraries"))?;
    Ok(list.split(", ").map(str::to_owned).collect())
}

/// The libraries themselves, as RPM names what any distribution's packages provide, and the oldest C library that does.
pub(super) fn of_rpm(program: &Path) -> Result<Vec<String>, String> {
    let run = Run::new("objdump").arguments(["--private-headers".as_ref(), program.as_os_str()]);
    let said = run.environment("LC_ALL", "C").limit(Limit::minutes(1)).output()?;
    let needed = in_headers(&said);
    if needed.is_empty() { Err(format!("{} is linked with nothing", program.display())) } else { Ok(needed) }
}

fn in_headers(said: &str) -> Vec<String> {
    let named = |line: &str| Some(format!("{}()(64bit)", line.trim().strip_prefix("NEEDED")?.trim()));
    let mut needed: Vec<_> = said.lines().filter_map(named).collect();
    let versions = said.lines().filter_map(|line| line.split_whitespace().last()?.strip_prefix("GLIBC_"));
    let numbers = |version: &str| -> Option<(u32, u32)> {
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    };
    if let Some((major, minor)) = versions.filter_map(numbers).max() {
        needed.push(format!("libc.so.6(GLIBC_{major}.{minor})(64bit)"));
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_the_newest_symbols_of_the_c_library_are_needed() {
        let said = "Dynamic Section:\n  NEEDED               libgtk-3.so.0\n  NEEDED               libc.so.6\n\
                    Version References:\n  required from libc.so.6:\n    0x06969194 0x00 05 GLIBC_2.14\n\
                    \x20   0x069691b4 0x00 04 GLIBC_2.34\n    0x09691a75 0x00 03 GLIBC_2.2.5\n";
        assert_eq!(
            in_headers(said),
            ["libgtk-3.so.0()(64bit)", "libc.so.6()(64bit)", "libc.so.6(GLIBC_2.34)(64bit)"],
            "compared as numbers"
        );
        assert!(in_headers("").is_empty(), "no program");
    }
}
