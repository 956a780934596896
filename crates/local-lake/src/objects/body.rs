use std::io::{ErrorKind, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use lake::Fault;
use rusqlite::{Connection, OptionalExtension};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::content::path_of;
use super::{Address, Object, ObjectError, Objects, PART, file_fault, rows};

/// The bytes of an object, or a range of them, opened for reading.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Bytes(Bytes),
    /// A file that stands at the first byte wanted.
    File {
        /// The file.
        file: File,
        /// How many bytes are wanted.
        length: u64,
    },
}

impl Body {
    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File { length, .. } => *length,
        }
    }

    /// Reads it into memory: only where the size is known to be bounded.
    pub async fn into_bytes(self) -> Result<Bytes, Fault> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File { file, length } => {
                let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
                file.take(length).read_to_end(&mut bytes).await.map_err(|error| file_fault(&error))?;
                Ok(bytes.into())
            }
        }
    }
}

impl Objects {
    /// An object and all its bytes, in one read.
    pub async fn get(&self, address: Address<'_>) -> Result<(Object, Body), ObjectError> {
        let bucket = self.bucket_id(address.bucket)?;
        let (key, version) = (address.key.to_owned(), address.version);
        let found = self.database.read(move |connection| {
            Ok(match rows::find(connection, bucket, &key, version)? {
                Ok(object) => Ok((inline_body(connection, object.content)?, object)),
                Err(error) => Err(error),
            })
        });
        let (inline, object) = found.await??;
        let body = self.body_of(&object, inline, 0..object.size).await?;
        Ok((object, body))
    }

    /// Opens the bytes of an object that lie in `range` (cut to the object's size). Only a small body is held in memory.
    pub async fn open_body(&self, object: &Object, range: Range<u64>) -> Result<Body, Fault> {
        let content = object.content;
        let inline = self.database.read(move |connection| inline_body(connection, content)).await?;
        self.body_of(object, inline, range).await
    }

    async fn body_of(&self, object: &Object, inline: Inline, range: Range<u64>) -> Result<Body, Fault> {
        let end = range.end.min(object.size);
        let start = range.start.min(end);
        let damaged = |reason: &str| Fault::Damaged {
            part: PART,
            what: object.sha256.to_string(),
            reason: reason.to_owned(),
        };
        match inline {
            None => Err(damaged("its content is not there")),
            Some(Some(bytes)) => {
                let bytes = Bytes::from(bytes);
                if u64::try_from(bytes.len()) != Ok(object.size) {
                    return Err(damaged("its content has another size"));
                }
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                Ok(Body::Bytes(bytes.slice(index(start)..index(end))))
            }
            Some(None) => {
                let path = path_of(&self.folder, &object.sha256);
                let mut file = File::open(path).await.map_err(|error| match error.kind() {
                    ErrorKind::NotFound => damaged("its file is not there"),
                    _ => file_fault(&error),
                })?;
                let length = file.metadata().await.map_err(|error| file_fault(&error))?.len();
                if length != object.size {
                    return Err(damaged("its file has another size"));
                }
                file.seek(SeekFrom::Start(start)).await.map_err(|error| file_fault(&error))?;
                Ok(Body::File { file, length: end - start })
            }
        }
    }
}

/// `None`: no such content. `Some(None)`: it is a file.
type Inline = Option<Option<Vec<u8>>>;

fn inline_body(connection: &Connection, content: i64) -> rusqlite::Result<Inline> {
    connection
        .prepare_cached("SELECT body FROM content WHERE id = ?1")?
        .query_row([content], |row| row.get(0))
        .optional()
}
