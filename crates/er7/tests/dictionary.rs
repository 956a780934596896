//! The checked-in dictionary against facts known from the standard itself, and the choice of a version.

use er7::dictionary::{self, Field, Version, for_version, name_of_path};

fn version(name: &str) -> &'static Version {
    let choice = for_version(name.as_bytes());
    assert!(
        choice.exact && choice.version.name == name,
        "{name} is a known version, not {}",
        choice.version.name
    );
    choice.version
}

fn field(version_name: &str, segment: &str, number: u16) -> Option<Field> {
    version(version_name).segment(segment.as_bytes())?.field(number)
}

/// Version, segment, field, name, data type: from chapters 2, 3, 4 and 7 of the standard.
const FIELDS: &[(&str, &str, u16, &str, &str)] = &[
    ("2.1", "PID", 7, "Date of birth", "DT"),
    ("2.3", "PID", 7, "Date of Birth", "TS"),
    ("2.3.1", "PID", 7, "Date/Time Of Birth", "TS"),
    ("2.5", "PID", 7, "Date/Time of Birth", "TS"),
    ("2.7", "PID", 7, "Date/Time of Birth", "DTM"),
    ("2.5.1", "PID", 3, "Patient Identifier List", "CX"),
    ("2.2", "PID", 5, "Patient Name", "PN"),
    ("2.4", "PID", 5, "Patient Name", "XPN"),
    ("2.5", "MSH", 9, "Message Type", "MSG"),
    ("2.5", "MSH", 10, "Message Control ID", "ST"),
    ("2.5", "MSH", 12, "Version ID", "VID"),
    ("2.5", "MSH", 18, "Character Set", "ID"),
    ("2.5", "PV1", 7, "Attending Doctor", "XCN"),
    ("2.3", "PV1", 19, "Visit Number", "CX"),
    ("2.5", "OBX", 3, "Observation Identifier", "CE"),
    ("2.7", "OBX", 3, "Observation Identifier", "CWE"),
    ("2.1", "OBX", 5, "Observation results", "VARIES"),
    ("2.5", "OBX", 5, "Observation Value", "VARIES"),
    ("2.7", "OBX", 5, "Observation Value", "VARIES"),
    ("2.8", "OBX", 5, "Observation Value", "VARIES"),
    ("2.5", "OBR", 4, "Universal Service Identifier", "CE"),
    ("2.3.1", "ORC", 1, "Order Control", "ID"),
    ("2.5", "BTS", 1, "Batch Message Count", "ST"),
    ("2.5", "FTS", 1, "File Batch Count", "NM"),
];

#[test]
fn fields_are_as_in_the_standard() {
    for (version, segment, number, name, data_type) in FIELDS {
        let found = field(version, segment, *number).map(|found| (found.name, found.data_type));
        assert_eq!(found, Some((*name, *data_type)), "{segment}-{number} in {version}");
    }
}

#[test]
fn field_counts_are_as_in_the_standard() {
    for (name, segment, count) in [
        ("2.3", "PID", 30),
        ("2.5", "PID", 39),
        ("2.5", "MSH", 21),
        ("2.5", "PV1", 52),
        ("2.3", "MSH", 19),
        ("2.8", "MSH", 25),
    ] {
        let found = version(name).segment(segment.as_bytes()).map(|found| found.field_count());
        assert_eq!(found, Some(count), "{segment} in {name}");
    }
}

#[test]
fn a_field_says_what_may_be_in_it() {
    let identifiers = field("2.5", "PID", 3).expect("PID-3 is in 2.5");
    assert!(identifiers.repeats && identifiers.required, "PID-3 is required and repeats: {identifiers:?}");
    let birth = field("2.5", "PID", 7).expect("PID-7 is in 2.5");
    assert!(!birth.repeats && !birth.required, "PID-7 is optional and single: {birth:?}");
    assert_eq!(birth.max_length, Some(26), "length of PID-7 in 2.5");
    assert_eq!(
        field("2.5", "PID", 8).and_then(|found| found.table),
        Some(1),
        "PID-8 is from table 0001, administrative sex"
    );
    let pid = version("2.5").segment(b"PID").expect("PID is in 2.5");
    assert!(
        pid.field(0).is_none() && pid.field(40).is_none() && pid.field(u16::MAX).is_none(),
        "fields end where they end"
    );
}

#[test]
fn data_types_and_messages_are_as_in_the_standard() {
    let name = version("2.5").data_type("XPN").expect("XPN is in 2.5");
    assert_eq!(
        (name.id(), name.name(), name.component_count()),
        ("XPN", "Extended Person Name", 14),
        "XPN in 2.5"
    );
    assert_eq!(
        name.component(1).map(|part| (part.name, part.data_type)),
        Some(("Family Name", "FN")),
        "XPN.1 in 2.5"
    );
    let identifier = version("2.3").data_type("CX").expect("CX is in 2.3");
    assert_eq!(
        identifier.component(4).map(|part| (part.name, part.data_type)),
        Some(("Assigning Authority", "HD")),
        "CX.4"
    );
    assert!(version("2.2").data_type("XPN").is_none(), "XPN came with 2.3");
    assert_eq!(
        version("2.5").data_type("ST").map(|simple| simple.component_count()),
        Some(0),
        "ST is simple"
    );
    let admit = version("2.5").message_structure("ADT", "A01").map(|found| (found.id(), found.name()));
    assert_eq!(admit, Some(("ADT_A01", "Admit/visit notification")), "ADT^A01");
    assert_eq!(
        version("2.5").message_structure("ACK", "A01").map(|found| found.id()),
        Some("ACK"),
        "ACK has no trigger of its own"
    );
    assert!(version("2.5").message_structure("ZZZ", "Z99").is_none(), "a site's own message is unknown");
}

#[test]
fn segments_come_and_go_with_versions() {
    assert!(
        version("2.1").segment(b"SPM").is_none() && version("2.5").segment(b"SPM").is_some(),
        "SPM came with 2.5"
    );
    for id in [&b"ZPI"[..], b"pid", b"PI", b"PIDX", b"", b"\xff\xff\xff"] {
        assert!(version("2.5").segment(id).is_none(), "{id:?} is no segment of 2.5");
    }
    for (number, version) in dictionary::versions().iter().enumerate() {
        let counts =
            (version.segments().count(), version.data_types().count(), version.message_structures().count());
        let expected = [
            (38, 20, 39),
            (64, 65, 69),
            (114, 104, 240),
            (114, 143, 178),
            (141, 147, 220),
            (152, 151, 248),
            (152, 151, 248),
            (177, 151, 371),
            (181, 151, 356),
            (181, 151, 356),
            (181, 151, 356),
        ][number];
        assert_eq!(counts, expected, "segments, data types and messages of {}", version.name);
    }
}

#[test]
fn every_entry_reads_whole() {
    for version in dictionary::versions() {
        for segment in version.segments() {
            assert_eq!(
                version.segment(segment.id().as_bytes()).map(|found| found.id()),
                Some(segment.id()),
                "found by its id"
            );
            assert_eq!(
                segment.fields().count(),
                usize::from(segment.field_count()),
                "{} in {}",
                segment.id(),
                version.name
            );
            for (number, field) in segment.fields() {
                let known = version.data_type(field.data_type).is_some();
                assert!(
                    known && !field.name.is_empty(),
                    "{}-{number} in {}: {field:?}",
                    segment.id(),
                    version.name
                );
            }
        }
        for data_type in version.data_types() {
            assert_eq!(
                version.data_type(data_type.id()).map(|found| found.id()),
                Some(data_type.id()),
                "found by its id"
            );
            for (number, part) in data_type.components() {
                let known = version.data_type(part.data_type).is_some();
                assert!(
                    known && !part.name.is_empty(),
                    "{}.{number} in {}: {part:?}",
                    data_type.id(),
                    version.name
                );
            }
        }
        for message in version.message_structures() {
            let (kind, trigger) = message.id().split_once('_').unwrap_or((message.id(), ""));
            assert_eq!(
                version.message_structure(kind, trigger).map(|found| found.id()),
                Some(message.id()),
                "found by its id"
            );
        }
    }
}

#[test]
fn the_version_is_the_one_named_or_the_nearest() {
    for (said, chosen, exact) in [
        ("2.5", "2.5", true),
        ("2.3.1^USA", "2.3.1", true),
        ("2.5.1&x", "2.5.1", true),
        (" 2.4\t", "2.4", true),
        ("2.8", "2.8", true),
        ("2.5.2", "2.5.1", false),
        ("2.8.2", "2.8", false),
        ("2.9", "2.8", false),
        ("2.3.2", "2.3.1", false),
        ("2.0", "2.1", false),
        ("2.31", "2.3.1", false),
        ("2.51", "2.5.1", false),
        ("v2.3", "2.3", false),
        ("HL7 v2.6", "2.6", false),
        ("2.3-ACME", "2.3", false),
        ("2.3 ACME", "2.3", false),
        ("2.5.1.7", "2.5.1", false),
        ("2", "2.5.1", false),
        ("", "2.5.1", false),
        ("   ", "2.5.1", false),
        ("3.0", "2.5.1", false),
        ("D", "2.5.1", false),
        ("\"\"", "2.5.1", false),
        ("....", "2.5.1", false),
        ("2.", "2.1", false),
        ("99999999999999999999.9", "2.5.1", false),
    ] {
        let choice = for_version(said.as_bytes());
        assert_eq!((choice.version.name, choice.exact), (chosen, exact), "MSH-12 says {said:?}");
    }
}

#[test]
fn a_path_has_names() {
    let version = version("2.5");
    for (path, name) in [
        ("PID", "Patient Identification"),
        ("PID-5", "Patient Name"),
        ("PID-5.1", "Patient Name, Family Name"),
        ("PID-3[2].1", "Patient Identifier List, ID Number"),
        ("PID-3[2].4.2", "Patient Identifier List, Assigning Authority, Universal ID"),
        ("OBX[3]-5", "Observation Value"),
        ("OBX-5.1", "Observation Value"),
        ("MSH-2.1", "Encoding Characters"),
        ("XPN.2", "Given Name"),
        ("XPN.1.1", "Family Name, Surname"),
        ("XPN", "Extended Person Name"),
        ("PID-99", "Patient Identification"),
    ] {
        assert_eq!(
            name_of_path(path, version).map(|found| found.to_string()).as_deref(),
            Some(name),
            "{path}"
        );
    }
    for path in [
        "",
        "-",
        "ZZZ-1",
        "PID-",
        "PID-x",
        "PID-0",
        "PID-5.",
        "PID-5.1.1.1",
        "PID-3[",
        "PID-3[]",
        "PID-3[2]x",
        "XPN-1",
        "PID.5",
        "ﬁ-1",
    ] {
        assert!(name_of_path(path, version).is_none(), "{path} is no path");
    }
}
