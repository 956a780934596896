//! Answers for people: what comes first, and what comes at all.

use er7::dictionary::{DescriptionKind, describe};

fn first(term: &str, version: Option<&str>) -> Option<String> {
    describe(term, version).into_iter().next().map(|found| found.path)
}

fn paths(term: &str) -> Vec<String> {
    describe(term, None).into_iter().map(|found| found.path).collect()
}

#[test]
fn a_path_gives_itself_and_its_parts() {
    assert_eq!(paths("PID-7"), ["PID-7", "PID-7.1", "PID-7.2"], "a field with its components");
    assert_eq!(paths("XPN.2"), ["XPN.2"], "a simple component");
    assert_eq!(paths("pid-3[2].1"), ["PID-3.1"], "small letters and repetitions are no hindrance");
    assert_eq!(paths("PID-5.1").len(), 6, "family name has five parts in 2.5.1");
    assert_eq!(paths("PID").len(), 40, "a segment with its fields");
    assert_eq!(paths("XPN").len(), 15, "a data type with its components");
    assert_eq!(paths(" ADT^A01 "), ["ADT^A01"], "a message");
    assert_eq!(paths("ADT^A01^ADT_A01"), ["ADT^A01"], "as MSH-9 writes it");
    assert_eq!(paths("S12"), ["SIU^S12"], "a trigger event alone");
    for term in ["PID-99", "ZZZ-1", "PID-0", "PID-5.99", "XPN.99", "PID-1.1.1.1", "", "  ", "?", "-", "^"] {
        assert!(describe(term, None).is_empty(), "{term:?} is nothing: {:?}", describe(term, None));
    }
}

#[test]
fn a_description_says_all_there_is() {
    let found = describe("PID-7", Some("2.3")).into_iter().next().expect("PID-7 is in 2.3");
    assert_eq!(found.kind, DescriptionKind::Field, "kind");
    assert_eq!((found.name, found.within), ("Date of Birth", Some("Patient Identification")), "names");
    assert_eq!((found.data_type, found.data_type_name), (Some("TS"), Some("Time Stamp")), "type");
    assert_eq!((found.version, found.since, found.until), ("2.3", "2.1", "2.8"), "versions");
    let json = serde_json::to_value(&found).expect("a description is JSON");
    let expected = serde_json::json!({
        "kind": "field", "path": "PID-7", "name": "Date of Birth", "within": "Patient Identification", "data_type": "TS",
        "data_type_name": "Time Stamp", "max_length": 26, "repeats": false, "required": false,
        "version": "2.3", "since": "2.1", "until": "2.8"
    });
    assert_eq!(json, expected, "as one JSON line");
}

#[test]
fn versions_differ() {
    assert_eq!(describe("PID-7", Some("2.1"))[0].data_type, Some("DT"), "a date in 2.1");
    assert_eq!(describe("PID-7", Some("2.8"))[0].data_type, Some("DTM"), "a time in 2.8");
    assert_eq!(describe("PID-7", Some("2.9"))[0].version, "2.8", "an unknown version is the nearest one");
    assert_eq!(describe("PID-7", None)[0].version, "2.5.1", "without one it is the most used");
    assert!(describe("SPM-4", Some("2.3")).is_empty(), "specimen segments came later");
    assert_eq!(
        first("SHP-1", None).as_deref(),
        Some("SHP-1"),
        "what only 2.8 has is found without a version"
    );
    assert_eq!(describe("SHP-1", None)[0].version, "2.8", "and says so");
}

#[test]
fn a_meaning_finds_the_place_meant() {
    for (term, path) in [
        ("date of birth", "PID-7"),
        ("birth date", "PID-7"),
        ("Date/Time of Birth", "PID-7"),
        ("DOB", "PID-7"),
        ("surname", "PID-5.1"),
        ("last name", "PID-5.1"),
        ("patient name", "PID-5"),
        ("patient given name", "PID-5.2"),
        ("mrn", "PID-3"),
        ("medical record number", "PID-3"),
        ("attending doctor", "PV1-7"),
        ("doctor, attending", "PV1-7"),
        ("atending docter", "PV1-7"),
        ("gender", "PID-8"),
        ("sex", "PID-8"),
        ("zip code", "PID-11.5"),
        ("email", "PID-13.4"),
        ("visit number", "PV1-19"),
        ("diagnosis", "DG1-3"),
        ("reference range", "OBX-7"),
        ("lab result", "OBX-5"),
        ("order number", "ORC-2"),
        ("loinc", "OBX-3"),
        ("control id", "MSH-10"),
        ("sending facility namespace", "MSH-4.1"),
        ("set id pid", "PID-1"),
        ("birth place", "PID-23"),
        ("insurance group number", "IN1-8"),
        ("attending doctors", "PV1-7"),
    ] {
        assert_eq!(first(term, None).as_deref(), Some(path), "{term}: {:?}", paths(term));
    }
    for term in ["xyzzy", "potassium level", "!!!", "of the"] {
        assert!(describe(term, None).is_empty(), "{term} means nothing here: {:?}", paths(term));
    }
    assert!(describe("name", None).len() <= 25, "a common word does not flood");
    let twice = paths("date");
    let once: std::collections::HashSet<_> = twice.iter().collect();
    assert_eq!(once.len(), twice.len(), "nothing comes twice");
}

#[test]
fn a_small_word_may_be_an_id_too() {
    let found = paths("add");
    assert_eq!(found[0], "ADD", "the segment first");
    assert!(found.iter().any(|path| path == "ADT^A28"), "then what is added: {found:?}");
}

#[test]
fn any_text_is_answered() {
    let long = "a".repeat(10_000);
    for term in [
        long.as_str(),
        "\u{0}",
        "ä-1",
        "日本",
        "PID-99999999999",
        "PID-1[",
        "𝄞.1",
        "^_^",
        "____",
        "PID-5.1\nPID",
    ] {
        let found = [describe(term, None), describe(term, Some(term))].concat();
        assert!(found.iter().all(|entry| !entry.name.is_empty()), "whatever is found has a name: {found:?}");
    }
}
