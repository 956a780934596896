//! The lake bucket on the object store, as its only writer sees it.

use std::collections::BTreeMap;

use lake::{Fault, ObjectKey, PayloadRef, Store, StoredObject};

use crate::objects::{Address, Objects, Target};

/// The lake bucket. Clones share it.
#[derive(Clone)]
pub struct LocalStore {
    objects: Objects,
    bucket: String,
}

impl LocalStore {
    /// The lake bucket of this name, which is made if there is none.
    pub async fn open(objects: Objects, bucket: &str) -> Result<Self, Fault> {
        objects.ensure_bucket(bucket).await?;
        Ok(Self { objects, bucket: bucket.to_owned() })
    }
}

impl Store for LocalStore {
    async fn keep(&self, payload: &PayloadRef, key: &ObjectKey) -> Result<StoredObject, Fault> {
        let from = Address { bucket: &payload.bucket, key: &payload.key, version: None };
        let target = Target {
            bucket: self.bucket.clone(),
            key: key.to_string(),
            content_type: Some(key.content_type().to_owned()),
            tags: BTreeMap::from([("source".to_owned(), key.source.to_string())]),
            ..Target::default()
        };
        let (object, put) = self
            .objects
            .copy_if_absent(from, target, Some(payload.sha256))
            .await
            .map_err(|error| error.into_fault(&payload.key))?;
        Ok(StoredObject {
            bucket: self.bucket.clone(),
            version_id: Some(object.version_id.to_string()),
            sha256: object.sha256,
            size: object.size,
            put,
        })
    }
}
