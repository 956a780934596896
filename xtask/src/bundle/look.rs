//! What must be in the packages, read by the tools of those who install them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Bundles, NAME};
use crate::process::{Limit, Run};
use crate::workspace;

/// What a package brings, beside folders and icons of more sizes.
const FILES: &[&str] = &[
    "/usr/bin/lake-steward",
    "/usr/share/applications/lake-steward.desktop",
    "/usr/share/icons/hicolor/32x32/apps/lake-steward.png",
    "/usr/share/icons/hicolor/128x128/apps/lake-steward.png",
    "/usr/share/icons/hicolor/512x512/apps/lake-steward.png",
    "/usr/share/mime/packages/lake-steward.xml",
    "/usr/share/metainfo/io.github.lake-steward.metainfo.xml",
    "/usr/share/doc/lake-steward/copyright",
    "/usr/share/doc/lake-steward/third-party-notices",
];

/// Looks into both packages; the first thing that is wrong is an error.
pub(super) fn into(bundles: &Bundles) -> Result<(), String> {
    let Bundles { deb, rpm } = bundles;
    let about = ask("dpkg-deb", &["--info"], deb)?;
    eprintln!("{about}");
    for (field, value) in [("Package", NAME), ("Version", env!("CARGO_PKG_VERSION"))] {
        if !about.lines().any(|line| line.trim() == format!("{field}: {value}")) {
            return Err(format!("{}: {field} is not {value}", deb.display()));
        }
    }
    for library in ["libwebkit2gtk-4.1-0", "libgtk-3-0", "libc6 (>="] {
        if !about.lines().any(|line| line.trim().starts_with("Depends: ") && line.contains(library)) {
            return Err(format!("{}: does not depend on {library}", deb.display()));
        }
    }
    lacks_nothing(deb, &paths_in_deb(&ask("dpkg-deb", &["--contents"], deb)?))?;
    lacks_nothing(rpm, &ask("rpm", &["--query", "--list", "--package"], rpm)?)?;
    ask("rpm", &["--checksig", "--nosignature"], rpm)?;
    let requires = ask("rpm", &["--query", "--requires", "--package"], rpm)?;
    for package in ["libwebkit2gtk-4.1.so.0()(64bit)", "libgtk-3.so.0()(64bit)"] {
        if !requires.lines().any(|line| line.trim() == package) {
            return Err(format!("{}: does not require {package}", rpm.display()));
        }
    }
    let contents = unpack(deb, "deb-contents", &["dpkg-deb --extract \"$0\" ."])?;
    validate("desktop-file-validate", &[], &contents.join("usr/share/applications/lake-steward.desktop"))?;
    let told = contents.join("usr/share/metainfo/io.github.lake-steward.metainfo.xml");
    validate("appstreamcli", &["validate", "--no-net"], &told)?;
    for package in [deb, rpm] {
        let bytes = fs::metadata(package).map_err(|error| format!("{}: {error}", package.display()))?.len();
        eprintln!("        {:.1} MB  {}", bytes as f64 / 1e6, package.display());
    }
    Ok(())
}

/// Unpacks a package into a new folder under `target`, by a shell's words with the package as `$0`.
pub(super) fn unpack(package: &Path, name: &str, words: &[&str]) -> Result<PathBuf, String> {
    let folder = workspace::target_folder()?.join("bundle").join(name);
    let failed = |error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let run = Run::new("sh").arguments(["-ec"]).arguments(words).arguments([package]);
    run.folder(&folder).limit(Limit::minutes(2)).shown()?;
    Ok(folder)
}

fn ask(program: &str, words: &[&str], package: &Path) -> Result<String, String> {
    Run::new(program).arguments(words).arguments([package]).limit(Limit::minutes(1)).output()
}

fn validate(program: &str, words: &[&str], file: &Path) -> Result<(), String> {
    let run = Run::new(program).arguments(words).arguments([file]).limit(Limit::minutes(1));
    run.shown().map_err(|error| format!("{error}: {}", file.display()))
}

fn lacks_nothing(package: &Path, paths: &str) -> Result<(), String> {
    let lacking: Vec<_> = FILES.iter().filter(|file| !paths.lines().any(|path| path == **file)).collect();
    if lacking.is_empty() { Ok(()) } else { Err(format!("{}: lacks {lacking:?}", package.display())) }
}

/// The paths in what `dpkg-deb --contents` says, one a line: rights, owner, size, day, time, path.
fn paths_in_deb(said: &str) -> String {
    let path = |line: &str| {
        let path = line.split_whitespace().nth(5)?;
        Some(format!("/{}", path.trim_start_matches("./")))
    };
    said.lines().filter_map(path).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_package_are_read() {
        let said = "drwxr-xr-x 0/0 0 2026-01-01 00:00 usr/\n\
                    -rwxr-xr-x 0/0 25000000 2026-01-01 00:00 ./usr/bin/lake-steward\n";
        assert_eq!(paths_in_deb(said), "/usr/\n/usr/bin/lake-steward", "as they will lie");
    }

    #[test]
    fn what_is_lacking_is_named() {
        let all = FILES.join("\n");
        assert_eq!(lacks_nothing(Path::new("a.deb"), &all), Ok(()), "all there");
        let error = lacks_nothing(Path::new("a.deb"), "/usr/bin/lake-steward").unwrap_err();
        assert!(error.contains("a.deb") && error.contains("copyright"), "which package lacks what: {error}");
    }
}
