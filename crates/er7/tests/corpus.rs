//! Every message of the corpus against the oracle that stands beside it.

mod common;

use common::{leaves, oracle, scratch, stage};
use std::fmt::Write as _;

#[test]
fn leaves_equal_those_of_the_oracle() {
    let Some(messages) = oracle() else { return };
    let mut differing = Vec::new();
    let mut odd = String::new();
    for message in &messages {
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

fn describe_odd(out: &mut String, name: &str, message: &common::Message, json: &serde_json::Value) {
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
