//! The home of the desktop and the command line: profiles, sessions' locks, queue, audit trail. Private (mode 0700).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lake::Profile;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

/// A home folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// Why the home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeProblem {
    /// It cannot be made, read or written.
    #[error("{path} cannot be used: {}", in_words(error))]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A file in it was damaged.
    #[error("{path} is damaged. It was kept aside as {aside}; {next_step}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its new name.
        aside: PathBuf,
        /// What the steward does now.
        next_step: &'static str,
    },
    /// No profile is saved.
    #[error(
        "no lake is known yet. Start one here with `steward lake start`, or connect with `steward connect URL`"
    )]
    NoProfile,
    /// No profile of this name.
    #[error("no lake named {name:?} is known. Known are: {known}")]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a name.
    #[error("{name:?} cannot be a lake's name: 1 to 64 letters, digits, `_`, `.` or `-`")]
    BadName {
        /// What was given.
        name: String,
    },
}

/// What is saved of lakes: no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profiles {
    /// The one used last.
    pub last: Option<String>,
    /// All of them, by name.
    pub lakes: std::collections::BTreeMap<String, Profile>,
}

/// A saved lake as a list of lakes shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownLake {
    /// Its name here: the key for everything else.
    pub name: String,
    /// What it calls itself.
    pub lake: String,
    /// Where it answers: host, and port unless it is the usual one.
    pub host: String,
    /// Where its sign-in happens.
    pub issuer_host: String,
    /// Its AWS region.
    pub region: String,
    /// Whether it is a practice lake on this computer.
    pub is_practice: bool,
    /// Whether it is the one used last.
    pub is_last: bool,
}

/// A file of the home that holds JSON.
pub(crate) struct Kept {
    /// Its name; ends in `.json`.
    pub(crate) name: &'static str,
    /// What a steward does when it was damaged.
    pub(crate) next_step: &'static str,
}

/// The name under which the lake on this computer is saved, by the desktop and by the command line.
pub const LOCAL: &str = "local";

const PROFILES: Kept = Kept { name: "profiles.json", next_step: "connect to the lake again" };

impl Home {
    /// Opens a home folder, making it if needed. It must be writable: nothing is shown that cannot be put on record.
    pub fn open(path: &Path) -> Result<Self, HomeProblem> {
        let unusable = |error| HomeProblem::Unusable { path: path.to_owned(), error };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(unusable)?;
        // However it was named, it is one home: sessions are kept under its path.
        let home = Self { path: fs::canonicalize(path).map_err(unusable)? };
        home.probe().map_err(unusable)?;
        Ok(home)
    }

    /// The platform's folder for it: `$XDG_DATA_HOME/lake-steward` or its like.
    /// `variable` reads the environment, which is passed in.
    pub fn default_path(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(home) = set("STEWARD_HOME") {
            return Some(home);
        }
        let data = if cfg!(windows) {
            set("APPDATA")
        } else if cfg!(target_os = "macos") {
            set("HOME").map(|home| home.join("Library/Application Support"))
        } else {
            set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")))
        };
        data.map(|data| data.join("lake-steward"))
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file can be written there: makes one and takes it away.
    pub(crate) fn probe(&self) -> io::Result<()> {
        let probe = self.join(&format!("probe.{}", std::process::id()));
        // On a full disk the file is made, and what belongs into it is not written.
        let written = fs::write(&probe, b"probe");
        let removed = match fs::remove_file(&probe) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()), // another thread's probe took it away
        };
        written.and(removed)
    }

    /// The saved lakes. A damaged file is kept aside and named.
    pub fn profiles(&self) -> Result<Profiles, HomeProblem> {
        self.kept(&PROFILES)
    }

    /// The saved lakes as a list shows them, by name.
    pub fn lakes(&self) -> Result<Vec<KnownLake>, HomeProblem> {
        let Profiles { last, lakes } = self.profiles()?;
        let known = lakes.into_iter().map(|(name, profile)| KnownLake {
            host: host_of(&profile.endpoints.front_door),
            issuer_host: host_of(&profile.issuer),
            is_practice: is_practice(&profile),
            is_last: last.as_ref() == Some(&name),
            lake: profile.name,
            region: profile.region,
            name,
        });
        Ok(known.collect())
    }

    /// Saves a lake under a name and makes it the one used last.
    pub fn save_profile(&self, name: &str, profile: Profile) -> Result<(), HomeProblem> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(sound) {
            return Err(HomeProblem::BadName { name: name.to_owned() });
        }
        self.change(|profiles| {
            profiles.lakes.insert(name.to_owned(), profile);
            profiles.last = Some(name.to_owned());
        })
    }

    /// Makes a lake the one used last.
    pub fn use_profile(&self, name: &str) -> Result<(), HomeProblem> {
        self.profile(Some(name))?;
        self.change(|profiles| profiles.last = Some(name.to_owned()))
    }

    /// Forgets a lake.
    pub fn forget_profile(&self, name: &str) -> Result<(), HomeProblem> {
        self.change(|profiles| {
            profiles.lakes.remove(name);
            if profiles.last.as_deref() == Some(name) {
                profiles.last = profiles.lakes.keys().next().cloned();
            }
        })
    }

    /// The lake of this name, or the one used last, with its name.
    pub fn profile(&self, name: Option<&str>) -> Result<(String, Profile), HomeProblem> {
        let mut profiles = self.profiles()?;
        let Some(name) = name.map(str::to_owned).or(profiles.last.take()) else {
            return Err(HomeProblem::NoProfile);
        };
        match profiles.lakes.remove(&name) {
            Some(profile) => Ok((name, profile)),
            None if profiles.lakes.is_empty() => Err(HomeProblem::NoProfile),
            None => {
                let known = profiles.lakes.into_keys().collect::<Vec<_>>().join(", ");
                Err(HomeProblem::UnknownProfile { name, known })
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), HomeProblem> {
        self.change_kept(&PROFILES, change).map(|_| ())
    }

    /// What a file of the home holds; the default where there is none. A damaged one is kept aside and named.
    pub(crate) fn kept<T: Default + DeserializeOwned>(&self, kept: &Kept) -> Result<T, HomeProblem> {
        let path = self.join(kept.name);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                let aside = aside_of(&path);
                match fs::rename(&path, &aside) {
                    Ok(()) => HomeProblem::Damaged { path: path.clone(), aside, next_step: kept.next_step },
                    Err(error) => HomeProblem::Unusable { path: path.clone(), error },
                }
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
            Err(error) => Err(HomeProblem::Unusable { path, error }),
        }
    }

    /// Changes such a file under a lock, so that two programs do not undo each other's change; what it holds then.
    pub(crate) fn change_kept<T: Default + DeserializeOwned + Serialize>(
        &self,
        kept: &Kept,
        change: impl FnOnce(&mut T),
    ) -> Result<T, HomeProblem> {
        let path = self.join(kept.name);
        let unusable = |error| HomeProblem::Unusable { path: path.clone(), error };
        let mut options = fs::OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(path.with_extension("lock")).map_err(unusable)?;
        lock.lock().map_err(unusable)?; // held for the length of one small write
        let mut held: T = self.kept(kept)?;
        change(&mut held);
        let bytes = serde_json::to_vec_pretty(&held).map_err(|error| unusable(error.into()))?;
        write_private(&path, &bytes).map_err(unusable)?;
        Ok(held)
    }
}

/// Host of an address, with the port unless it is the usual one; the address itself if it is none.
pub(crate) fn host_of(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => address.to_owned(),
    }
}

/// A lake on this computer itself holds nobody's data but samples.
pub(crate) fn is_practice(profile: &Profile) -> bool {
    Url::parse(&profile.endpoints.front_door).is_ok_and(|url| crate::is_loopback(&url))
}

/// The first name that is free, so that an earlier damaged file stays too.
fn aside_of(path: &Path) -> PathBuf {
    let numbered = |number: u32| match number {
        1 => path.with_extension("json.damaged"),
        _ => path.with_extension(format!("json.damaged-{number}")),
    };
    (1..100).map(numbered).find(|aside| !aside.exists()).unwrap_or_else(|| numbered(100))
}

/// What the system says of a file or folder of the home, in plain words with the next step.
pub(crate) fn in_words(error: &io::Error) -> String {
    const ELSEWHERE: &str = "choose another folder with --home (or STEWARD_HOME)";
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::PermissionDenied => {
            format!("you may not read or write there. Mend its permissions, or {ELSEWHERE}")
        }
        Kind::ReadOnlyFilesystem => format!("it is on a disk that can only be read. Please {ELSEWHERE}"),
        Kind::StorageFull | Kind::QuotaExceeded => {
            format!("there is no space left. Make room, or {ELSEWHERE}")
        }
        Kind::AlreadyExists | Kind::NotADirectory => {
            format!("a file is where the folder should be. Move it away, or {ELSEWHERE}")
        }
        Kind::IsADirectory => "a folder is where a file should be. Move it away".to_owned(),
        _ => format!("{error}. Mend that, or {ELSEWHERE}"),
    }
}

/// Writes a file of mode 0600 in one step: a crash leaves the old one or the new one.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = folder.join(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::tests::profile;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(&dir.path().join("home")).unwrap();
        (dir, home)
    }

    #[test]
    fn a_home_that_cannot_be_written_is_named_with_the_next_step() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "in the way").unwrap();
        for place in [file.clone(), file.join("home")] {
            let problem = Home::open(&place).expect_err("a file is no folder").to_string();
            assert!(problem.contains("a file is where the folder should be"), "the cause: {problem}");
            assert!(problem.contains("--home"), "the next step: {problem}");
        }
        let cases = [
            (io::ErrorKind::PermissionDenied, "permissions"),
            (io::ErrorKind::ReadOnlyFilesystem, "only be read"),
            (io::ErrorKind::StorageFull, "no space left"),
        ];
        for (kind, words) in cases {
            let problem = HomeProblem::Unusable { path: file.clone(), error: kind.into() }.to_string();
            assert!(problem.contains(words) && problem.contains("--home"), "{kind:?}: {problem}");
        }
    }

    #[test]
    fn opening_leaves_nothing_behind() {
        let (_dir, home) = home();
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().collect();
        assert!(left.is_empty(), "the probe is taken away: {left:?}");
    }

    #[test]
    fn a_damaged_file_is_kept_aside_each_time() {
        let (_dir, home) = home();
        for (damage, aside) in [("{", "profiles.json.damaged"), ("[1]", "profiles.json.damaged-2")] {
            home.save_profile("north", profile("https://lake.example.org")).unwrap();
            fs::write(home.join("profiles.json"), damage).unwrap();
            let problem = home.profiles().expect_err("it is damaged");
            let said = problem.to_string();
            assert!(said.contains(aside) && said.contains("connect to the lake again"), "said: {said}");
            assert_eq!(fs::read_to_string(home.join(aside)).unwrap(), damage, "nothing of it is lost");
            assert_eq!(home.profiles().unwrap(), Profiles::default(), "one may go on");
        }
    }

    #[test]
    fn lakes_are_listed_with_what_tells_them_apart() {
        let (_dir, home) = home();
        let mut real = profile("https://lake.example.org");
        real.issuer = "https://login.example.org/pool".to_owned();
        home.save_profile("real", real).unwrap();
        home.save_profile("local", profile("http://localhost:47100")).unwrap();
        let lakes = home.lakes().unwrap();
        let shown: Vec<_> = lakes
            .iter()
            .map(|lake| (&*lake.name, &*lake.host, &*lake.issuer_host, lake.is_practice, lake.is_last))
            .collect();
        let expected = [
            ("local", "localhost:47100", "localhost:47100", true, true),
            ("real", "lake.example.org", "login.example.org", false, false),
        ];
        assert_eq!(shown, expected, "by name, with hosts, kind and which was used last");
        home.forget_profile("local").unwrap();
        assert!(home.lakes().unwrap().iter().all(|lake| lake.is_last), "the one that is left is used next");
    }
}
