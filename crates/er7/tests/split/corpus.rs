//! Messages of the corpus, number and text, against the oracle, an independent program.

use er7::split::{Piece, Splitter};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files whose messages differ from the oracle's on purpose, each with the reason.
const DEVIATIONS: &[(&str, &str)] = &[];

#[test]
fn messages_are_those_of_the_oracle() {
    let Some(corpus) = corpus() else {
        println!("not run: corpus absent (set LAKE_CORPUS to its folder)");
        return;
    };
    let expected = oracle(&corpus);
    assert!(expected.len() > 800, "the oracle finds messages in {} files", expected.len());
    let (mut messages, mut deviations) = (0, Vec::new());
    for path in files(&corpus) {
        let file = std::fs::read(&path).expect("a corpus file can be read");
        if file.len() < 100_000 {
            crate::invariants::fuzz_split(&file);
        }
        let found: Vec<String> = Splitter::new(&file[..])
            .filter_map(|piece| match piece.expect("a slice can be read") {
                Piece::Message(message) => Some(as_the_oracle_writes(message.bytes())),
                Piece::Oversize { .. } | Piece::Undecodable { .. } => Some("(without text)".to_owned()),
                _ => None,
            })
            .collect();
        messages += found.len();
        let wanted = expected.get(&path).cloned().unwrap_or_default();
        if found != wanted {
            deviations.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    let explained: Vec<&str> = DEVIATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(deviations, explained, "each file that differs is listed with its reason");
    println!("{messages} messages equal the oracle's, {} files deviate", deviations.len());
    assert!(messages >= 1_900, "the corpus is whole: {messages} messages");
}

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("LAKE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    folder.join("oracle.py").exists().then_some(folder)
}

/// Messages by file.
fn oracle(corpus: &Path) -> BTreeMap<PathBuf, Vec<String>> {
    let out = std::env::temp_dir().join(format!("er7-split-oracle-{}.json", std::process::id()));
    let status = Command::new("python3")
        .arg(corpus.join("oracle.py"))
        .arg("--messages")
        .arg(&out)
        .arg(corpus)
        .status();
    assert!(status.expect("python3 is installed").success(), "the oracle ran");
    let text = std::fs::read(&out).expect("the oracle wrote its answer");
    std::fs::remove_file(&out).expect("its answer can be removed");
    let rows: Vec<(PathBuf, u64, String)> = serde_json::from_slice(&text).expect("the answer is JSON");
    let mut by_file = BTreeMap::<PathBuf, Vec<String>>::new();
    for (path, _, text) in rows {
        by_file.entry(path).or_default().push(text);
    }
    by_file
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the corpus can be listed") {
        let path = entry.expect("the corpus can be listed").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.extension().is_some_and(|end| ["json", "md", "py"].iter().any(|other| end == *other))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Its definition: every line end is one CR, blank lines go, framing at the ends of lines goes, then UTF-8,
/// else what MSH-18 names, else Windows-1252.
fn as_the_oracle_writes(message: &[u8]) -> String {
    let lines: Vec<&[u8]> = message
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(|line| {
            let start = line.iter().position(|byte| *byte != 0x0B).unwrap_or(line.len());
            let end = line.iter().rposition(|byte| *byte != 0x1C).map_or(start, |last| last + 1);
            line.get(start..end).unwrap_or_default()
        })
        .filter(|line| !line.iter().all(|byte| matches!(byte, b' ' | b'\t')))
        .collect();
    let bytes = lines.join(&b'\r');
    if let Ok(text) = std::str::from_utf8(&bytes) {
        return text.to_owned();
    }
    let header = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let named = header.split(|byte| Some(byte) == header.get(3)).nth(17).unwrap_or_default();
    if named.starts_with(b"8859/1") {
        return bytes.iter().map(|byte| char::from(*byte)).collect();
    }
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned()
}
