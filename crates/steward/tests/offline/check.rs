//! `steward check`.

use std::fs;

use tempfile::tempdir;

use crate::program::{ADMISSION, admission, steward, steward_with_input};

#[test]
fn the_summary_adds_up() {
    let folder = tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("1.hl7", ADMISSION);
    write("2.hl7", &format!("{}\r\n", ADMISSION.replace('\r', "\r\n")));
    write("3.hl7", &format!("{}\rNTE|1||{}", admission("A3"), "x".repeat(4 * 1024 * 1024)));
    write("4.hl7", &ADMISSION.replacen("MSH|^~", "MSH||", 1));
    write("5.txt", "milk, bread\n");
    write("6.hl7", "");
    let ran = steward(["check".as_ref(), folder.path().as_os_str()]);
    assert_eq!(ran.code, Some(1), "not all would come out well: {}", ran.errors);
    let mut lines = ran.lines();
    let last = lines.pop().expect("a last line");
    let summary = &last["summary"];
    assert_eq!(lines.len(), 4, "one line a message");
    for (name, count) in [
        ("files", 6),
        ("not_hl7", 1),
        ("empty", 1),
        ("found", 4),
        ("ready", 2),
        ("attention", 1),
        ("refused", 1),
        ("duplicates", 1),
        ("unreadable", 0),
    ] {
        assert_eq!(summary[name], count, "{name} in {summary}");
    }
    assert_eq!(summary["kinds"]["ADT^A01"], 2, "counted by kind where the header can be read: {summary}");
    assert_eq!(lines[1]["duplicate_of"]["index"], 0, "other line ends, same message: {}", lines[1]);
    assert_eq!(lines[2]["refused"]["outcome"], "invalid", "what the front door would answer: {}", lines[2]);
    assert_eq!(lines[2]["refused"]["limit_bytes"], 4_194_304, "and its limit");
    assert_eq!(lines[3]["error_code"], "unusable-delimiters", "why it would need attention");
}

#[test]
fn no_value_of_a_patient_is_written() {
    let ran = steward_with_input(["check", "-v", "-"], format!("log of DOE\n{ADMISSION}").as_bytes());
    assert_eq!(ran.code, Some(0), "the message would be ready: {}", ran.errors);
    for text in [&ran.output, &ran.errors] {
        assert!(
            !text.contains("DOE") && !text.contains("100001"),
            "names and numbers stay in the file: {text}"
        );
    }
    assert!(ran.errors.contains("other text"), "text outside the messages is told of: {}", ran.errors);
    let summary = &ran.lines()[1]["summary"];
    assert_eq!(summary["odd_files"][0]["bytes"], "log of DOE\n".len(), "to programs too: {summary}");
    assert_eq!(
        summary["odd_files"][0]["span"],
        serde_json::json!([0, "log of DOE\n".len()]),
        "with its place: {summary}"
    );
}

#[test]
fn a_table_shows_what_somebody_should_look_at() {
    let text = format!("{ADMISSION}\r{ADMISSION}\r{}", admission("A3"));
    let ran = steward_with_input(["check", "--output", "table", "-"], text.as_bytes());
    assert_eq!(ran.code, Some(0), "duplicates are no failure: {}", ran.errors);
    assert!(ran.output.contains("duplicate of message 1"), "the duplicate has a row: {}", ran.output);
    assert!(
        ran.output.contains("3 messages in 1 file: 3 would be ready"),
        "the sum in words: {}",
        ran.output
    );
    assert!(!ran.output.contains("A3"), "what is well has no row: {}", ran.output);
}

#[test]
fn a_batch_is_split_and_its_wrong_count_told() {
    let text = format!("BHS|^~\\&|A\r{ADMISSION}\r{}\rBTS|5\r", admission("A2"));
    let ran = steward_with_input(["check", "-"], text.as_bytes());
    assert_eq!(ran.code, Some(0), "both messages would be ready: {}", ran.errors);
    assert!(ran.errors.contains("another number of messages"), "BTS-1 disagrees: {}", ran.errors);
    let summary = &ran.lines()[2]["summary"];
    assert_eq!(summary["file_kinds"]["batch"], 1, "the file is a batch");
    assert_eq!(summary["file_findings"]["batch-count-mismatch"], 1, "with the stable code: {summary}");
    assert_eq!(summary["odd_files"][0]["code"], "batch-count-mismatch", "and which file it is: {summary}");
}

#[test]
fn finding_nothing_is_no_success() {
    let ran = steward_with_input(["check", "-"], b"milk, bread\n");
    assert_eq!(ran.code, Some(1), "nothing to submit");
    assert!(ran.errors.contains("holds no HL7"), "and why: {}", ran.errors);
}
