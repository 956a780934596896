//! The seam to the dictionary: what a version of HL7 says of a segment and its fields.

/// The version of HL7 against which a message is checked.
#[derive(Clone, Copy)]
pub(crate) struct Schema {}

impl Schema {
    /// The version that MSH-12.1 names, or the nearest.
    pub(crate) fn of(_version: &[u8]) -> Self {
        Self {}
    }

    /// Whether MSH-12.1 names it.
    pub(crate) fn is_exact(self) -> bool {
        true
    }

    /// The segment of that name, if this version has it.
    pub(crate) fn segment(self, _name: &[u8]) -> Known {
        Known::NotChecked
    }
}

/// What the dictionary says of a segment.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    /// Defined.
    Segment(SegmentSchema),
    /// Not in this version.
    Unknown,
    /// There is no dictionary to ask.
    NotChecked,
}

/// A defined segment.
#[derive(Clone, Copy)]
pub(crate) struct SegmentSchema {}

impl SegmentSchema {
    /// How many fields it has.
    pub(crate) fn field_count(self) -> usize {
        usize::MAX
    }

    /// The data type of a field, from 1.
    pub(crate) fn data_type(self, _field: usize) -> Option<&'static str> {
        None
    }
}
