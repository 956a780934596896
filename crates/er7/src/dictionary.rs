//! Segments, fields, components, data types and message structures of HL7 2.1 to 2.8, with their names.
//!
//! The data is `dictionary/dictionary.bin` (its notice beside it), made by `cargo xtask dictionary`. Lookups
//! by version, id and number neither allocate nor parse. [`describe`] answers people: by path (`PID-7`), by
//! id (`XPN`) or by meaning ("date of birth").

mod blob;
mod describe;
mod path;
mod search;
mod synonyms;
mod version;
mod words;

pub use describe::{Description, DescriptionKind, describe};
pub use path::{PathName, name_of_path};
pub use version::{Choice, Version, for_version, versions};

use blob::{Definition, Kind};

impl Version {
    /// The segment with this id (three bytes, upper case); none for `Z` segments and ids the version does not
    /// have.
    #[must_use]
    pub fn segment(&self, id: &[u8]) -> Option<Segment> {
        blob::segment(self.number, id.try_into().ok()?).map(Segment)
    }

    /// All segments, ordered by id.
    pub fn segments(&self) -> impl Iterator<Item = Segment> {
        blob::all(self.number, Kind::Segments).map(Segment)
    }

    /// The data type with this id, as `XPN`.
    #[must_use]
    pub fn data_type(&self, id: &str) -> Option<DataType> {
        blob::by_id(self.number, Kind::DataTypes, |known| known.cmp(id)).map(DataType)
    }

    /// All data types, ordered by id.
    pub fn data_types(&self) -> impl Iterator<Item = DataType> {
        blob::all(self.number, Kind::DataTypes).map(DataType)
    }

    /// What a message type and trigger event (MSH-9.1 and MSH-9.2, as `ADT` and `A01`) are called. An unknown
    /// trigger, or none, finds the type alone where the version lists it so (`ACK`).
    #[must_use]
    pub fn message_structure(&self, message_type: &str, trigger_event: &str) -> Option<MessageStructure> {
        let joined = || message_type.bytes().chain([b'_']).chain(trigger_event.bytes());
        blob::by_id(self.number, Kind::Messages, |known| known.bytes().cmp(joined()))
            .or_else(|| blob::by_id(self.number, Kind::Messages, |known| known.cmp(message_type)))
            .map(MessageStructure)
    }

    /// All message structures, ordered by id.
    pub fn message_structures(&self) -> impl Iterator<Item = MessageStructure> {
        blob::all(self.number, Kind::Messages).map(MessageStructure)
    }
}

/// A segment of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment(Definition);

impl Segment {
    /// Three letters, as `PID`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.0.id()
    }

    /// As "Patient Identification".
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The number of the last field that the version defines.
    #[must_use]
    pub fn field_count(&self) -> u16 {
        self.0.count
    }

    /// The field with this number, counted from 1 (MSH-1 is the field separator).
    #[must_use]
    pub fn field(&self, number: u16) -> Option<Field> {
        blob::field(&self.0, number).map(Field::from_row)
    }

    /// All fields in order, with their numbers.
    pub fn fields(&self) -> impl Iterator<Item = (u16, Field)> {
        let definition = self.0;
        (1..=definition.count)
            .filter_map(move |number| Some((number, Field::from_row(blob::field(&definition, number)?))))
    }
}

/// A field of a segment, or a component of a data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As "Date/Time of Birth".
    pub name: &'static str,
    /// The id of its data type, as `XPN`; `VARIES` where another field names the type (OBX-5).
    pub data_type: &'static str,
    /// The greatest length in characters, where the version gives one. Nobody keeps to it; only shown.
    pub max_length: Option<u32>,
    /// May it repeat?
    pub repeats: bool,
    /// Must it have a value?
    pub required: bool,
    /// The number of the HL7 or user table that its values are from.
    pub table: Option<u16>,
}

impl Field {
    fn from_row(row: blob::FieldRow) -> Self {
        Self {
            name: row.name,
            data_type: row.data_type,
            max_length: (row.length > 0).then_some(row.length),
            repeats: row.repeats,
            required: row.required,
            table: (row.table > 0).then_some(row.table),
        }
    }
}

/// A data type of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataType(Definition);

impl DataType {
    /// As `XPN`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.0.id()
    }

    /// As "Extended Person Name".
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// How many components it has; none for a simple type as `ST`.
    #[must_use]
    pub fn component_count(&self) -> u16 {
        self.0.count
    }

    /// The component with this number, counted from 1.
    #[must_use]
    pub fn component(&self, number: u16) -> Option<Field> {
        blob::field(&self.0, number).map(Field::from_row)
    }

    /// All components in order, with their numbers.
    pub fn components(&self) -> impl Iterator<Item = (u16, Field)> {
        let definition = self.0;
        (1..=definition.count)
            .filter_map(move |number| Some((number, Field::from_row(blob::field(&definition, number)?))))
    }
}

/// A message that a version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageStructure(Definition);

impl MessageStructure {
    /// Type and trigger event, as `ADT_A01`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.0.id()
    }

    /// As "Admit/visit notification".
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }
}
