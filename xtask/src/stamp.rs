//! Whether files changed: one number over their names and contents, kept from one run to the next.
//!
//! Times would not do: a file that was taken away leaves none, and a fresh checkout is newer than anything.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// The state of some files. Another compiler may count otherwise; then things are made once more, no harm done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The stamp of the files under a folder whose paths, relative to it, are `wanted`; so are the folders on the way.
    pub(crate) fn of(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Self, String> {
        let mut hasher = DefaultHasher::new();
        for path in files(folder, &wanted)? {
            path.hash(&mut hasher);
            let path = folder.join(path);
            fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?.hash(&mut hasher);
        }
        Ok(Self(hasher.finish()))
    }

    /// Both in one.
    pub(crate) fn with(self, other: Self) -> Self {
        let mut hasher = DefaultHasher::new();
        (self.0, other.0).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Whether this one was kept there.
    pub(crate) fn is_kept_in(self, file: &Path) -> bool {
        fs::read_to_string(file).is_ok_and(|kept| kept == self.0.to_string())
    }

    /// Keeps it for the next run.
    pub(crate) fn keep_in(self, file: &Path) -> Result<(), String> {
        let made = file.parent().map_or(Ok(()), fs::create_dir_all);
        let kept = made.and_then(|()| fs::write(file, self.0.to_string()));
        kept.map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// Relative paths, in order.
fn files(folder: &Path, wanted: &impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let failed = |error| format!("{}: {error}", folder.join(&inner).display());
        for entry in fs::read_dir(folder.join(&inner)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = inner.join(entry.file_name());
            let kind = entry.file_type().map_err(failed)?;
            if !wanted(&path) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_names_contents_and_files_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let stamp = || Stamp::of(dir.path(), |path| !path.starts_with("passed-over")).unwrap();
        fs::create_dir_all(dir.path().join("inner")).unwrap();
        fs::write(dir.path().join("inner/a"), "1").unwrap();
        let first = stamp();
        assert_eq!(first, stamp(), "nothing changed");
        fs::write(dir.path().join("inner/a"), "2").unwrap();
        let changed = stamp();
        assert_ne!(first, changed, "another content");
        fs::rename(dir.path().join("inner/a"), dir.path().join("inner/b")).unwrap();
        assert_ne!(changed, stamp(), "another name");
        fs::remove_file(dir.path().join("inner/b")).unwrap();
        let empty = stamp();
        assert_ne!(first, empty, "a file was taken away");
        fs::create_dir_all(dir.path().join("passed-over")).unwrap();
        fs::write(dir.path().join("passed-over/c"), "3").unwrap();
        assert_eq!(empty, stamp(), "what is not wanted does not count");
    }

    #[test]
    fn a_stamp_is_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("inner/stamp");
        let (one, other) = (Stamp(1), Stamp(2));
        assert!(!one.is_kept_in(&file), "not kept yet");
        one.keep_in(&file).unwrap();
        assert!(one.is_kept_in(&file), "kept");
        assert!(!other.is_kept_in(&file), "another one is not");
        assert_ne!(one.with(other), other.with(one), "two are not taken for each other");
    }
}
