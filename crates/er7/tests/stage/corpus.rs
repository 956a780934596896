//! Every message of the corpus against the oracle that stands beside it.

use crate::common::{Message, corpus_folder, leaves, oracle, scratch, stage};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[test]
fn leaves_equal_those_of_the_oracle() {
    let Some(messages) = oracle() else { return };
    let mut differing = Vec::new();
    let mut odd = String::new();
    for message in messages {
        let name = format!("{} {}", message.file, message.number);
        let (staged, json) = match stage(message.text.as_bytes()) {
            Ok(staged) => staged,
            Err(error) if message.odd > 0 => {
                writeln!(odd, "{name}: error {}", error.code).expect("a string takes text");
                continue;
            }
            Err(error) => panic!("{name} should be staged: {error}"),
        };
        let ours = leaves(&json);
        if message.odd == 0 {
            assert_eq!(staged.segments, message.segments, "no segment of {name} is lost or made up");
            if ours != message.leaves {
                differing.push(name);
            }
        } else {
            describe_odd(&mut odd, &name, message, &json);
        }
    }
    std::fs::write(scratch().join("odd-messages.txt"), &odd).expect("the list can be written");
    println!("{} messages; those that are odd:\n{odd}", messages.len());
    assert!(differing.is_empty(), "leaves differ in {} messages: {:?}", differing.len(), differing.first());
}

fn describe_odd(out: &mut String, name: &str, message: &Message, json: &serde_json::Value) {
    let ids: Vec<&str> = json["segments"]
        .as_array()
        .expect("segments")
        .iter()
        .filter_map(|segment| segment["id"].as_str())
        .collect();
    writeln!(
        out,
        "{name}: staged; lines {}, odd {}; segments {}: {}",
        message.segments,
        message.odd,
        ids.len(),
        ids.join(" ")
    )
    .expect("a string takes text");
    for finding in json["findings"].as_array().expect("findings") {
        if ["segment-name", "run-together", "line-feed-in-text"]
            .contains(&finding["code"].as_str().expect("code"))
        {
            writeln!(out, "    {finding}").expect("a string takes text");
        }
    }
}

#[test]
fn every_message_of_every_file_is_staged_or_refused_with_a_reason() {
    let (Some(folder), Some(messages)) = (corpus_folder(), oracle()) else { return };
    let known: BTreeMap<(&str, u64), &Message> =
        messages.iter().map(|message| ((message.file.as_str(), message.number), message)).collect();
    let mut refused = BTreeMap::new();
    let (mut staged_count, mut segment_count) = (0, 0);
    for path in files(&folder) {
        let file = std::fs::File::open(&path).expect("a corpus file can be opened");
        let mut number = 0;
        for piece in er7::split::Splitter::new(file) {
            let er7::split::Piece::Message(message) = piece.expect("a corpus file can be read") else {
                continue;
            };
            let bytes = message.bytes();
            match stage(bytes) {
                Ok((staged, json)) => {
                    let lines = segment_lines(bytes);
                    let written = json["segments"].as_array().map_or(0, Vec::len) as u64;
                    assert_eq!(
                        (staged.segments, written),
                        (lines, lines),
                        "{}: no segment is lost",
                        path.display()
                    );
                    let name = path.to_string_lossy();
                    let oracle =
                        known.get(&(name.as_ref(), number)).expect("the oracle finds the same messages");
                    if oracle.odd == 0 {
                        assert!(leaves(&json) == oracle.leaves, "{name} {number}: the leaves differ");
                    }
                    staged_count += 1;
                    segment_count += lines;
                }
                Err(error) => {
                    assert!(
                        !error.reason.is_empty() && !error.hint.is_empty(),
                        "an error says why and what to do"
                    );
                    *refused.entry(error.code).or_insert(0) += 1;
                }
            }
            number += 1;
        }
        // The whole file as one body: what a sender who does not split would submit.
        let whole = std::fs::read(&path).expect("a corpus file can be read");
        let _staged_or_refused = stage(&whole);
    }
    println!("{staged_count} messages staged with {segment_count} segments; refused: {refused:?}");
    assert!(staged_count > 1900, "the corpus is staged: {staged_count}, refused {refused:?}");
}

/// Lines of prepared bytes, counted apart from the parser.
fn segment_lines(bytes: &[u8]) -> u64 {
    let prepared = er7::prepare(bytes).expect("just staged");
    prepared.bytes().split(|&byte| byte == b'\r').filter(|line| !line.is_empty()).count() as u64
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the corpus can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if !path
            .extension()
            .is_some_and(|extension| ["json", "md", "py"].iter().any(|one| extension == *one))
        {
            files.push(path);
        }
    }
    files.sort();
    files
}
