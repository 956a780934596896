//! `cargo xtask dictionary`: writes the HL7 dictionary that `er7` carries, from the npm package
//! `hl7v2-dictionary`.
//!
//! Needs npm, node and the network; the result is checked in, so nobody else does. The same package gives the
//! same bytes. The layout written here is read by `crates/er7/src/dictionary/blob.rs`; change both together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

const PACKAGE: &str = "hl7v2-dictionary";
const PACKAGE_VERSION: &str = "1.8.0";
/// What the registry must hand out, as npm writes it into its own lock file; another package is refused.
const PACKAGE_INTEGRITY: &str =
    "sha512-q3YcVQS9/LfJOKnvO1QEe3OjSoJzYd1NbdUqtoXftHJwSQwXRcNMZm2xDfKYNaXjbkBgLYNj+G6wOIY9ZMN/rA==";

/// Bytes of a field's row: name, data type, length with flags, table.
const FIELD_ROW: usize = 14;

/// Prints the parts that are used, as one JSON document, into the file named by the first argument.
const EXPORT: &str = "import { dictionaries } from 'hl7v2-dictionary';\n\
    import { writeFileSync } from 'node:fs';\n\
    const keep = ({ segments, types, messages }) => ({ segments, types, messages });\n\
    const out = Object.fromEntries(Object.entries(dictionaries).map(([v, d]) => [v, keep(d)]));\n\
    writeFileSync(process.argv[2], JSON.stringify(out));\n";

/// Places where the package differs from the standard: segment, field number, the versions, the right data
/// type. OBX-5 has the type that OBX-2 names, in every version (chapter 7).
const AMENDED_TYPES: &[(&str, u16, &[&str], &str)] = &[("OBX", 5, &["2.7", "2.7.1", "2.8"], "VARIES")];

/// Why the dictionary could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DictionaryError {
    /// A program that is needed could not be started.
    #[error("cannot run `{program}`: {source}; install Node 20 or newer (it brings npm)")]
    Start {
        /// What was to run.
        program: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ended badly.
    #[error("`{program}` failed: {message}")]
    Failed {
        /// What ran.
        program: &'static str,
        /// The end of what it printed.
        message: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The export is not the JSON expected.
    #[error("the export of {PACKAGE} cannot be read: {0}; its layout has changed")]
    Export(#[from] serde_json::Error),
    /// The registry gave another package than the one pinned.
    #[error(
        "{PACKAGE} {PACKAGE_VERSION} has integrity {found:?}, not the pinned one; look at the package before \
         trusting it"
    )]
    Integrity {
        /// What npm recorded.
        found: String,
    },
    /// A number does not fit the compact form.
    #[error("{what} does not fit the compact form; widen it in xtask and in er7's blob reader")]
    TooLarge {
        /// Which number.
        what: &'static str,
    },
}

/// Fetches the package into a temporary folder and writes blob and notice beside the reader in `crates/er7`.
///
/// # Errors
/// [`DictionaryError`] when npm or node are missing or fail, the package is not the pinned one, or a
/// file cannot be written.
pub(crate) fn run() -> Result<(), DictionaryError> {
    let folder = std::env::temp_dir().join(format!("lake-steward-dictionary-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|source| DictionaryError::File { path: folder.clone(), source })?;
    let made = make(&folder);
    // The folder is in the system's temporary place; failing to remove it harms nothing.
    drop(fs::remove_dir_all(&folder));
    made
}

fn make(folder: &Path) -> Result<(), DictionaryError> {
    fetch(folder)?;
    let export: Export = serde_json::from_slice(&read(&folder.join("export.json"))?)?;
    let blob = Blob::build(&export)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/er7/src/dictionary");
    write(&target.join("dictionary.bin"), &blob.bytes)?;
    let licence = read(&folder.join("node_modules").join(PACKAGE).join("LICENSE"))?;
    let mut notice = format!(
        "dictionary.bin is made from the npm package {PACKAGE} {PACKAGE_VERSION}\n\
         (https://www.npmjs.com/package/{PACKAGE}) by `cargo xtask dictionary`. Its licence:\n\n"
    )
    .into_bytes();
    notice.extend_from_slice(&licence);
    write(&target.join("NOTICE"), &notice)?;
    eprintln!("{}", blob.summary);
    Ok(())
}

fn fetch(folder: &Path) -> Result<(), DictionaryError> {
    write(&folder.join("package.json"), br#"{"private":true,"type":"module"}"#)?;
    write(&folder.join("export.mjs"), EXPORT.as_bytes())?;
    let package = format!("{PACKAGE}@{PACKAGE_VERSION}");
    let install = [
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--fetch-timeout=60000",
        "--fetch-retries=2",
    ];
    start("npm", Command::new("npm").args(install).arg(package).current_dir(folder))?;
    let lock: serde_json::Value =
        serde_json::from_slice(&read(&folder.join("node_modules/.package-lock.json"))?)?;
    let pointer = format!("/packages/node_modules~1{PACKAGE}/integrity");
    let found = lock.pointer(&pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
    if found != PACKAGE_INTEGRITY {
        return Err(DictionaryError::Integrity { found: found.to_owned() });
    }
    start("node", Command::new("node").args(["export.mjs", "export.json"]).current_dir(folder))
}

fn start(program: &'static str, command: &mut Command) -> Result<(), DictionaryError> {
    let output = command.output().map_err(|source| DictionaryError::Start { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = text.lines().rev().take(8).collect();
    Err(DictionaryError::Failed { program, message: tail.into_iter().rev().collect::<Vec<_>>().join("\n") })
}

fn read(path: &Path) -> Result<Vec<u8>, DictionaryError> {
    fs::read(path).map_err(|source| DictionaryError::File { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), DictionaryError> {
    fs::write(path, bytes).map_err(|source| DictionaryError::File { path: path.to_owned(), source })
}

type Export = BTreeMap<String, ExportedVersion>;

#[derive(Deserialize)]
struct ExportedVersion {
    segments: BTreeMap<String, Definition>,
    types: BTreeMap<String, Definition>,
    messages: BTreeMap<String, Named>,
}

/// A segment with its fields, or a data type with its components: the package writes both alike.
#[derive(Deserialize)]
struct Definition {
    #[serde(default)]
    desc: String,
    #[serde(default)]
    fields: BTreeMap<u16, ExportedField>,
}

#[derive(Deserialize)]
struct ExportedField {
    #[serde(rename = "type")]
    data_type: String,
    #[serde(default)]
    desc: String,
    #[serde(default)]
    opt: String,
    #[serde(default)]
    rep: serde_json::Value,
    #[serde(default)]
    len: u32,
    #[serde(default)]
    table: u16,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    desc: String,
}

/// The finished file and a line for the person who made it.
struct Blob {
    bytes: Vec<u8>,
    summary: String,
}

/// Everything that versions share is written once and pointed to by number.
#[derive(Default)]
struct Tables {
    names: HashMap<String, u32>,
    text: String,
    fields: Rows,
    lists: Rows,
    definitions: Rows,
    list_items: Vec<u16>,
    list_starts: Vec<u32>,
    /// One row a version: name, then start and count of its segments, data types and messages in `entries`.
    versions: Vec<u8>,
    entries: Vec<u8>,
}

impl Blob {
    fn build(export: &Export) -> Result<Self, DictionaryError> {
        let mut tables = Tables::default();
        tables.pool(export)?;
        let mut versions: Vec<(&String, &ExportedVersion)> = export.iter().collect();
        versions.sort_by_key(|(name, _)| {
            name.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>()
        });
        for (name, version) in versions {
            tables.version(name, version)?;
        }
        tables.finish(export.len())
    }
}

impl Tables {
    /// Longest first, so that a name that is part of a longer one costs nothing.
    fn pool(&mut self, export: &Export) -> Result<(), DictionaryError> {
        let mut all = BTreeSet::new();
        for (version_name, version) in export {
            all.insert(version_name.clone());
            for (id, definition) in version.segments.iter().chain(&version.types) {
                all.extend([id.clone(), tidy(&definition.desc)]);
                all.extend(definition.fields.values().map(|field| tidy(&field.desc)));
            }
            for (id, message) in &version.messages {
                all.extend([id.clone(), tidy(&message.desc)]);
            }
        }
        let mut all: Vec<String> = all.into_iter().collect();
        all.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in all {
            let start = self.text.find(&name).unwrap_or_else(|| {
                self.text.push_str(&name);
                self.text.len() - name.len()
            });
            let start = u32::try_from(start).ok().filter(|start| *start < 1 << 24);
            let length = u8::try_from(name.len()).ok();
            let (Some(start), Some(length)) = (start, length) else {
                return Err(DictionaryError::TooLarge { what: "a name" });
            };
            self.names.insert(name, start << 8 | u32::from(length));
        }
        Ok(())
    }

    fn name(&self, name: &str) -> u32 {
        self.names.get(name).copied().unwrap_or(0)
    }

    fn version(&mut self, name: &str, version: &ExportedVersion) -> Result<(), DictionaryError> {
        let mut row = self.name(name).to_le_bytes().to_vec();
        for (definitions, segments) in [(&version.segments, true), (&version.types, false)] {
            let start = self.entries.len() / 6;
            for (id, definition) in definitions {
                // A package slip: a "segment" whose name is a data type's.
                if segments && id.len() != 3 {
                    continue;
                }
                let number = self.definition(name, id, definition)?;
                // A segment's three letters stand in the entry itself, so that the search for them reads one
                // place.
                let key = match id.as_bytes() {
                    [first, second, third] if segments => [*first, *second, *third, 0],
                    _ => self.name(id).to_le_bytes(),
                };
                self.entries.extend(key);
                self.entries.extend(number.to_le_bytes());
            }
            self.close(&mut row, start)?;
        }
        let start = self.entries.len() / 6;
        for (id, message) in &version.messages {
            let number = self.definitions.insert(&definition_row(
                self.name(id),
                self.name(&tidy(&message.desc)),
                0,
                0,
            ))?;
            self.entries.extend(self.name(id).to_le_bytes());
            self.entries.extend(number.to_le_bytes());
        }
        self.close(&mut row, start)?;
        self.versions.extend(row);
        Ok(())
    }

    fn close(&self, row: &mut Vec<u8>, start: usize) -> Result<(), DictionaryError> {
        let end = self.entries.len() / 6;
        let (Ok(start), Ok(count)) = (u16::try_from(start), u16::try_from(end - start)) else {
            return Err(DictionaryError::TooLarge { what: "the number of entries" });
        };
        row.extend(start.to_le_bytes());
        row.extend(count.to_le_bytes());
        Ok(())
    }

    fn definition(
        &mut self,
        version: &str,
        id: &str,
        definition: &Definition,
    ) -> Result<u16, DictionaryError> {
        let count = definition.fields.keys().max().copied().unwrap_or(0);
        let mut list = Vec::new();
        for number in 1..=count {
            let row = match definition.fields.get(&number) {
                Some(field) => self.field(version, id, number, field)?,
                None => vec![0; FIELD_ROW],
            };
            list.extend(self.fields.insert(&row)?.to_le_bytes());
        }
        let known = self.lists.rows.len();
        let number = usize::from(self.lists.insert(&list)?);
        if number == known {
            let start = u32::try_from(self.list_items.len())
                .map_err(|_| DictionaryError::TooLarge { what: "the lists" })?;
            self.list_starts.push(start);
            self.list_items.extend(list.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)));
        }
        let start = self.list_starts.get(number).copied().unwrap_or(0);
        self.definitions.insert(&definition_row(
            self.name(id),
            self.name(&tidy(&definition.desc)),
            start,
            count,
        ))
    }

    fn field(
        &self,
        version: &str,
        id: &str,
        number: u16,
        field: &ExportedField,
    ) -> Result<Vec<u8>, DictionaryError> {
        let amended = AMENDED_TYPES.iter().find(|(segment, place, versions, _)| {
            *segment == id && *place == number && versions.contains(&version)
        });
        let data_type = amended.map_or(field.data_type.as_str(), |(.., right)| right);
        if field.len >= 1 << 24 {
            return Err(DictionaryError::TooLarge { what: "a length" });
        }
        let repeats = u32::from(field.rep.as_u64() != Some(1) && !field.rep.is_null());
        let required = u32::from(field.opt == "R");
        let mut row = self.name(&tidy(&field.desc)).to_le_bytes().to_vec();
        row.extend(self.name(data_type).to_le_bytes());
        row.extend((field.len | repeats << 24 | required << 25).to_le_bytes());
        row.extend(field.table.to_le_bytes());
        Ok(row)
    }

    fn finish(self, versions: usize) -> Result<Blob, DictionaryError> {
        let definitions = self.definitions.rows.concat();
        let fields = self.fields.rows.concat();
        let items: Vec<u8> = self.list_items.iter().flat_map(|item| item.to_le_bytes()).collect();
        let sections = [self.versions, self.entries, definitions, items, fields, self.text.into_bytes()];
        let mut bytes = b"ER7D".to_vec();
        let mut at = 4 + 4 * (sections.len() + 1);
        for length in sections.iter().map(Vec::len).chain([0]) {
            let start = u32::try_from(at).map_err(|_| DictionaryError::TooLarge { what: "the file" })?;
            bytes.extend(start.to_le_bytes());
            at += length;
        }
        for section in &sections {
            bytes.extend(section);
        }
        let summary = format!(
            "{versions} versions, {} definitions, {} fields and components, {} bytes",
            self.definitions.rows.len(),
            self.fields.rows.len(),
            bytes.len()
        );
        Ok(Blob { bytes, summary })
    }
}

fn definition_row(id: u32, name: u32, start: u32, count: u16) -> Vec<u8> {
    let mut row = id.to_le_bytes().to_vec();
    row.extend(name.to_le_bytes());
    row.extend(start.to_le_bytes());
    row.extend(count.to_le_bytes());
    row
}

/// Rows kept once each, in order of first use.
#[derive(Default)]
struct Rows {
    rows: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, u16>,
}

impl Rows {
    fn insert(&mut self, row: &[u8]) -> Result<u16, DictionaryError> {
        if let Some(number) = self.known.get(row) {
            return Ok(*number);
        }
        let number = u16::try_from(self.rows.len())
            .map_err(|_| DictionaryError::TooLarge { what: "the number of rows" })?;
        self.rows.push(row.to_vec());
        self.known.insert(row.to_vec(), number);
        Ok(number)
    }
}

/// Blanks at the ends and doubled blanks come from typing, not from the standard.
fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
