//! `steward parse`.

use std::fs;

use tempfile::tempdir;

use crate::program::{ADMISSION, admission, steward, steward_with_input};

#[test]
fn every_message_of_a_file_is_staged_with_its_place() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("two.hl7");
    let first = format!("{ADMISSION}\r");
    fs::write(&file, format!("{first}{}\r", admission("A0002"))).expect("a file");
    let ran = steward(["parse".as_ref(), file.as_os_str()]);
    assert_eq!(ran.code, Some(0), "all were staged: {}", ran.errors);
    let lines = ran.lines();
    assert_eq!(lines.len(), 2, "one line a message");
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["file"], file.to_str().expect("a plain name"), "the file as it was named");
        assert_eq!(line["index"], index, "counted from 0");
        assert_eq!(line["schema"], "er7/1", "staged JSON");
    }
    assert_eq!(lines[1]["span"][0], first.len(), "the span is in bytes of the file");
    assert_eq!(lines[1]["header"]["control_id"], "A0002", "the second message");
    assert_eq!(
        lines[0]["segments"][2]["fields"]["PID-5.1"], "DOE",
        "values are there: that is what the command is for"
    );
}

#[test]
fn a_message_that_cannot_be_staged_is_its_error_and_the_others_are_not_harmed() {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("a.hl7"), ADMISSION).expect("a file");
    fs::write(folder.path().join("b.hl7"), ADMISSION.replacen("MSH|^~", "MSH||", 1)).expect("a file");
    let ran = steward(["parse".as_ref(), folder.path().as_os_str()]);
    assert_eq!(ran.code, Some(1), "one of two failed: {}", ran.errors);
    let lines = ran.lines();
    assert_eq!(lines[0]["schema"], "er7/1", "files come in the order of their names");
    assert_eq!(lines[1]["schema"], "er7-error/1", "the second is an error");
    assert_eq!(lines[1]["code"], "unusable-delimiters", "with its stable code");
    assert_eq!(
        lines[1]["span"],
        serde_json::json!([0, ADMISSION.len() - 1]),
        "where the message is in the file"
    );
    assert_eq!(lines[1]["error_span"], serde_json::json!([4, 4]), "where in the message the error is");
    assert_eq!(
        ran.output.matches("\"span\":").count(),
        2,
        "no object has two places of one name: {}",
        ran.output
    );
    assert!(ran.errors.contains("1 would need attention"), "people hear it in words: {}", ran.errors);
}

#[test]
fn a_dash_reads_standard_input() {
    let ran = steward_with_input(["parse", "-"], format!("{ADMISSION}\r\n").as_bytes());
    assert_eq!(ran.code, Some(0), "staged: {}", ran.errors);
    assert_eq!(ran.lines()[0]["file"], "-", "the file is named as it was asked for");
}

#[test]
fn a_table_names_the_values() {
    let ran = steward_with_input(["parse", "--output", "table", "-"], ADMISSION.as_bytes());
    assert_eq!(ran.code, Some(0), "staged: {}", ran.errors);
    let row =
        ran.output.lines().find(|line| line.starts_with("PID-5.1 ")).expect("a row for the family name");
    assert!(row.contains("Family Name") && row.ends_with("DOE"), "path, name, value: {row}");
    assert!(!ran.output.contains('\u{1b}'), "no colours where there is no terminal");
}

#[test]
fn an_oversize_message_is_told_of_without_being_held() {
    let note = format!("\rNTE|1||{}", "x".repeat(4 * 1024 * 1024));
    let ran =
        steward_with_input(["parse", "-"], format!("{ADMISSION}{note}\r{}", admission("A2")).as_bytes());
    assert_eq!(ran.code, Some(1), "one would be refused: {}", ran.errors);
    let lines = ran.lines();
    assert_eq!(lines[0]["code"], "too-large", "the first is too large");
    assert_eq!(lines[1]["header"]["control_id"], "A2", "and the next is staged");
}

#[test]
fn a_utf16_file_that_is_broken_says_where() {
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(ADMISSION.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.extend([0x00, 0xD8]);
    let ran = steward_with_input(["parse", "-"], &bytes);
    assert_eq!(ran.code, Some(1), "no text, no staging: {}", ran.errors);
    assert_eq!(ran.lines()[0]["code"], "undecodable", "the stable code");
    assert_eq!(ran.lines()[0]["at"], bytes.len() - 2, "the first broken byte of the file");
}
