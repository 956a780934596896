//! Searching the staged messages of some days: streamed, a few at a time, nothing kept.

use std::fmt;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, stream};
use jiff::civil::Date;
use lake::{ObjectKey, Source, Zone};
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::term::Term;
use crate::reading::{Listed, Objects, ReadFault};

/// Objects read at a time.
const AT_ONCE: usize = 8;
/// Objects listed at a time.
const PAGE: u16 = 500;
/// The largest staged object that is read: 4 MiB of ER7 make less JSON than this.
const LARGEST: u64 = 64 * 1024 * 1024;
/// How often one object is read when the answer breaks off.
const TRIES: u32 = 3;
/// Places named of one message; further ones are counted.
const PLACES: usize = 100;

/// What one object was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundIn {
    /// Whose it is.
    pub key: ObjectKey,
    /// Where the values are, by path; empty if nothing matches.
    pub paths: Vec<String>,
    /// Further places beyond those named.
    pub more: u64,
    /// Why it could not be searched, if it could not.
    pub fault: Option<ReadFault>,
}

/// Searches the staged objects of these days, in this order: one answer an object. Dropping the stream ends the search.
pub fn search<'a>(
    objects: &'a Objects,
    source: &'a Source,
    days: impl IntoIterator<Item = Date> + Send + 'a,
    term: &'a Arc<Term>,
) -> impl Stream<Item = Result<FoundIn, ReadFault>> + 'a {
    let days = days.into_iter().collect::<Vec<_>>();
    stream::iter(days)
        .map(move |day| objects_of(objects, Zone::Staging, source, day))
        .flatten()
        .try_filter_map(async |listed| Ok(ObjectKey::parse(&listed.key).map(|key| (key, listed.size))))
        .map_ok(move |(key, size)| async move { Ok(look_into(objects, key, size, term).await) })
        .try_buffered(AT_ONCE)
}

/// The objects of one zone and day, in key order, one page in memory.
pub(super) fn objects_of<'a>(
    objects: &'a Objects,
    zone: Zone,
    source: &'a Source,
    day: Date,
) -> std::pin::Pin<Box<dyn Stream<Item = Result<Listed, ReadFault>> + Send + 'a>> {
    let first = Some(None::<String>);
    let pages = stream::try_unfold(first, move |next| async move {
        let Some(token) = next else { return Ok::<_, ReadFault>(None) };
        let page = objects.page(zone, source, day, token, PAGE).await?;
        Ok(Some((stream::iter(page.objects.into_iter().map(Ok)), page.next.map(Some))))
    });
    Box::pin(pages.try_flatten())
}

async fn look_into(objects: &Objects, key: ObjectKey, size: u64, term: &Term) -> FoundIn {
    let mut found = FoundIn { key, paths: Vec::new(), more: 0, fault: None };
    match read(objects, &found.key, size).await {
        Ok(bytes) => {
            let mut json = serde_json::Deserializer::from_slice(&bytes);
            let looking = Staged { term, found: &mut found };
            if let Err(error) = looking.deserialize(&mut json) {
                let reason =
                    format!("it is not staged JSON (line {}, column {})", error.line(), error.column());
                found.fault = Some(ReadFault::Damaged { what: found.key.to_string(), reason });
            }
        }
        Err(fault) => found.fault = Some(fault),
    }
    found
}

async fn read(objects: &Objects, key: &ObjectKey, size: u64) -> Result<Vec<u8>, ReadFault> {
    let name = key.to_string();
    if size > LARGEST {
        return Err(ReadFault::Damaged { what: name, reason: format!("{size} bytes are too many") });
    }
    let mut tries = 1;
    loop {
        match read_once(objects, &name, size).await {
            Err(ReadFault::Unreachable { .. }) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

async fn read_once(objects: &Objects, key: &str, size: u64) -> Result<Vec<u8>, ReadFault> {
    let mut body = objects.open(key, None).await?;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    while let Some(chunk) = body.next().await? {
        if bytes.len() as u64 + chunk.len() as u64 > LARGEST {
            let reason = "it is longer than it was said to be".to_owned();
            return Err(ReadFault::Damaged { what: key.to_owned(), reason });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The staged JSON, of which only the values that match leave a trace.
struct Staged<'t, 'f> {
    term: &'t Term,
    found: &'f mut FoundIn,
}

impl<'de> DeserializeSeed<'de> for Staged<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Staged<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a staged message")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if key == "segments" {
                map.next_value_seed(Segments(&mut self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Segments<'s, 't, 'f>(&'s mut Staged<'t, 'f>);

impl<'de> DeserializeSeed<'de> for Segments<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Segments<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("segments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Fields { staged: self.0, inside: Inside::Segment })?.is_some() {}
        Ok(())
    }
}

/// A segment, or the fields in it.
struct Fields<'s, 't, 'f> {
    staged: &'s mut Staged<'t, 'f>,
    inside: Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Segment,
    Values,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a segment with its fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            match self.inside {
                Inside::Segment if key == "fields" => {
                    map.next_value_seed(Fields { staged: &mut *self.staged, inside: Inside::Values })?;
                }
                Inside::Segment => drop(map.next_value::<IgnoredAny>()?),
                Inside::Values => {
                    let value = map.next_value::<std::borrow::Cow<'_, str>>()?;
                    if self.staged.term.holds(&key, &value) {
                        self.staged.found.name(&key);
                    }
                }
            }
        }
        Ok(())
    }
}

impl FoundIn {
    fn name(&mut self, path: &str) {
        if self.paths.len() < PLACES {
            self.paths.push(path.to_owned());
        } else {
            self.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_segments_are_looked_at() {
        let json = br#"{"schema":"er7/1","lake":{"source":"DOE"},"header":{"sending_application":"DOE"},
            "segments":[{"id":"MSH","fields":{"MSH-3.1":"A"}},{"id":"PID","fields":{"PID-5.1":"DOE","PID-5[2].1":"DO\u0045"}}]}"#;
        let key =
            "staging/protocol=hl7v2/source=a/date=2026-03-04/019cb3c1-7d00-7000-8000-000000000000.1.json";
        let term = Term::parse("doe").unwrap();
        let key = ObjectKey::parse(key).unwrap();
        let mut found = FoundIn { key, paths: vec![], more: 0, fault: None };
        let mut reader = serde_json::Deserializer::from_slice(json);
        Staged { term: &term, found: &mut found }.deserialize(&mut reader).unwrap();
        assert_eq!(
            found.paths,
            ["PID-5.1", "PID-5[2].1"],
            "both repetitions, and nothing outside the segments"
        );
    }
}
