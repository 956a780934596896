use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use lake::{Digest, Fault};
use md5::Md5;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;

use super::{INLINE_BYTES, Objects, blocking, file_fault};

/// The folder of files that are still being written; emptied when the store is opened.
pub(super) const UNFINISHED: &str = "unfinished";

/// Bytes that are hashed at once on an async thread; more go to a thread for blocking work.
const HASH_AT_ONCE: usize = 256 * 1024;

static NEXT_NAME: AtomicU64 = AtomicU64::new(0);

/// A body that was received whole and hashed, not stored yet. Dropped, it leaves nothing behind.
pub struct Content {
    sha256: Digest,
    md5: [u8; 16],
    size: u64,
    held: Held,
}

enum Held {
    Memory(Bytes),
    File(Unfinished),
}

/// A body as rows refer to it: its file, if it is one, lies in its place and is synced.
pub(super) struct Stored {
    pub(super) sha256: Digest,
    pub(super) md5: [u8; 16],
    pub(super) size: u64,
    /// The body itself where it goes into the database.
    pub(super) inline: Option<Bytes>,
}

impl Content {
    /// SHA-256 of the body.
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// MD5 of the body (for `Content-MD5` and the ETag).
    pub fn md5(&self) -> [u8; 16] {
        self.md5
    }

    /// Bytes of the body.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Brings a larger body to its place, durably, before any row speaks of it.
    pub(super) async fn place(self, folder: &Path) -> Result<Stored, Fault> {
        let Self { sha256, md5, size, held } = self;
        let inline = match held {
            Held::Memory(bytes) if bytes.len() <= INLINE_BYTES => Some(bytes),
            held => {
                let folder = folder.to_owned();
                blocking(move || match held {
                    Held::Memory(bytes) => {
                        let unfinished = Unfinished::new(&folder);
                        fs::write(&unfinished.path, &bytes)?;
                        unfinished.settle(&folder, &sha256)
                    }
                    Held::File(unfinished) => unfinished.settle(&folder, &sha256),
                })
                .await?;
                None
            }
        };
        Ok(Stored { sha256, md5, size, inline })
    }
}

/// A body on its way in: kept in memory to 64 KiB, beyond that in a file. Hashed as it comes.
pub struct Incoming {
    folder: Arc<PathBuf>,
    sha256: Sha256,
    md5: Md5,
    size: u64,
    memory: Vec<u8>,
    file: Option<(tokio::fs::File, Unfinished)>,
}

impl Objects {
    /// Begins to receive a body of unknown length.
    pub fn receive(&self) -> Incoming {
        Incoming {
            folder: Arc::clone(&self.folder),
            sha256: Sha256::new(),
            md5: Md5::new(),
            size: 0,
            memory: Vec::new(),
            file: None,
        }
    }

    /// Takes a body that is in memory.
    pub async fn content(&self, bytes: impl Into<Bytes>) -> Result<Content, Fault> {
        let bytes = bytes.into();
        let hash = |bytes: &Bytes| {
            let sha256 = Digest::from_bytes(Sha256::digest(bytes).into());
            (sha256, Md5::digest(bytes).into())
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let ((sha256, md5), bytes) = if bytes.len() <= HASH_AT_ONCE {
            (hash(&bytes), bytes)
        } else {
            blocking(move || Ok((hash(&bytes), bytes))).await?
        };
        Ok(Content { sha256, md5, size, held: Held::Memory(bytes) })
    }
}

impl Incoming {
    /// Bytes received so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.file.is_none() && self.memory.len() + bytes.len() <= INLINE_BYTES {
            self.memory.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_to_file(bytes).await.map_err(|error| file_fault(&error))
    }

    /// Ends the body.
    pub async fn finish(mut self) -> Result<Content, Fault> {
        let held = match self.file.take() {
            Some((mut file, unfinished)) => {
                file.flush().await.map_err(|error| file_fault(&error))?;
                Held::File(unfinished)
            }
            None => Held::Memory(Bytes::from(self.memory)),
        };
        Ok(Content {
            sha256: Digest::from_bytes(self.sha256.finalize().into()),
            md5: self.md5.finalize().into(),
            size: self.size,
            held,
        })
    }

    async fn write_to_file(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (file, _) = match &mut self.file {
            Some(open) => open,
            none => {
                let unfinished = Unfinished::new(&self.folder);
                let mut file = tokio::fs::File::create_new(&unfinished.path).await?;
                file.write_all(&std::mem::take(&mut self.memory)).await?;
                none.insert((file, unfinished))
            }
        };
        file.write_all(bytes).await
    }
}

/// A file that is not in its place yet; removed when dropped.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn new(folder: &Path) -> Self {
        let name = NEXT_NAME.fetch_add(1, Ordering::Relaxed);
        Self { path: folder.join(UNFINISHED).join(format!("{}.{name}", std::process::id())) }
    }

    /// Syncs the file, moves it to its place and syncs the folders that name it.
    fn settle(self, folder: &Path, sha256: &Digest) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        let place = path_of(folder, sha256);
        let (Some(inner), Some(outer)) = (place.parent(), place.parent().and_then(Path::parent)) else {
            return Err(io::Error::other("a body's place has two folders above it"));
        };
        fs::create_dir_all(inner)?;
        fs::rename(&self.path, &place)?;
        // All three always: another write may have made the folders a moment ago and not synced them yet.
        sync_folder(inner)?;
        sync_folder(outer)?;
        sync_folder(folder)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already once it was moved to its place; anything else is swept at the next start.
        drop(fs::remove_file(&self.path));
    }
}

/// Where a larger body lies: `aa/bb/REST` of its digest.
pub(super) fn path_of(folder: &Path, sha256: &Digest) -> PathBuf {
    let hex = sha256.to_string();
    let (outer, rest) = hex.split_at(2);
    let (inner, name) = rest.split_at(2);
    folder.join(outer).join(inner).join(name)
}

/// Makes the names in a folder durable. Windows keeps them by itself and cannot sync a folder.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
