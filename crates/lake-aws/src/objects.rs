//! The lake bucket as a steward may see it.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use jiff::Timestamp;
use jiff::civil::Date;
use lake::{ObjectKey, Source, Zone};

use crate::clients::{ReadFault, deepest, fault};

const SERVICE: &str = "S3";

/// The lake bucket.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Option<Timestamp>,
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects, in key order.
    pub objects: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// What is known of an object beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Bytes of the whole object.
    pub size: u64,
    /// Its media type.
    pub content_type: Option<String>,
    /// Its version.
    pub version_id: Option<String>,
    /// Its SHA-256, base64, as S3 keeps it.
    pub checksum_sha256: Option<String>,
}

/// An object's bytes, to be streamed.
#[derive(Debug)]
pub struct ObjectBody {
    /// What is known of it.
    pub facts: ObjectFacts,
    /// The bytes, or the range asked for.
    pub bytes: ByteStream,
}

impl Objects {
    pub(crate) fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The days of which a zone has objects of this institution, newest last; a page of at most 1,000 at a time.
    pub async fn days(&self, zone: Zone, source: &Source) -> Result<Vec<Date>, ReadFault> {
        let prefix = zone.source_prefix(source);
        let mut days = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let answer = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&prefix)
                .delimiter("/")
                .set_continuation_token(next.take())
                .send()
                .await
                .map_err(|error| fault(SERVICE, &prefix, error))?;
            let found = answer.common_prefixes().iter().filter_map(|common| common.prefix());
            days.extend(found.filter_map(|found| day_in(&prefix, found)));
            next = answer.next_continuation_token;
            if next.is_none() {
                return Ok(days);
            }
        }
    }

    /// A page of one day's objects (at most `limit`, and 1,000).
    pub async fn page(
        &self,
        zone: Zone,
        source: &Source,
        day: Date,
        next: Option<String>,
        limit: u16,
    ) -> Result<ObjectPage, ReadFault> {
        self.list(&zone.day_prefix(source, day), next, limit).await
    }

    /// Whether an object is there: asked by listing, since a missing key is refused like a forbidden one.
    pub async fn find(&self, key: &ObjectKey) -> Result<Option<Listed>, ReadFault> {
        let key = key.to_string();
        let page = self.list(&key, None, 1).await?;
        Ok(page.objects.into_iter().find(|object| object.key == key))
    }

    /// Opens an object, whole or a range of its bytes.
    pub async fn open(&self, key: &str, range: Option<Range<u64>>) -> Result<ObjectBody, ReadFault> {
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let whole = range.is_none();
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .set_range(range)
            .set_checksum_mode(whole.then_some(ChecksumMode::Enabled))
            .send()
            .await
            .map_err(|error| fault(SERVICE, key, error))?;
        let sent = answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or_default();
        let size = answer.content_range().and_then(whole_size).unwrap_or(sent);
        let facts = ObjectFacts {
            size,
            content_type: answer.content_type,
            version_id: answer.version_id,
            checksum_sha256: answer.checksum_sha256,
        };
        Ok(ObjectBody { facts, bytes: answer.body })
    }

    /// A page of the objects whose keys begin so (at most `limit`, and 1,000).
    pub async fn list(
        &self,
        prefix: &str,
        next: Option<String>,
        limit: u16,
    ) -> Result<ObjectPage, ReadFault> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .max_keys(i32::from(limit))
            .set_continuation_token(next)
            .send()
            .await
            .map_err(|error| fault(SERVICE, prefix, error))?;
        let objects = answer.contents().iter().filter_map(|object| {
            Some(Listed {
                key: object.key()?.to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                modified: object.last_modified().and_then(|at| Timestamp::new(at.secs(), 0).ok()),
            })
        });
        Ok(ObjectPage { objects: objects.collect(), next: answer.next_continuation_token })
    }

    /// For `doctor`: one call that a steward must be refused. It asks to replace a version that there never was, so that
    /// even a lake that allows it writes nothing.
    pub async fn try_to_write(&self, key: &str) -> Result<(), ReadFault> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(ByteStream::from_static(b""))
            .if_match("\"00000000000000000000000000000000\"");
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match fault(SERVICE, key, error) {
                // It came as far as looking for that version.
                ReadFault::Missing { .. } => Ok(()),
                ReadFault::Unreachable { reason, .. } if reason == "PreconditionFailed" => Ok(()),
                refused => Err(refused),
            },
        }
    }

    /// For `doctor`: lists any prefix.
    pub async fn try_to_list(&self, prefix: &str) -> Result<(), ReadFault> {
        self.list(prefix, None, 1).await.map(|_| ())
    }
}

impl ObjectBody {
    /// The next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<bytes::Bytes>, ReadFault> {
        self.bytes.try_next().await.map_err(|error| {
            let reason = deepest(&error);
            // The SDK holds the bytes against the checksum that S3 sent with them.
            if reason.contains("checksum mismatch") {
                ReadFault::Damaged {
                    what: "this object".to_owned(),
                    reason: "its bytes are not those of its checksum".to_owned(),
                }
            } else {
                ReadFault::Unreachable { service: SERVICE, reason }
            }
        })
    }
}

fn day_in(prefix: &str, found: &str) -> Option<Date> {
    found.strip_prefix(prefix)?.strip_prefix("date=")?.strip_suffix('/')?.parse().ok()
}

/// The size behind the slash of `bytes 0-99/1234`.
fn whole_size(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_days_are_read_from_what_s3_says() {
        assert_eq!(whole_size("bytes 0-99/1234"), Some(1234), "the size of the whole object");
        assert_eq!(whole_size("bytes 0-99/*"), None, "unknown size");
        let day =
            day_in("staging/protocol=hl7v2/source=a/", "staging/protocol=hl7v2/source=a/date=2026-03-04/");
        assert_eq!(day, Some("2026-03-04".parse().unwrap()), "a day's folder");
        assert_eq!(day_in("staging/", "staging/other/"), None, "other folders are no days");
    }
}
