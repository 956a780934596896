//! The seam to the dictionary: what a version of HL7 says of a segment and its fields, laid out for the hot path.

use crate::dictionary::{self, Version};
use std::sync::OnceLock;

/// The version of HL7 against which a message is checked.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    segments: &'static [SegmentSchema],
    name: &'static str,
    is_exact: bool,
}

impl Schema {
    /// The version that MSH-12.1 names, or the nearest.
    pub(crate) fn of(version: &[u8]) -> Self {
        let choice = dictionary::for_version(version);
        Self { segments: segments(choice.version), name: choice.version.name, is_exact: choice.exact }
    }

    /// Which version's dictionary this is, as the detail of a finding.
    pub(crate) fn read_as(self) -> &'static str {
        match self.name {
            "2.1" => "read-as-2.1",
            "2.2" => "read-as-2.2",
            "2.3" => "read-as-2.3",
            "2.3.1" => "read-as-2.3.1",
            "2.4" => "read-as-2.4",
            "2.5" => "read-as-2.5",
            "2.5.1" => "read-as-2.5.1",
            "2.6" => "read-as-2.6",
            "2.7" => "read-as-2.7",
            "2.7.1" => "read-as-2.7.1",
            _ => "read-as-2.8",
        }
    }

    /// Whether MSH-12.1 names it.
    pub(crate) fn is_exact(self) -> bool {
        self.is_exact
    }

    /// The segment of that name, if this version has it.
    pub(crate) fn segment(self, id: [u8; 3]) -> Option<&'static SegmentSchema> {
        let id = key(id);
        let place = self.segments.binary_search_by_key(&id, |known| known.id).ok()?;
        self.segments.get(place)
    }
}

/// Whether any version defines a data type of that name, or HL7 table 0125 lists it.
pub(crate) fn is_data_type(name: &[u8]) -> bool {
    let is_usual = matches!(
        name,
        b"NM"
            | b"ST"
            | b"TX"
            | b"FT"
            | b"CE"
            | b"CWE"
            | b"CNE"
            | b"SN"
            | b"TS"
            | b"DT"
            | b"TM"
            | b"DTM"
            | b"ED"
    );
    is_usual
        || std::str::from_utf8(name).is_ok_and(|name| {
            dictionary::versions().iter().rev().any(|version| version.data_type(name).is_some())
        })
}

/// A defined segment.
pub(crate) struct SegmentSchema {
    id: u32,
    /// For each field, from 1, whether it is a date or time.
    times: Box<[Time]>,
}

impl SegmentSchema {
    /// How many fields it has.
    pub(crate) fn field_count(&self) -> usize {
        self.times.len()
    }

    /// Whether a field, from 1, is a date or time.
    pub(crate) fn time(&self, field: usize) -> Time {
        field.checked_sub(1).and_then(|index| self.times.get(index)).copied().unwrap_or_default()
    }
}

/// Numbers compare faster than bytes.
fn key([first, second, third]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, first, second, third])
}

/// The data types that are a date or time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Time {
    /// None.
    #[default]
    No,
    /// TS and DTM: to the second and finer.
    Moment,
    /// DT.
    Date,
    /// TM.
    OfDay,
}

impl Time {
    /// By the name of the data type.
    pub(crate) fn named(data_type: &[u8]) -> Self {
        match data_type {
            b"TS" | b"DTM" => Self::Moment,
            b"DT" => Self::Date,
            b"TM" => Self::OfDay,
            _ => Self::No,
        }
    }
}

/// Every segment of a version by name. Made once a version, since the dictionary's own rows are compact, not quick.
fn segments(version: &'static Version) -> &'static [SegmentSchema] {
    static TABLES: [OnceLock<Vec<SegmentSchema>>; 16] = [const { OnceLock::new() }; 16];
    let number = dictionary::versions().iter().position(|known| known == version).unwrap_or_default();
    let Some(table) = TABLES.get(number) else { return &[] };
    table.get_or_init(|| {
        let mut segments: Vec<SegmentSchema> = version
            .segments()
            .filter_map(|segment| {
                let id = key(segment.id().as_bytes().try_into().ok()?);
                let mut times = vec![Time::No; usize::from(segment.field_count())];
                for (number, field) in segment.fields() {
                    if let Some(time) = times.get_mut(usize::from(number).saturating_sub(1)) {
                        *time = Time::named(field.data_type.as_bytes());
                    }
                }
                Some(SegmentSchema { id, times: times.into_boxed_slice() })
            })
            .collect();
        segments.sort_unstable_by_key(|segment| segment.id);
        segments
    })
}
