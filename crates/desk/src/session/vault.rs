//! Where a session is kept between runs: the system's keyring, a file only when asked for by name, or nowhere.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyring_core::{CredentialStore, Entry};
use serde::{Deserialize, Serialize};

use super::SessionProblem;
use crate::secret::Secret;

/// The name under which the keyring lists what is ours.
const SERVICE: &str = "Lake Steward";
/// How long a keyring may take; one that asks its user to unlock it takes longer, and is then said to be locked.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vault {
    /// The system's keyring: Secret Service, Keychain, Credential Manager.
    Keyring,
    /// A file of mode 0600, because somebody asked for it by name.
    File(PathBuf),
    /// Memory only: the session ends with the program.
    Memory,
}

/// What is kept: enough to renew, and the ID token while it lasts.
#[derive(Serialize, Deserialize)]
struct Kept {
    refresh_token: Option<String>,
    id_token: Option<String>,
}

/// A session as kept.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptSession {
    pub(super) refresh_token: Option<Secret>,
    pub(super) id_token: Option<Secret>,
}

impl Vault {
    /// Whether a session outlives the program.
    pub fn lasts(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    /// Asks the keyring whether it can be used at all; the answer says why not.
    pub async fn probe_keyring() -> Result<(), SessionProblem> {
        in_keyring("probe".to_owned(), |entry| match entry.get_password() {
            Ok(_) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }

    pub(super) async fn load(&self, key: &str) -> Result<KeptSession, SessionProblem> {
        let text = match self {
            Self::Memory => None,
            Self::File(path) => read_file(path, key)?,
            Self::Keyring => {
                in_keyring(key.to_owned(), |entry| match entry.get_password() {
                    Ok(text) => Ok(Some(text)),
                    Err(keyring_core::Error::NoEntry) => Ok(None),
                    Err(error) => Err(error),
                })
                .await?
            }
        };
        // What cannot be read (an older version, a cut-off write) is as good as signed out.
        let kept = text.and_then(|text| serde_json::from_str::<Kept>(&text).ok());
        Ok(kept.map_or_else(KeptSession::default, |kept| KeptSession {
            refresh_token: kept.refresh_token.map(Secret::new),
            id_token: kept.id_token.map(Secret::new),
        }))
    }

    pub(super) async fn store(&self, key: &str, session: &KeptSession) -> Result<(), SessionProblem> {
        let expose = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let kept =
            Kept { refresh_token: expose(&session.refresh_token), id_token: expose(&session.id_token) };
        let text = serde_json::to_string(&kept)
            .map_err(|error| SessionProblem::Vault { reason: error.to_string() })?;
        match self {
            Self::Memory => Ok(()),
            Self::File(path) => write_file(path, key, Some(text)),
            Self::Keyring => {
                // Windows keeps at most 2,560 bytes: there only what renews is kept.
                let renewing = Kept { refresh_token: expose(&session.refresh_token), id_token: None };
                let shorter = serde_json::to_string(&renewing)
                    .map_err(|error| SessionProblem::Vault { reason: error.to_string() })?;
                in_keyring(key.to_owned(), move |entry| match entry.set_password(&text) {
                    Err(keyring_core::Error::TooLong(..)) => entry.set_password(&shorter),
                    other => other,
                })
                .await
            }
        }
    }

    pub(super) async fn clear(&self, key: &str) -> Result<(), SessionProblem> {
        match self {
            Self::Memory => Ok(()),
            Self::File(path) => write_file(path, key, None),
            Self::Keyring => {
                in_keyring(key.to_owned(), |entry| match entry.delete_credential() {
                    Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
                    Err(error) => Err(error),
                })
                .await
            }
        }
    }
}

async fn in_keyring<T: Send + 'static>(
    key: String,
    job: impl FnOnce(&Entry) -> Result<T, keyring_core::Error> + Send + 'static,
) -> Result<T, SessionProblem> {
    let work = tokio::task::spawn_blocking(move || {
        keyring_ready()?;
        let entry = Entry::new(SERVICE, &key)?;
        job(&entry)
    });
    match tokio::time::timeout(KEYRING_LIMIT, work).await {
        Ok(Ok(done)) => done.map_err(|error| SessionProblem::Keyring { reason: in_words(&error) }),
        Ok(Err(_)) => Err(SessionProblem::Keyring { reason: "it failed unexpectedly".to_owned() }),
        Err(_) => Err(SessionProblem::Keyring {
            reason: "it did not answer; it may be waiting to be unlocked".to_owned(),
        }),
    }
}

/// Sets the system's store as the one that entries use. A system without one today may have one at the next try.
fn keyring_ready() -> Result<(), keyring_core::Error> {
    static READY: OnceLock<()> = OnceLock::new();
    if READY.get().is_none() {
        keyring_core::set_default_store(system_store()?);
        READY.get_or_init(|| ());
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn system_store() -> Result<Arc<CredentialStore>, keyring_core::Error> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn system_store() -> Result<Arc<CredentialStore>, keyring_core::Error> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(windows)]
fn system_store() -> Result<Arc<CredentialStore>, keyring_core::Error> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn system_store() -> Result<Arc<CredentialStore>, keyring_core::Error> {
    Err(keyring_core::Error::NoDefaultStore)
}

/// Only what went wrong: keyring errors may carry the stored bytes.
fn in_words(error: &keyring_core::Error) -> String {
    use keyring_core::Error;
    match error {
        Error::PlatformFailure(_) | Error::NoDefaultStore => "this system offers none",
        Error::NoStorageAccess(_) => "it is locked, or has no place to keep secrets",
        Error::TooLong(..) => "it cannot keep a text that long",
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
            "what it keeps is damaged"
        }
        _ => "it refused",
    }
    .to_owned()
}

type Sessions = std::collections::BTreeMap<String, serde_json::Value>;

fn read_file(path: &Path, key: &str) -> Result<Option<String>, SessionProblem> {
    Ok(sessions_in(path)?.remove(key).map(|kept| kept.to_string()))
}

fn sessions_in(path: &Path) -> Result<Sessions, SessionProblem> {
    let unusable = |reason: String| SessionProblem::File { path: path.to_owned(), reason };
    match fs::read(path) {
        Ok(bytes) => {
            refuse_if_others_can_read(path)?;
            serde_json::from_slice(&bytes).map_err(|_| unusable("it is not a session file".to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Sessions::new()),
        Err(error) => Err(unusable(error.to_string())),
    }
}

#[cfg(unix)]
fn refuse_if_others_can_read(path: &Path) -> Result<(), SessionProblem> {
    use std::os::unix::fs::PermissionsExt;
    let unusable = |reason: String| SessionProblem::File { path: path.to_owned(), reason };
    let mode = fs::metadata(path).map_err(|error| unusable(error.to_string()))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(unusable(format!("others can read it (mode {mode:03o}); it must be 600")))
    }
}

#[cfg(not(unix))]
fn refuse_if_others_can_read(_path: &Path) -> Result<(), SessionProblem> {
    Ok(())
}

fn write_file(path: &Path, key: &str, text: Option<String>) -> Result<(), SessionProblem> {
    let unusable =
        |error: io::Error| SessionProblem::File { path: path.to_owned(), reason: error.to_string() };
    // Several homes may share the file: each change is made to what is there now.
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".lock");
    let lock =
        fs::OpenOptions::new().create(true).truncate(false).write(true).open(path.with_file_name(name));
    let lock = lock.map_err(unusable)?;
    lock.lock().map_err(unusable)?; // held for the length of one small write
    let mut sessions = sessions_in(path)?;
    match text {
        Some(text) => {
            let kept = serde_json::from_str(&text).map_err(|error| unusable(error.into()))?;
            sessions.insert(key.to_owned(), kept);
        }
        None => {
            sessions.remove(key);
        }
    }
    let bytes = serde_json::to_vec(&sessions).map_err(|error| unusable(error.into()))?;
    crate::home::write_private(path, &bytes).map_err(unusable)
}
