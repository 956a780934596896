//! Reads `dictionary.bin`, which `cargo xtask dictionary` writes (`xtask/src/dictionary.rs` holds the layout;
//! change both together). Rows of fixed width, numbers little-endian, found by arithmetic: nothing is parsed
//! beforehand and nothing is allocated. Every read is checked; a place outside the file reads as nothing.

const BLOB: &[u8] = include_bytes!("dictionary.bin");

const VERSIONS: Section = Section::number(0);
const ENTRIES: Section = Section::number(1);
const DEFINITIONS: Section = Section::number(2);
const ITEMS: Section = Section::number(3);
const FIELDS: Section = Section::number(4);
const TEXT: Section = Section::number(5);

/// Which of a version's three lists.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Segments,
    DataTypes,
    Messages,
}

/// A segment, data type or message: id, name, and where its fields or components are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Definition {
    // References into the text: looking a segment up should not pay for names that nobody asks for.
    id: u32,
    name: u32,
    pub(super) count: u16,
    start: u32,
}

impl Definition {
    pub(super) fn id(&self) -> &'static str {
        text(self.id)
    }

    pub(super) fn name(&self) -> &'static str {
        text(self.name)
    }
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.id())
    }
}

/// A field or component as written in the file.
#[derive(Clone, Copy)]
pub(super) struct FieldRow {
    pub(super) name: &'static str,
    pub(super) data_type: &'static str,
    pub(super) length: u32,
    pub(super) repeats: bool,
    pub(super) required: bool,
    pub(super) table: u16,
}

#[cfg(test)]
/// The name of the version with this number, counted from the oldest.
pub(super) fn version_name(version: u8) -> Option<&'static str> {
    let row: [u8; 16] = VERSIONS.row(usize::from(version))?;
    let [a, b, c, d, ..] = row;
    Some(text(u32::from_le_bytes([a, b, c, d])))
}

/// The segment with this three-letter id.
pub(super) fn segment(version: u8, id: [u8; 3]) -> Option<Definition> {
    let entries = entries(version, Kind::Segments);
    let place = entries.binary_search_by(|[a, b, c, ..]| [*a, *b, *c].cmp(&id)).ok()?;
    entries.get(place).and_then(definition)
}

/// The data type or message with this id.
pub(super) fn by_id(
    version: u8,
    kind: Kind,
    id: impl Fn(&'static str) -> std::cmp::Ordering,
) -> Option<Definition> {
    let entries = entries(version, kind);
    let place =
        entries.binary_search_by(|[a, b, c, d, ..]| id(text(u32::from_le_bytes([*a, *b, *c, *d])))).ok()?;
    entries.get(place).and_then(definition)
}

/// All definitions of a version, ordered by id.
pub(super) fn all(version: u8, kind: Kind) -> impl Iterator<Item = Definition> {
    entries(version, kind).iter().filter_map(definition)
}

/// The field or component with this number, counted from 1.
pub(super) fn field(definition: &Definition, number: u16) -> Option<FieldRow> {
    if number == 0 || number > definition.count {
        return None;
    }
    let place = usize::try_from(definition.start).ok()? + usize::from(number) - 1;
    let row: [u8; 14] = FIELDS.row(usize::from(u16::from_le_bytes(ITEMS.row(place)?)))?;
    let [n0, n1, n2, n3, t0, t1, t2, t3, l0, l1, l2, flags, b0, b1] = row;
    Some(FieldRow {
        name: text(u32::from_le_bytes([n0, n1, n2, n3])),
        data_type: text(u32::from_le_bytes([t0, t1, t2, t3])),
        length: u32::from_le_bytes([l0, l1, l2, 0]),
        repeats: flags & 1 != 0,
        required: flags & 2 != 0,
        table: u16::from_le_bytes([b0, b1]),
    })
}

fn entries(version: u8, kind: Kind) -> &'static [[u8; 6]] {
    let Some(row) = VERSIONS.row::<16>(usize::from(version)) else { return &[] };
    let [.., s0, s1, s2, s3, t0, t1, t2, t3, m0, m1, m2, m3] = row;
    let [a, b, c, d] = match kind {
        Kind::Segments => [s0, s1, s2, s3],
        Kind::DataTypes => [t0, t1, t2, t3],
        Kind::Messages => [m0, m1, m2, m3],
    };
    let start = usize::from(u16::from_le_bytes([a, b]));
    let count = usize::from(u16::from_le_bytes([c, d]));
    let (all, _) = ENTRIES.bytes().as_chunks::<6>();
    all.get(start..start + count).unwrap_or_default()
}

fn definition([.., n0, n1]: &[u8; 6]) -> Option<Definition> {
    let row: [u8; 14] = DEFINITIONS.row(usize::from(u16::from_le_bytes([*n0, *n1])))?;
    let [i0, i1, i2, i3, d0, d1, d2, d3, s0, s1, s2, s3, c0, c1] = row;
    Some(Definition {
        id: u32::from_le_bytes([i0, i1, i2, i3]),
        name: u32::from_le_bytes([d0, d1, d2, d3]),
        count: u16::from_le_bytes([c0, c1]),
        start: u32::from_le_bytes([s0, s1, s2, s3]),
    })
}

/// A reference is the start in the text (24 bits) and the length in bytes (8 bits).
fn text(reference: u32) -> &'static str {
    let [length, start @ ..] = reference.to_le_bytes();
    let [s0, s1, s2] = start;
    let start = usize::try_from(u32::from_le_bytes([s0, s1, s2, 0])).unwrap_or(0);
    let bytes = TEXT.bytes().get(start..start + usize::from(length)).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A part of the file; its place is worked out when this crate is compiled, which fails on a file that is
/// none.
struct Section {
    start: usize,
    end: usize,
}

impl Section {
    const fn number(number: usize) -> Self {
        assert!(
            matches!(BLOB.first_chunk(), Some(b"ER7D")),
            "dictionary.bin is not a dictionary; run cargo xtask dictionary"
        );
        Self { start: header(number), end: header(number + 1) }
    }

    fn bytes(&self) -> &'static [u8] {
        BLOB.get(self.start..self.end).unwrap_or_default()
    }

    fn row<const WIDTH: usize>(&self, number: usize) -> Option<[u8; WIDTH]> {
        self.bytes().get(number * WIDTH..)?.first_chunk().copied()
    }
}

/// Where a section starts: the header is the magic, then one start a section and the end of the last.
const fn header(number: usize) -> usize {
    let Some((_, at)) = BLOB.split_at_checked(4 + 4 * number) else { return 0 };
    match at.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes) as usize,
        None => 0,
    }
}
