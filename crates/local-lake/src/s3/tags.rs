//! Object tags (*Categorizing your objects using tags*): at most 10, keys to 128 characters, values to 256.

use std::collections::BTreeMap;

use s3s::dto::{Tag, TagSet};
use s3s::{S3Result, s3_error};

const MOST: usize = 10;
const KEY_CHARACTERS: usize = 128;
const VALUE_CHARACTERS: usize = 256;

/// Tags as the header `x-amz-tagging` carries them: `a=1&b=2`, URL-encoded.
pub(super) fn of_header(text: Option<&str>) -> S3Result<BTreeMap<String, String>> {
    let pairs = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes());
    checked(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())))
}

/// Tags as a document carries them.
pub(super) fn of_set(set: TagSet) -> S3Result<BTreeMap<String, String>> {
    checked(set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))
}

pub(super) fn to_set(tags: &BTreeMap<String, String>) -> TagSet {
    tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

fn checked(pairs: impl Iterator<Item = (String, String)>) -> S3Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > KEY_CHARACTERS {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > VALUE_CHARACTERS {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if tags.insert(key, value).is_some() {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    if tags.len() > MOST {
        return Err(s3_error!(InvalidTag, "Object tags cannot be greater than 10"));
    }
    Ok(tags)
}
