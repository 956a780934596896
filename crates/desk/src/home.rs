//! The home of the desktop and the command line: profiles, sessions' locks, queue, audit trail. Private (mode 0700).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lake::Profile;
use serde::{Deserialize, Serialize};

/// A home folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// Why the home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeProblem {
    /// It cannot be made, read or written.
    #[error(
        "the folder {path} cannot be used: {error}. Choose another with --home (or STEWARD_HOME), or mend its permissions"
    )]
    Unusable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// A file in it was damaged.
    #[error("{path} is damaged. It was kept aside as {aside}; connect to the lake again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its new name.
        aside: PathBuf,
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

impl Home {
    /// Opens a home folder, making it if needed.
    pub fn open(path: &Path) -> Result<Self, HomeProblem> {
        let unusable = |error| HomeProblem::Unusable { path: path.to_owned(), error };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(unusable)?;
        // However it was named, it is one home: sessions are kept under its path.
        Ok(Self { path: fs::canonicalize(path).map_err(unusable)? })
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

    /// The saved lakes. A damaged file is kept aside and named.
    pub fn profiles(&self) -> Result<Profiles, HomeProblem> {
        let path = self.join("profiles.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| {
                let aside = path.with_extension("json.damaged");
                match fs::rename(&path, &aside) {
                    Ok(()) => HomeProblem::Damaged { path: path.clone(), aside },
                    Err(error) => HomeProblem::Unusable { path: path.clone(), error },
                }
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Profiles::default()),
            Err(error) => Err(HomeProblem::Unusable { path, error }),
        }
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

    /// Changes the saved lakes under a lock, so that two programs do not undo each other's change.
    fn change(&self, change: impl FnOnce(&mut Profiles)) -> Result<(), HomeProblem> {
        let path = self.join("profiles.json");
        let unusable = |error| HomeProblem::Unusable { path: path.clone(), error };
        let lock =
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.join("profiles.lock"));
        let lock = lock.map_err(unusable)?;
        lock.lock().map_err(unusable)?; // held for the length of one small write
        let mut profiles = self.profiles()?;
        change(&mut profiles);
        let bytes = serde_json::to_vec_pretty(&profiles).map_err(|error| unusable(error.into()))?;
        write_private(&path, &bytes).map_err(unusable)
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
