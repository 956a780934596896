//! What was dropped on the window or chosen in a dialog. Paths stay here: the web view is given numbers.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::connect;

/// Drops that are kept; an older one is forgotten.
const KEPT: usize = 16;
/// Names that a look gives.
const NAMES: usize = 3;

/// Which drop of this run of the program. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DropId(pub u32);

/// The last few drops.
#[derive(Default)]
pub struct Drops {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    drops: VecDeque<(DropId, Vec<PathBuf>)>,
    last: u32,
}

/// What was dropped, before anything of it is read.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// How many of the things dropped are files, or what is no folder.
    pub files: u64,
    /// How many are folders.
    pub folders: u64,
    /// The names of the first three, without their folders. File names count as patient data: masked until asked for.
    pub names: Vec<String>,
    /// The lake that the one file dropped names, if that is a stack outputs file.
    pub lake: Option<Url>,
}

impl Drops {
    /// Keeps what was dropped.
    pub fn keep(&self, paths: Vec<PathBuf>) -> DropId {
        let mut kept = self.lock();
        kept.last += 1;
        let id = DropId(kept.last);
        kept.drops.push_back((id, paths));
        if kept.drops.len() > KEPT {
            kept.drops.pop_front();
        }
        id
    }

    /// Hands over what was dropped, once; none if it was taken or forgotten.
    pub fn take(&self, id: DropId) -> Option<Vec<PathBuf>> {
        let mut kept = self.lock();
        let place = kept.drops.iter().position(|(known, _)| *known == id)?;
        kept.drops.remove(place).map(|(_, paths)| paths)
    }

    /// Takes a drop back that could not be used after all.
    pub fn give_back(&self, id: DropId, paths: Vec<PathBuf>) {
        let mut kept = self.lock();
        kept.drops.push_back((id, paths));
        if kept.drops.len() > KEPT {
            kept.drops.pop_front();
        }
    }

    /// What was dropped, by a glance at the disk (which may be slow: not for the thread that draws).
    pub fn look(&self, id: DropId) -> Option<Look> {
        let paths = self.lock().drops.iter().find(|(known, _)| *known == id)?.1.clone();
        Some(look_at(&paths))
    }

    /// Of a drop that holds exactly one file: the path, for reading a lake's address from it.
    pub fn only_file(&self, id: DropId) -> Option<PathBuf> {
        match self.lock().drops.iter().find(|(known, _)| *known == id)?.1.as_slice() {
            [path] => Some(path.clone()),
            _ => None,
        }
    }

    /// Nothing is left half done while the lock is held, so that a panic elsewhere does not end this.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look_at(paths: &[PathBuf]) -> Look {
    let folders = paths.iter().filter(|path| path.is_dir()).count() as u64;
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
    Look {
        files: paths.len() as u64 - folders,
        folders,
        names: paths.iter().filter_map(name).take(NAMES).collect(),
        lake: match paths {
            [path] => lake_in(path),
            _ => None,
        },
    }
}

fn lake_in(path: &Path) -> Option<Url> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if is_json { connect::address_of(path.to_str()?).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_drop_is_handed_over_once_and_old_ones_are_forgotten() {
        let drops = Drops::default();
        let first = drops.keep(vec![PathBuf::from("/a")]);
        let ids: Vec<DropId> =
            (0..KEPT).map(|number| drops.keep(vec![format!("/{number}").into()])).collect();
        assert!(drops.take(first).is_none() && drops.look(first).is_none(), "the oldest of 17 is forgotten");
        let last = *ids.last().unwrap();
        assert_eq!(drops.take(last), Some(vec![PathBuf::from("/15")]), "the paths, as they were given");
        assert!(drops.take(last).is_none(), "once");
        assert!(!ids.contains(&drops.keep(Vec::new())), "no number is used twice");
        drops.give_back(last, vec![PathBuf::from("/15")]);
        assert_eq!(
            drops.take(last),
            Some(vec![PathBuf::from("/15")]),
            "what could not be used is there again"
        );
    }

    #[test]
    fn a_look_counts_files_and_folders_and_names_three() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let mut paths = vec![folder];
        for name in ["one.hl7", "two.hl7", "three.hl7"] {
            fs::write(dir.path().join(name), "MSH").unwrap();
            paths.push(dir.path().join(name));
        }
        let drops = Drops::default();
        let id = drops.keep(paths);
        let look = drops.look(id).unwrap();
        assert_eq!((look.files, look.folders), (3, 1), "three files and a folder");
        assert_eq!(look.names, ["folder", "one.hl7", "two.hl7"], "without their folders");
        assert!(look.lake.is_none() && drops.only_file(id).is_none(), "no lake's outputs among several");
        assert!(drops.take(id).is_some(), "a look takes nothing");
    }

    #[test]
    fn a_stack_outputs_file_names_its_lake() {
        let dir = tempfile::tempdir().unwrap();
        let outputs = dir.path().join("outputs.JSON");
        fs::write(&outputs, r#"{"FrontDoorUrl":"https://lake.example.org/"}"#).unwrap();
        let other = dir.path().join("other.json");
        fs::write(&other, "{}").unwrap();
        let drops = Drops::default();
        let (lake, none) = (drops.keep(vec![outputs.clone()]), drops.keep(vec![other]));
        let found = drops.look(lake).unwrap().lake.map(|url| url.to_string());
        assert_eq!(found.as_deref(), Some("https://lake.example.org/"), "the lake's address");
        assert_eq!(drops.only_file(lake), Some(outputs), "and the file, for connecting");
        assert!(drops.look(none).unwrap().lake.is_none(), "another JSON file is just a file");
    }
}
