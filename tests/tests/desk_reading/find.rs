//! `steward find` over a real lake: what is found and counted, and how it ends when it is stopped.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::place::{Place, result};

const ADMIN: &str = "admin@example.com";
const MESSAGES: usize = 120;
/// Values of one message that all match; more than a pipe holds, of all messages together.
const PLACES: usize = 20;
const LIMIT: Duration = Duration::from_secs(60);

/// A lake that holds the messages, staged; the days on which they were received.
async fn filled() -> (Place, String, String) {
    let place = Place::start().await;
    let account = place.account(ADMIN).await;
    for number in 0..MESSAGES {
        let mut message = result("LAB", &format!("F{number}"));
        (2..=PLACES).for_each(|set| message.push_str(&format!("OBX|{set}|ST|NOTE||NEEDLE\r")));
        place.submit(&account, &message).await;
    }
    let heads = place.lake.settled_heads(ADMIN, MESSAGES).await;
    let days: BTreeSet<String> =
        heads.iter().map(|head| lake::day_of(head.received_at).to_string()).collect();
    let (first, last) = (days.first().expect("a day").clone(), days.last().expect("a day").clone());
    (place, first, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_counted_and_a_stop_ends_with_a_correct_summary() {
    let (place, from, to) = filled().await;
    let days = ["--from", &from, "--to", &to];
    let find = |term: &str| place.steward(ADMIN, &[&["find", term], &days[..]].concat());

    let ran = find("OBX-5=needle").output().await.expect("steward runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let places = MESSAGES * (PLACES - 1);
    let expected = format!("{MESSAGES} searched, {MESSAGES} found, at {places} places");
    assert!(said.contains(&expected), "{expected:?} is said: {said}");
    assert_eq!(ran.stdout.iter().filter(|byte| **byte == b'\n').count(), places, "a line a place");
    assert!(!said.contains("NEEDLE"), "what was searched for is not repeated: {said}");

    let ran = find("PID-3=F7").output().await.expect("steward runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(said.contains(&format!("{MESSAGES} searched, 1 found, at 1 places")), "one patient: {said}");

    stopped(find("OBX-5=needle")).await;
}

/// Nobody reads beyond the first line until it was asked to stop, so that it cannot have come to its end.
async fn stopped(mut find: Command) {
    let mut child = find.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("steward starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = timeout(LIMIT, lines.next_line()).await.expect("in time").expect("readable").expect("a line");
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().await.expect("kill");
    assert!(sent.success(), "the signal was sent");
    let mut told = vec![first];
    while let Some(line) = timeout(LIMIT, lines.next_line()).await.expect("in time").expect("readable") {
        told.push(line);
    }
    let mut said = String::new();
    let mut words = child.stderr.take().expect("piped");
    timeout(LIMIT, words.read_to_string(&mut said)).await.expect("in time").expect("readable");
    let ended = timeout(LIMIT, child.wait()).await.expect("in time").expect("a process of ours");
    assert_eq!(ended.code(), Some(130), "stopped: {said}");
    let found: BTreeSet<String> = told
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("a whole line of JSON"))
        .map(|line| line["message_id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(found.len() < MESSAGES, "it did not come to its end");
    let expected = format!("{} searched, {} found, at {} places", found.len(), found.len(), told.len());
    assert!(said.contains(&expected), "{expected:?} is said: {said}");
}
