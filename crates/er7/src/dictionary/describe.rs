//! Answers for people: by path, by id, or by meaning.

use super::path::{Steps, name_of_path};
use super::search::by_meaning;
use super::version::{for_version, usual, versions};
use super::{DataType, Field, MessageStructure, Segment, Version};
use serde::Serialize;

/// One entry of the dictionary, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// What it is.
    pub kind: DescriptionKind,
    /// As `PID`, `PID-7`, `PID-5.1`, `XPN`, `XPN.2` or `ADT^A01`.
    pub path: String,
    /// As "Family Name".
    pub name: &'static str,
    /// What it is part of: the segment, field or data type, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<&'static str>,
    /// The id of its data type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_type: Option<&'static str>,
    /// The name of its data type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_type_name: Option<&'static str>,
    /// The greatest length in characters that the version gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Fields and components: may it repeat?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<bool>,
    /// Fields and components: must it have a value?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The number of the HL7 or user table that its values are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<u16>,
    /// The version described.
    pub version: &'static str,
    /// The oldest version known to have it.
    pub since: &'static str,
    /// The newest version known to have it.
    pub until: &'static str,
}

/// What a [`Description`] describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DescriptionKind {
    /// A segment.
    Segment,
    /// A field of a segment.
    Field,
    /// A component, or a component of a component.
    Component,
    /// A data type.
    DataType,
    /// A message.
    Message,
}

/// Everything the dictionary has for a term, best first: a path (`PID-5.1`, with its parts after it), an id
/// (`PID`, `XPN`, `ADT^A01`, `A01`), or a meaning ("date of birth", "mrn"), at most 25 of those. Without a
/// version it is 2.5.1, and another one where that does not know the path or id; a version that is not known
/// stands for the nearest one ([`for_version`]). Nothing found is an empty list.
#[must_use]
pub fn describe(term: &str, version: Option<&str>) -> Vec<Description> {
    let term = term.trim();
    if term.is_empty() {
        return Vec::new();
    }
    let exact = match version {
        Some(version) => by_id(term, for_version(version.as_bytes()).version),
        None => std::iter::once(usual())
            .chain(versions().iter().rev())
            .map(|version| by_id(term, version))
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
    };
    // A word in small letters may be an id (`add`) or just a word.
    if !exact.is_empty() && term.chars().any(|character| !character.is_lowercase()) {
        return exact;
    }
    let version = version.map_or_else(usual, |version| for_version(version.as_bytes()).version);
    let mut found = exact;
    found.extend(by_meaning(term, version));
    found
}

fn by_id(term: &str, version: &'static Version) -> Vec<Description> {
    let upper = term.to_ascii_uppercase();
    let mut found = messages(&upper, version);
    if let Some(steps) = Steps::read(&upper) {
        match steps.numbers {
            [None, ..] => found.extend(whole(steps.id, version)),
            _ => found.extend(place(&steps, version)),
        }
    }
    found
}

/// A segment with its fields, a data type with its components.
fn whole(id: &str, version: &'static Version) -> Vec<Description> {
    let mut found = Vec::new();
    if let Some(segment) = version.segment(id.as_bytes()) {
        found.push(Description::of_segment(segment, version));
        let paths = segment.fields().map(|(number, _)| format!("{id}-{number}"));
        found.extend(paths.filter_map(|path| Description::of_path(&path, version)));
    }
    if let Some(data_type) = version.data_type(id) {
        found.push(Description::of_data_type(data_type, version));
        found.extend(parts(id, data_type, version));
    }
    found
}

/// A field or component with its own parts.
fn place(steps: &Steps<'_>, version: &'static Version) -> Vec<Description> {
    let separators = [if steps.hyphened { "-" } else { "." }, ".", "."];
    let mut path = steps.id.to_owned();
    for (separator, number) in separators.into_iter().zip(steps.numbers.into_iter().flatten()) {
        path.push_str(separator);
        path.push_str(&number.to_string());
    }
    let Some(description) = Description::of_path(&path, version) else { return Vec::new() };
    let data_type = description.data_type.and_then(|id| version.data_type(id));
    let mut found = vec![description];
    found.extend(data_type.into_iter().flat_map(|data_type| parts(&path, data_type, version)));
    found
}

fn parts(path: &str, data_type: DataType, version: &'static Version) -> Vec<Description> {
    let paths = data_type.components().map(|(number, _)| format!("{path}.{number}"));
    paths.filter_map(|path| Description::of_path(&path, version)).collect()
}

/// `ADT^A01`, `ADT_A01`, `ADT^A01^ADT_A01`, or a type or trigger event alone.
fn messages(upper: &str, version: &'static Version) -> Vec<Description> {
    let mut asked = upper.split(['^', '_']);
    let (first, second) = (asked.next().unwrap_or_default(), asked.next());
    version
        .message_structures()
        .filter(|message| {
            let (kind, trigger) = message.id().split_once('_').unwrap_or((message.id(), ""));
            match second {
                Some(second) => (kind, trigger) == (first, second),
                None => kind == first || trigger == first,
            }
        })
        .map(|message| Description::of_message(message, version))
        .collect()
}

impl Description {
    /// A field or component by its path; none where the version does not have its last step.
    pub(super) fn of_path(path: &str, version: &'static Version) -> Option<Self> {
        let (field, within) = last_step(path, version)?;
        let kind = match Steps::read(path)?.numbers {
            [_, None, _] if path.contains('-') => DescriptionKind::Field,
            _ => DescriptionKind::Component,
        };
        let mut description = Self::plain(kind, path.to_owned(), field.name, version);
        description.within = Some(within);
        description.data_type = Some(field.data_type);
        description.data_type_name = version.data_type(field.data_type).map(|data_type| data_type.name());
        description.max_length = field.max_length;
        description.repeats = Some(field.repeats);
        description.required = Some(field.required);
        description.table = field.table;
        Some(description.known_in(|version| last_step(path, version).is_some()))
    }

    pub(super) fn of_segment(segment: Segment, version: &'static Version) -> Self {
        Self::plain(DescriptionKind::Segment, segment.id().to_owned(), segment.name(), version)
            .known_in(|version| version.segment(segment.id().as_bytes()).is_some())
    }

    pub(super) fn of_data_type(data_type: DataType, version: &'static Version) -> Self {
        Self::plain(DescriptionKind::DataType, data_type.id().to_owned(), data_type.name(), version)
            .known_in(|version| version.data_type(data_type.id()).is_some())
    }

    pub(super) fn of_message(message: MessageStructure, version: &'static Version) -> Self {
        let (kind, trigger) = message.id().split_once('_').unwrap_or((message.id(), ""));
        Self::plain(DescriptionKind::Message, message.id().replace('_', "^"), message.name(), version)
            .known_in(|version| {
                version.message_structure(kind, trigger).is_some_and(|found| found.id() == message.id())
            })
    }

    fn plain(kind: DescriptionKind, path: String, name: &'static str, version: &'static Version) -> Self {
        Self {
            kind,
            path,
            name,
            within: None,
            data_type: None,
            data_type_name: None,
            max_length: None,
            repeats: None,
            required: None,
            table: None,
            version: version.name,
            since: version.name,
            until: version.name,
        }
    }

    fn known_in(mut self, knows: impl Fn(&'static Version) -> bool) -> Self {
        if let Some(oldest) = versions().iter().find(|version| knows(version)) {
            self.since = oldest.name;
        }
        if let Some(newest) = versions().iter().rev().find(|version| knows(version)) {
            self.until = newest.name;
        }
        self
    }
}

/// The field or component at the end of a path, and the name of what it is part of; none when a step is
/// unknown.
fn last_step(path: &str, version: &Version) -> Option<(Field, &'static str)> {
    let name = name_of_path(path, version)?;
    let steps = Steps::read(path)?;
    let asked = steps.numbers.iter().flatten().count();
    let whole =
        name.segment.map(|segment| segment.name()).or(name.data_type.map(|data_type| data_type.name()))?;
    let known: Vec<Field> = [name.field, name.component, name.subcomponent].into_iter().flatten().collect();
    let within = known.iter().rev().nth(1).map_or(whole, |field| field.name);
    (known.len() == asked).then_some(())?;
    Some((*known.last()?, within))
}
