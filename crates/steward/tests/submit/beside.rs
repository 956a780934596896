//! What happens beside a run: whoever reads along leaves, another program sends, somebody else is signed in.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use serde_json::Value;
use wait_timeout::ChildExt;

use crate::lake::{LIMIT, Lake, Steward, message};

/// So many that their account fits into no pipe.
const MESSAGES: usize = 3_000;

fn many(steward: &Steward) {
    let all: Vec<u8> = (0..MESSAGES).flat_map(message).collect();
    steward.write("in/many.hl7", &all);
}

fn start(steward: &Steward, arguments: &[&str]) -> Child {
    let mut command = steward.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn code(child: &mut Child) -> Option<i32> {
    let ended = child.wait_timeout(LIMIT).expect("it can be waited for").expect("it ends in time");
    ended.code()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_along_may_leave_and_the_account_stays_true() {
    let lake = Lake::start();
    let reader = lake.steward("reader@example.com").await;
    many(&reader);
    // As `steward submit in --report report.csv | head -1` does.
    let mut child = start(&reader, &["submit", "in", "--report", "report.csv"]);
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    let first: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(first["outcome"], "denied", "who may only read cannot send");
    drop(output);
    assert_eq!(code(&mut child), Some(1), "not all came out well, whether anybody reads that or not");
    let report = std::fs::read_to_string(reader.folder.join("report.csv")).expect("a report");
    assert_eq!(report.lines().count(), MESSAGES + 1, "a heading and a row a message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_may_send_while_one_is_still_telling() {
    let lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    many(&admin);
    admin.write("one.hl7", &message(MESSAGES));
    // Nobody reads on, as where somebody looks at the first page with `less`.
    let mut telling = start(&admin, &["submit", "in"]);
    let mut output = BufReader::new(telling.stdout.take().expect("its output"));
    output.read_line(&mut String::new()).expect("a line");
    let (second, _, summary) = admin.submit(&["one.hl7"]);
    assert_eq!((second, &summary["ingested"]), (0, &1.into()), "it did not wait: {summary}");
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest.lines().count(), MESSAGES, "and the first tells all, with its sum");
    assert_eq!(code(&mut telling), Some(0), "all is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_send_takes_over_nobodys_submission() {
    let lake = Lake::start();
    let writer = lake.steward("writer@example.com").await;
    let reader = lake.steward("reader@example.com").await;
    many(&writer);
    let mut sending = start(&writer, &["submit", "in"]);
    loop {
        let (_, list) = writer.run(&["submissions"]);
        if list.first().is_some_and(|one| one["ingested"].as_u64().is_some_and(|some| some > 0)) {
            break;
        }
    }
    sending.kill().expect("SIGKILL");
    sending.wait().expect("it is gone");
    let before = writer.run(&["submissions"]).1[0].clone();
    if before["unfinished"] == 0 {
        panic!("it was too fast to be stopped: {before}");
    }

    // The same home and the same files, with another sign-in.
    let mut command = writer.command(&["submit", "in"]);
    command.env("STEWARD_SESSION_FILE", reader.home.join("session"));
    // A session belongs to its home: the reader signs in to this one.
    reader.sign_in_to(&writer, "reader@example.com").await;
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "all of it is denied");
    let (_, list) = writer.run(&["submissions"]);
    assert_eq!(list.len(), 2, "it is a submission of its own");
    let theirs = list.iter().find(|one| one["id"] == before["id"]).expect("the writer's");
    assert_eq!(theirs["denied"], 0, "the writer's waits for the writer: {theirs}");
    let (code, _, summary) = writer.submit(&["in"]);
    assert_eq!((code, &summary["ingested"]), (0, &MESSAGES.into()), "who goes on with it: {summary}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fix_that_was_edited_before_it_could_be_sent_is_one_message() {
    let mut lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    lake.kill();
    let target = "01890a5d-ac96-774b-bcce-b302099a8057";
    let command = ["fix.hl7", "--replaces", target];
    admin.write("fix.hl7", &message(1));
    let (code, _, summary) = admin.submit(&command);
    assert_eq!((code, &summary["found"]), (4, &1.into()), "the lake is out of reach: {summary}");
    admin.write("fix.hl7", &message(22));
    let (code, _, summary) = admin.submit(&command);
    assert_eq!((code, &summary["found"]), (4, &1.into()), "still one message: {summary}");
    admin.write("fix.hl7", &[message(1), message(2)].concat());
    let (output, _) = admin.run(&[&["submit"][..], &command].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "two are not one: {said}");
    assert!(said.contains("exactly one message, and there are 2; nothing was sent"), "{said}");
}
