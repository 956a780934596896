//! What becomes of messages, told in lines, reports and exit codes.

use crate::lake::{Lake, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_is_told_of_and_reported() {
    let lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    admin.write("in/1.hl7", &message(1));
    admin.write("in/2.hl7", &[message(2), message(1)].concat());
    admin.write("in/damaged.hl7", b"MSH|\r\rPID|1\r");
    admin.write("in/=list.txt", b"milk, eggs");
    let (code, lines, summary) = admin.submit(&["in", "--wait", "--report", "report.csv"]);
    assert_eq!(code, 0, "ingested and duplicate is all well: {summary}");
    assert_eq!((&summary["files"], &summary["not_hl7"]), (&4.into(), &1.into()), "{summary}");
    assert_eq!((&summary["ingested"], &summary["duplicate"]), (&3.into(), &1.into()), "{summary}");
    let of = |file: &str, index: u64| {
        lines.iter().find(|line| line["file"] == file && line["index"] == index).expect("a line").clone()
    };
    assert_eq!(of("in/1.hl7", 0)["staging"], "ready", "waited for");
    assert_eq!(of("in/damaged.hl7", 0)["staging"], "attention", "waited for");
    assert_eq!(of("in/2.hl7", 1)["outcome"], "duplicate", "of the first file");
    assert_eq!(of("in/2.hl7", 1)["message_id"], of("in/1.hl7", 0)["message_id"], "and it says of which");
    let report = std::fs::read_to_string(admin.folder.join("report.csv")).expect("a report");
    assert_eq!(report.lines().count(), 5, "a heading and a row a message");

    let (code, lines, summary) = admin.submit(&["in", "--send-anyway", "--report", "report.json"]);
    assert_eq!(
        (code, &summary["ingested"]),
        (0, &1.into()),
        "what has no header is sent when told to: {summary}"
    );
    assert_eq!(lines.len(), 5, "and is one of the messages");
    let report = std::fs::read(admin.folder.join("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["summary"], summary, "the report says what the command says");
    assert_eq!(report["messages"].as_array().map(Vec::len), Some(5), "of every message");

    let (output, list) = admin.run(&["submissions"]);
    assert!(output.status.success(), "they are listed");
    assert_eq!(list.len(), 2, "two submissions");
    assert!(list.iter().all(|one| one["stage"] == "ended" && one["unfinished"] == 0), "{list:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_say_how_it_ended() {
    let mut lake = Lake::start();
    let reader = lake.steward("reader@example.com").await;
    reader.write("one.hl7", &message(1));
    let (code, lines, summary) = reader.submit(&["one.hl7"]);
    assert_eq!((code, &summary["denied"]), (1, &1.into()), "the lake denies who may only read: {summary}");
    assert!(lines[0]["next_step"].as_str().is_some_and(|step| !step.is_empty()), "and what to do is said");

    let writer = lake.steward("writer@example.com").await;
    writer.write("large.hl7", &[message(1), vec![b'x'; 5 << 20]].concat());
    let (code, lines, summary) = writer.submit(&["large.hl7"]);
    assert_eq!((code, &summary["invalid"]), (1, &1.into()), "too large, and not sent at all: {summary}");
    assert!(lines[0]["reason"].as_str().is_some_and(|reason| reason.contains("4194304")), "{lines:?}");
    let (output, _) = writer.run(&["submit", "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "what is not there is wrong use: {output:?}");
    let (output, _) = writer.run(&["submit", "large.hl7", "--report", "report.doc"]);
    assert_eq!(output.status.code(), Some(2), "a report of unknown kind is wrong use");
    writer.write("two.hl7", &[message(1), message(2)].concat());
    let id = "01a20671-fc1e-75c9-b8a0-6f9a9cdb7266";
    let (output, _) = writer.run(&["submit", "two.hl7", "--replaces", id]);
    assert_eq!(output.status.code(), Some(2), "two messages cannot replace one");
    let (_, list) = writer.run(&["submissions"]);
    assert_eq!(list[0]["ingested"], 0, "and nothing of them was sent");

    writer.run(&["sign-out"]);
    let (output, _) = writer.run(&["submit", "two.hl7"]);
    assert_eq!(output.status.code(), Some(3), "nobody is signed in");

    let admin = lake.steward("admin@example.com").await;
    admin.write("one.hl7", &message(5));
    lake.kill();
    let (code, _, summary) = admin.submit(&["one.hl7"]);
    assert_eq!((code, &summary["not_sent"]), (4, &1.into()), "the lake is gone: {summary}");
    let (code, ..) = admin.submit(&["one.hl7"]);
    let (_, list) = admin.run(&["submissions"]);
    assert_eq!((code, list.len()), (4, 1), "tried again, it is the same submission: {list:?}");
    assert_eq!(list[0]["unfinished"], 1, "which goes on when the lake is back");
}
