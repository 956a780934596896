//! One staged message value by value, with the names that HL7 gives to them: for reading on a terminal.

use std::fmt;
use std::io;

use er7::dictionary::{self, Version};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::input::Place;
use crate::output::{Column, Data, Table, printable};

const COLUMNS: &[Column] = &[
    Column { heading: "path", width: 14 },
    Column { heading: "name", width: 34 },
    Column { heading: "value", width: 60 },
];

/// Staged or error JSON, as far as it is shown.
#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    header: er7::Header,
    #[serde(default)]
    segments: Vec<Segment>,
    #[serde(default)]
    corrections: Vec<Remark>,
    #[serde(default)]
    findings: Vec<Remark>,
    reason: Option<String>,
    hint: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Segment {
    fields: Fields,
}

#[derive(Deserialize)]
struct Remark {
    code: String,
    path: Option<String>,
}

/// Path and value, in the order of the message.
struct Fields(Vec<(String, String)>);

/// Writes one message.
pub(super) fn show(data: &mut Data, place: &Place<'_>, json: &[u8]) -> io::Result<()> {
    let shown: Shown = serde_json::from_slice(json)?;
    data.heading(&heading(place, &shown.header))?;
    if let (Some(reason), Some(hint)) = (&shown.reason, &shown.hint) {
        let at = shown.path.as_ref().map_or_else(String::new, |path| format!(" ({path})"));
        data.line(&format!("  needs attention{at}: {reason} {hint}"))?;
    }
    let version = dictionary::for_version(shown.header.version.unwrap_or_default().as_bytes()).version;
    let mut table = Table::new(COLUMNS);
    for (path, value) in shown.segments.iter().flat_map(|segment| &segment.fields.0) {
        table.row(data, &[path, &name(path, version), value])?;
    }
    for remark in shown.corrections.iter().chain(&shown.findings) {
        let what = er7::codes::describe(&remark.code).map_or("", |code| code.what);
        let at = remark.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
        data.line(&format!("  {}{at}: {what}", remark.code))?;
    }
    data.line("")
}

fn heading(place: &Place<'_>, header: &er7::Header) -> String {
    let facts = [&header.message_type, &header.trigger_event, &header.version, &header.control_id];
    let facts: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
    format!("{}, message {}: {}", printable(place.file), place.index + 1, printable(&facts.join(" ")))
}

/// Field and last part of the path by name. What no dictionary names has none.
fn name(path: &str, version: &Version) -> String {
    dictionary::name_of_path(path, version).map_or_else(String::new, |name| name.to_string())
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the fields of a segment")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
