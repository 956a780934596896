//! The kept fuzz inputs, replayed through the functions that the fuzzer calls.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::PathBuf;

type Target = fn(&[u8]);

#[test]
fn kept_inputs_hold_what_every_input_must_hold() {
    let corpus = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus"));
    let targets: [(&str, Target); 3] =
        [("form", targets::form), ("stage", targets::stage), ("handover", targets::handover)];
    for (name, target) in targets {
        let entries = std::fs::read_dir(corpus.join(name)).expect("every target has a corpus");
        let files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file can be listed").path()).collect();
        assert!(files.len() >= 10, "{name} has inputs to replay, not {}", files.len());
        for file in files {
            println!("{name}: {}", file.display());
            target(&std::fs::read(&file).expect("an input can be read"));
        }
    }
}
