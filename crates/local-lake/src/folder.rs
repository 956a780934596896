//! The data folder of a local lake: private, held by one process, of a known version.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The layout that this software reads and writes.
const LAYOUT: u32 = 1;
/// Holds the layout of the folder, as a number.
const LAYOUT_FILE: &str = "layout";
/// Locked by the process that holds the folder.
const LOCK_FILE: &str = "lake.lock";

/// A data folder, locked until dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    lock: File,
}

/// What opening a data folder came to.
#[derive(Debug)]
pub enum Opened {
    /// This process holds it now.
    Ours(DataFolder),
    /// Another process holds it, and answers at these ports.
    Running(Announcement),
}

/// What the process that holds a folder writes there for others to join it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its process id.
    pub pid: u32,
    /// The front door's URL, `http://localhost:N`.
    pub lake: String,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderProblem {
    /// It cannot be made or written.
    #[error(
        "the data folder {path} cannot be used: {error}. Choose another with --data, or mend its permissions"
    )]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// It belongs to a later version of this software.
    #[error(
        "the data folder {path} was written by a later version (layout {found}; this one knows {LAYOUT}). \
         Start the later version, or choose another folder with --data"
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// It holds other things and no layout, or something that is no layout number stands in its version file.
    #[error(
        "{path} is not a lake's data folder: it holds other things, or its `layout` file is no number. Nothing in it was changed. Choose another with --data"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// Held by a process that has not said where it answers.
    #[error(
        "another process is opening the data folder {path} and has not said yet where it answers. Try again in a moment"
    )]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

impl DataFolder {
    /// Opens a folder, making it (mode 0700) if needed.
    pub fn open(path: &Path) -> Result<Opened, FolderProblem> {
        let unusable = |error| FolderProblem::Unusable { path: path.to_owned(), error };
        // Looked at first: somebody's folder full of other things keeps its mode and gets no file of ours.
        read_layout(path)?;
        make_private(path).map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Self::join(path, &mut lock),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        lock.set_len(0).map_err(unusable)?;
        // And again, now that nobody else can be making it.
        if read_layout(path)?.is_none() {
            fs::write(path.join(LAYOUT_FILE), format!("{LAYOUT}\n")).map_err(unusable)?;
        }
        Ok(Opened::Ours(Self { path: path.to_owned(), lock }))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes every right of others from what stands in the folder: should it ever be opened to them, or its files moved
    /// elsewhere, the database and the objects are still the owner's alone. SQLite gives its logs the mode of the database.
    pub fn close_to_others(&self) -> Result<(), FolderProblem> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let unusable = |error| FolderProblem::Unusable { path: self.path.clone(), error };
            for entry in fs::read_dir(&self.path).map_err(unusable)? {
                let entry = entry.map_err(unusable)?;
                let mode = if entry.file_type().map_err(unusable)?.is_dir() { 0o700 } else { 0o600 };
                fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode)).map_err(unusable)?;
            }
        }
        Ok(())
    }

    /// Tells other processes where this one answers.
    pub fn announce(&mut self, announcement: &Announcement) -> Result<(), FolderProblem> {
        let unusable = |error| FolderProblem::Unusable { path: self.path.clone(), error };
        let text = serde_json::to_vec(announcement).map_err(|error| unusable(error.into()))?;
        self.lock.rewind().map_err(unusable)?;
        self.lock.set_len(0).map_err(unusable)?;
        self.lock.write_all(&text).map_err(unusable)?;
        self.lock.sync_data().map_err(unusable)
    }

    fn join(path: &Path, lock: &mut File) -> Result<Opened, FolderProblem> {
        let mut text = String::new();
        let read = lock.take(4096).read_to_string(&mut text);
        read.map_err(|error| FolderProblem::Unusable { path: path.to_owned(), error })?;
        match serde_json::from_str(&text) {
            Ok(announcement) => Ok(Opened::Running(announcement)),
            Err(_) => Err(FolderProblem::Busy { path: path.to_owned() }),
        }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    if path.exists() && !path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder.create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    builder.create(path)?;
    Ok(())
}

/// The layout of a lake's folder; none where the folder is still to be made, or empty. Changes nothing.
fn read_layout(path: &Path) -> Result<Option<u32>, FolderProblem> {
    let unusable = |error| FolderProblem::Unusable { path: path.to_owned(), error };
    let foreign = || FolderProblem::Foreign { path: path.to_owned() };
    match fs::read_to_string(path.join(LAYOUT_FILE)) {
        // A first start that was cut off leaves an empty one; nothing was stored then.
        Ok(text) if text.is_empty() => {}
        Ok(text) => {
            return match text.trim().parse::<u32>() {
                Ok(found) if found <= LAYOUT => Ok(Some(found)),
                Ok(found) => Err(FolderProblem::Newer { path: path.to_owned(), found }),
                Err(_) => Err(foreign()),
            };
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // It is no folder, which `make_private` says in words.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(unusable(error)),
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error)),
    };
    let is_ours = |name: &OsStr| name == LOCK_FILE || name == LAYOUT_FILE;
    let mut others = entries.filter_map(Result::ok).filter(|entry| !is_ours(&entry.file_name()));
    others.next().map_or(Ok(None), |_| Err(foreign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_a_folder_and_others_are_told_where_it_answers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lake");
        let Opened::Ours(mut ours) = DataFolder::open(&path).unwrap() else { panic!("nobody else holds it") };
        assert!(
            matches!(DataFolder::open(&path), Err(FolderProblem::Busy { .. })),
            "held, but silent so far"
        );
        let announcement = Announcement { pid: 7, lake: "http://localhost:1".to_owned() };
        ours.announce(&announcement).unwrap();
        match DataFolder::open(&path).unwrap() {
            Opened::Running(found) => assert_eq!(found, announcement, "others learn where to join"),
            Opened::Ours(_) => panic!("two processes must never hold one folder"),
        }
        drop(ours);
        assert!(
            matches!(DataFolder::open(&path).unwrap(), Opened::Ours(_)),
            "free again after the holder ended"
        );
    }

    #[test]
    fn a_later_layout_and_a_strangers_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("layout"), "99\n").unwrap();
        assert!(
            matches!(DataFolder::open(dir.path()), Err(FolderProblem::Newer { found: 99, .. })),
            "never touch newer data"
        );
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("holiday.jpg"), "x").unwrap();
        assert!(
            matches!(DataFolder::open(other.path()), Err(FolderProblem::Foreign { .. })),
            "not a lake's folder"
        );
        let file = other.path().join("holiday.jpg");
        assert!(
            matches!(DataFolder::open(&file), Err(FolderProblem::Unusable { .. })),
            "a file is no folder"
        );
    }

    #[test]
    fn a_first_start_that_was_cut_off_can_be_repeated() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LAYOUT_FILE), "").unwrap();
        assert!(matches!(DataFolder::open(dir.path()), Ok(Opened::Ours(_))), "nothing was stored in it yet");
        assert_eq!(fs::read_to_string(dir.path().join(LAYOUT_FILE)).unwrap(), "1\n", "now it is told");
    }

    #[cfg(unix)]
    #[test]
    fn a_strangers_folder_is_left_as_it_was() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("holiday.jpg"), "x").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(DataFolder::open(dir.path()), Err(FolderProblem::Foreign { .. })), "refused");
        let mode = fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o755, "others may still read their own folder");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and nothing was put into it");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_look_into_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let Opened::Ours(held) = DataFolder::open(&path).unwrap() else { panic!("nobody else holds it") };
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700,
            "patient data is inside"
        );
        let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
        fs::write(path.join("lake.sqlite"), "x").unwrap();
        fs::create_dir(path.join("objects")).unwrap();
        held.close_to_others().unwrap();
        assert_eq!(
            (mode("lake.sqlite"), mode("objects")),
            (0o600, 0o700),
            "and stays private when moved elsewhere"
        );
    }
}
