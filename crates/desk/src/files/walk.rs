//! Which files there are under the paths that were named.

use std::collections::HashSet;
use std::fs::{self, FileType, ReadDir};
use std::path::{Path, PathBuf};

use super::{Problem, STANDARD_INPUT, open};

/// So many names of a folder are sorted at a time: a folder of any size takes bounded memory, and the order is that of the names in
/// every folder that people look at.
const SORTED_AT_A_TIME: usize = 50_000;

/// Folders within folders; each holds a file handle open.
const DEEPEST: usize = 100;

/// Every file under some paths, in the order in which they were named, folders by name. Links are followed, but no folder is read twice,
/// so a link that leads back ends there.
pub struct Walk {
    named: std::vec::IntoIter<PathBuf>,
    levels: Vec<Level>,
    /// Folders entered since the last path that was named, by their real places.
    entered: HashSet<PathBuf>,
}

struct Level {
    entries: ReadDir,
    folder: PathBuf,
    /// The next names, last first, and what the folder says that they are.
    names: Vec<(PathBuf, Option<FileType>)>,
}

impl Walk {
    /// Nothing is looked at yet.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { named: paths.into_iter(), levels: Vec::new(), entered: HashSet::new() }
    }

    /// A path is a file to read, a folder to enter, or a problem.
    fn look_at(&mut self, path: PathBuf) -> Option<Result<PathBuf, Problem>> {
        if path.as_os_str() == STANDARD_INPUT && self.levels.is_empty() {
            return Some(Ok(path));
        }
        match fs::metadata(&path) {
            Err(error) => Some(Err(Problem::new(path, open::in_words(&error)))),
            Ok(found) if found.is_file() => Some(Ok(path)),
            Ok(found) if found.is_dir() => self.enter(path).err().map(Err),
            Ok(found) => Some(Err(Problem::new(path, open::refusal(found.file_type())))),
        }
    }

    fn enter(&mut self, folder: PathBuf) -> Result<(), Problem> {
        if self.levels.len() >= DEEPEST {
            return Err(Problem::new(folder, format!("lies deeper than {DEEPEST} folders; name it itself")));
        }
        let opened = fs::canonicalize(&folder).and_then(|real| Ok((real, fs::read_dir(&folder)?)));
        let (real, entries) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(Problem::new(folder, open::in_words(&error))),
        };
        if !self.entered.insert(real) {
            return Err(Problem::new(folder, "leads back to a folder that was read already; not read again"));
        }
        self.levels.push(Level { entries, folder, names: Vec::new() });
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(level) = self.levels.last_mut() else {
                let path = self.named.next()?;
                self.entered.clear();
                let is_there = fs::symlink_metadata(&path).is_ok();
                match self.look_at(path) {
                    Some(Err(problem)) => return Some(Err(Problem { is_missing: !is_there, ..problem })),
                    Some(found) => return Some(found),
                    None => continue,
                }
            };
            match level.next_name() {
                // The folder says so; one call to the system less for each of very many files.
                Some(Ok((path, Some(kind)))) if kind.is_file() => return Some(Ok(path)),
                Some(Ok((path, _))) => {
                    if let Some(found) = self.look_at(path) {
                        return Some(found);
                    }
                }
                Some(Err(problem)) => return Some(Err(problem)),
                None => drop(self.levels.pop()),
            }
        }
    }
}

impl Level {
    fn next_name(&mut self) -> Option<Result<(PathBuf, Option<FileType>), Problem>> {
        if self.names.is_empty() {
            if let Err(problem) = self.read_names() {
                return Some(Err(problem));
            }
            // All are of one folder, so that their bytes tell as much as their components, which are slow to compare.
            self.names.sort_unstable_by(|one, other| other.0.as_os_str().cmp(one.0.as_os_str()));
        }
        self.names.pop().map(Ok)
    }

    fn read_names(&mut self) -> Result<(), Problem> {
        for entry in self.entries.by_ref().take(SORTED_AT_A_TIME) {
            match entry {
                Ok(entry) => self.names.push((entry.path(), entry.file_type().ok())),
                Err(error) => return Err(unreadable(&self.folder, &error)),
            }
        }
        Ok(())
    }
}

fn unreadable(folder: &Path, error: &std::io::Error) -> Problem {
    Problem::new(folder, open::in_words(error))
}
