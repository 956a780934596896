//! Killed at any moment, the next run goes on, and each message is told of once and correctly.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::lake::{LIMIT, Lake, Steward, message};
use serde_json::Value;
use wait_timeout::ChildExt;

const MESSAGES: usize = 3_000;

fn start(steward: &Steward) -> Child {
    let mut command = steward.command(&["submit", "in"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// Waits until the newest submission is so far, reading along as any program may.
fn wait_until(steward: &Steward, what: &str, is_so: impl Fn(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let (_, list) = steward.run(&["submissions", "--limit", "1"]);
        if list.first().is_some_and(&is_so) {
            return;
        }
        assert!(begun.elapsed() < LIMIT, "waited too long until {what}: {list:?}");
    }
}

fn files(steward: &Steward) {
    for file in 0..30 {
        let each = MESSAGES / 30;
        let all: Vec<u8> = (file * each..(file + 1) * each).flat_map(message).collect();
        steward.write(&format!("in/{file:02}.hl7"), &all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_submission_goes_on_and_doubles_nothing() {
    let lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    files(&admin);
    for round in 1..=3_u64 {
        let mut child = start(&admin);
        let enough = round * 300;
        wait_until(&admin, "some are ingested", |one| one["ingested"].as_u64().unwrap_or(0) >= enough);
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
    }
    let (_, before) = admin.run(&["submissions"]);
    assert_eq!(before.len(), 1, "each run took the same submission up: {before:?}");
    let (code, lines, summary) = admin.submit(&["in"]);
    assert_eq!(code, 0, "{summary}");
    assert_eq!(summary["ingested"], MESSAGES, "each is ours, none is told to be a duplicate: {summary}");
    let mut ids: Vec<&str> = lines.iter().filter_map(|line| line["message_id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), MESSAGES, "each message has an id of its own");
    let (code, _, summary) = admin.submit(&["in"]);
    assert_eq!((code, &summary["duplicate"]), (0, &MESSAGES.into()), "the lake has them all: {summary}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_with_a_correct_summary() {
    let lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    files(&admin);
    let mut child = start(&admin);
    wait_until(&admin, "some are ingested", |one| one["ingested"].as_u64().unwrap_or(0) > 0);
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
    assert!(sent.success(), "the signal was sent");
    let output = std::thread::spawn({
        let mut stdout = child.stdout.take().expect("its output");
        move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stdout, &mut text).map(|_| text)
        }
    });
    let status = child.wait_timeout(Duration::from_secs(30)).expect("it can be waited for");
    assert_eq!(status.and_then(|status| status.code()), Some(130), "stopped by Ctrl-C");
    let text = output.join().expect("read").expect("text");
    let last: Value = serde_json::from_str(text.lines().last().expect("a summary")).expect("JSON");
    crate::lake::assert_adds_up(&last["summary"]);
    assert_eq!(last["summary"]["found"], MESSAGES, "all are accounted for");
    let (code, _, summary) = admin.submit(&["in"]);
    assert_eq!((code, &summary["ingested"]), (0, &MESSAGES.into()), "the next run goes on: {summary}");
}
