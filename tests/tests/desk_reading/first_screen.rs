//! The first screen, lists, histories and diagnostics over a real lake.

use desk::account::AccountProblem;
use desk::browse::{DayRange, EventKind, HeadFilter};
use desk::diagnostics;
use desk::messages::{self, MessageList, Which};
use desk::today::{self, Coverage, Day};
use lake::{SetAsideReason, State};

use crate::place::{Place, result};

const ADMIN: &str = "admin@example.com";
const WRITER: &str = "writer@example.com";
/// In a message, in a file's name, in the home's path: nowhere else may it be read.
const CANARY: &str = "SAMPLE";

async fn all(list: &mut MessageList, at_once: usize) -> Vec<lake::Head> {
    let mut heads = Vec::new();
    while !list.is_done() {
        heads.extend(list.next(at_once).await.expect("the list goes on"));
    }
    heads
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steward_sees_what_came_what_became_of_it_and_its_history() {
    let place = Place::start().await;
    let account = place.account(ADMIN).await;
    let empty = today::count(&account, Day::Now, |_| {}).await.expect("an empty lake can be counted");
    assert_eq!((empty.received.total, empty.open.attention, empty.senders.named.len()), (0, 0, 0), "nothing");

    for number in 0..4 {
        place.submit(&account, &result("LAB", &format!("LAB{number}"))).await;
    }
    let other = place.submit(&account, &result("RIS", "RIS1")).await;
    let broken = place.submit(&account, &format!("PID|1||7^^^NORTH^MR||{CANARY}^ANNA\r")).await;
    place.lake.settled_heads(ADMIN, 6).await;

    let mut told = Vec::new();
    let screen =
        today::count(&account, Day::Now, |progress| told.push(progress.read)).await.expect("counted");
    let received = screen.received;
    assert_eq!((received.total, received.ready, received.attention), (6, 5, 1), "{received:?}");
    assert_eq!((screen.open.attention, screen.open.stuck), (1, 0), "one is left to do");
    assert_eq!((screen.coverage, screen.open.coverage), (Coverage::All, Coverage::All), "all was counted");
    let senders: Vec<_> = screen
        .senders
        .named
        .iter()
        .map(|from| (from.sender.in_words(), from.messages.total, from.messages.attention))
        .collect();
    let expected = [("LAB, NORTH".to_owned(), 4, 0), (String::new(), 1, 1), ("RIS, NORTH".to_owned(), 1, 0)];
    let same = expected.iter().all(|sender| senders.contains(sender)) && senders.len() == 3;
    assert!(same && senders[0].1 == 4, "by sender, most first: {senders:?}");
    assert_eq!(screen.window.day, lake::day_of(screen.counted_at), "the day as the lake counts it");
    assert_eq!(told.last(), Some(&7), "six of the day and one that is left to do were read");

    account
        .ask(async |door, token| door.set_aside(token, broken, SetAsideReason::TestMessage, None).await)
        .await
        .expect("it may be set aside");
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let after = loop {
        let after = today::again(&account, &screen, Day::Now, |_| {}).await.expect("counted again");
        if after.received.set_aside == 1 {
            break after;
        }
        assert!(std::time::Instant::now() < limit, "the set-aside is recorded in time: {:?}", after.received);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await; // between two looks
    };
    assert_eq!((after.received.total, after.open.attention), (6, 0), "the same messages, nothing left to do");

    lists(&account).await;
    histories(&account, other, broken).await;
    support(&place, &account).await;
}

async fn lists(account: &desk::account::Account) {
    let of_days = |filter| Which::Days { days: DayRange::default(), filter };
    let mut list = MessageList::open(account, of_days(HeadFilter::default())).await.expect("a list");
    let heads = all(&mut list, 4).await;
    assert_eq!(heads.len(), 6, "every message, in pieces of four");
    assert!(heads.is_sorted_by(|one, next| one.received_at >= next.received_at), "newest first");
    let ready = HeadFilter { state: Some(State::Ready), ..HeadFilter::default() };
    let mut list = MessageList::open(account, of_days(ready)).await.expect("a list");
    assert_eq!(all(&mut list, 100).await.len(), 5, "those that are ready");
    let numbered = HeadFilter { control_id: Some("LAB2".to_owned()), ..HeadFilter::default() };
    for which in [of_days(numbered), Which::ControlId("LAB2".to_owned())] {
        let mut list = MessageList::open(account, which.clone()).await.expect("a list");
        let found = all(&mut list, 100).await;
        assert_eq!(found.len(), 1, "by control id: {which:?}");
        assert_eq!(list.looked_at(), 1, "without looking at others");
    }
    let mut list =
        MessageList::open(account, Which::Open { filter: HeadFilter::default() }).await.expect("one");
    assert!(all(&mut list, 100).await.is_empty(), "what was set aside is not left to do");
}

async fn histories(account: &desk::account::Account, ready: lake::MessageId, broken: lake::MessageId) {
    let trace = messages::trace(account, ready).await.expect("readable").expect("known");
    let told: Vec<_> = trace.events.iter().map(|event| (event.kind, event.sentence.as_str())).collect();
    assert_eq!(told[0].0, EventKind::Received, "first it was received: {told:?}");
    assert!(
        told[0].1.starts_with("Received from RIS, NORTH (") && told[0].1.ends_with("sent by you"),
        "{told:?}"
    );
    assert_eq!(told[1].0, EventKind::Ready, "then made ready: {told:?}");
    assert!(told[1].1.starts_with("Tidied up and made ready to use (attempt 1)"), "in plain words: {told:?}");
    assert!(trace.events.iter().all(|event| event.key.is_some()), "each with its object: {:?}", trace.events);

    let trace = messages::trace(account, broken).await.expect("readable").expect("known");
    let kinds: Vec<_> = trace.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Received, EventKind::Attention, EventKind::SetAside], "oldest first");
    let sentences: Vec<_> = trace.events.iter().map(|event| event.sentence.as_str()).collect();
    assert_eq!(sentences[2], "Set aside by you: test message", "as it was asked for");
    assert!(sentences.iter().all(|sentence| !sentence.contains(CANARY)), "no content: {sentences:?}");
    let nowhere = lake::MessageId::parse("019cb3c1-7d00-7000-8000-000000000000").expect("an id");
    assert!(messages::trace(account, nowhere).await.expect("readable").is_none(), "no such message");
}

/// What a steward hands to support names nobody and nothing of theirs.
async fn support(place: &Place, account: &desk::account::Account) {
    let folder = place.folder.path().join(format!("{CANARY} family"));
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join(format!("{CANARY} anna.hl7"));
    std::fs::write(&file, result("LAB", "LAB9")).expect("a file");
    let submitted = tokio::process::Command::new(lake_tests::running::steward())
        .arg("--home")
        .arg(place.home.path())
        .arg("--session-file")
        .arg(place.folder.path().join(format!("session of {ADMIN}")))
        .arg("submit")
        .arg(&file)
        .output()
        .await
        .expect("steward runs");
    assert!(submitted.status.success(), "submitted: {}", String::from_utf8_lossy(&submitted.stderr));

    let found = diagnostics::gather(&place.home, Some(account), &[]).await;
    let text = found.to_text();
    let signed_in = account.signed_in().await.expect("signed in");
    let home = place.home.path().display().to_string();
    let private = [CANARY, ADMIN, &signed_in.claims.subject, signed_in.id_token.expose(), &home, "LAB9"];
    for name in private {
        assert!(!text.contains(name), "{name} is not for support: {text}");
    }
    assert!(text.contains("1 with 1 messages: ingested 1"), "the submission is counted: {text}");
    assert!(text.contains("Session: signed in") && text.contains("may read: yes, may write: yes"), "{text}");
    let probes = found.lines.iter().filter(|line| line.what.starts_with("Probe "));
    let sound = probes.clone().all(|line| line.standing == diagnostics::Standing::Good);
    assert!(probes.count() == 12 && sound, "all twelve probes, all as they should be: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_sees_no_first_screen() {
    let place = Place::start().await;
    let account = place.account(WRITER).await;
    let refused = today::count(&account, Day::Now, |_| {}).await;
    assert!(matches!(refused, Err(AccountProblem::NoRight { right: "read" })), "a writer only: {refused:?}");
    let refused = MessageList::open(&account, Which::ControlId("LAB2".to_owned())).await;
    assert!(matches!(refused.err(), Some(AccountProblem::NoRight { .. })), "nor a list");
}
