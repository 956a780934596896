//! Today, lists of messages, and the history of one.

use std::collections::BTreeSet;

use super::*;
use crate::desktop::LISTS;
use crate::desktop::reading::PAGE;
use crate::view::{MessageWhich, StatusView, StepKind, WhichLines};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_gives_every_message_once_page_by_page_until_it_is_closed() {
    let place = Place::signed_in(ADMIN).await;
    let desktop = &place.desktop;
    let count = u32::try_from(PAGE).unwrap() + 50;
    place.submit("A", count).await;
    let first = desktop.open_messages(MessageWhich::All, None, None).await.unwrap();
    assert_eq!((first.rows.len(), first.done), (PAGE, false), "a page at a time");
    let second = desktop.more_messages(first.list).await.unwrap();
    assert_eq!((second.list, second.rows.len()), (first.list, 50), "the rest comes when it is asked for");
    let mut last = second.clone();
    while !last.done {
        last = desktop.more_messages(first.list).await.unwrap();
        assert_eq!(last.rows.len(), 0, "nothing comes after the last");
    }
    assert_eq!(last.looked_at, count, "it says how many were looked at");
    let ids: BTreeSet<_> = first.rows.iter().chain(&second.rows).map(|row| row.message_id.clone()).collect();
    assert_eq!(ids.len(), count as usize, "each message once");
    for row in first.rows.iter().chain(&second.rows) {
        assert_eq!(
            (row.status, &*row.message_type, &*row.sender),
            (StatusView::Ready, "ORU^R01", "LAB / A"),
            "what it is"
        );
        assert!(
            row.control_id.starts_with('A') && row.bytes > 0 && row.why.is_empty(),
            "all is well: {row:?}"
        );
    }
    let time = |at: &str| at.parse::<jiff::Timestamp>().expect("a time");
    let times: Vec<_> = first.rows.iter().map(|row| time(&row.received_at)).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first");

    let today = desktop.today().await.unwrap();
    assert_eq!(
        (today.received, today.ready, today.attention, today.stuck),
        (count, count, 0, 0),
        "counted today"
    );
    assert!(
        place.window.seen().hints.iter().any(|hint| matches!(hint, Changed::TodayCounted { .. })),
        "a long count tells how far it is"
    );
    assert_eq!(desktop.today().await.unwrap().received, count, "counted again, it is the same");

    desktop.close_messages(first.list).await.unwrap();
    assert_eq!(code(desktop.more_messages(first.list).await), "gone", "closed is closed");
    desktop.close_messages(first.list).await.expect("to close it twice is no mistake");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_lists_are_kept_and_the_oldest_makes_room() {
    let place = Place::signed_in(ADMIN).await;
    let mut lists = Vec::new();
    for _ in 0..=LISTS {
        lists.push(place.desktop.open_messages(MessageWhich::Open, None, None).await.unwrap().list);
    }
    let distinct: BTreeSet<_> = lists.iter().collect();
    assert_eq!(distinct.len(), lists.len(), "no number is used twice");
    assert_eq!(code(place.desktop.more_messages(lists[0]).await), "gone", "the oldest made room");
    for list in &lists[1..] {
        place.desktop.more_messages(*list).await.expect("the newer ones are kept");
    }
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_list_holds_its_messages_and_a_history_tells_what_happened() {
    let place = Place::signed_in(ADMIN).await;
    let desktop = &place.desktop;
    let broken = place.path("broken.hl7");
    std::fs::write(&broken, "MSH|AAAA|LAB|A|LAKE|HUB|20260101||ADT^A01|BAD-1|P|2.5\rPID|1\r").unwrap();
    let id = place.review_of(vec![place.batch("A", 4), broken]).await;
    desktop.send_submission(id).await.unwrap();
    place
        .until_submission(id, "the end", |now| now.phase == PhaseView::Ended && now.staging.waiting == 0)
        .await;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let count = async |which| desktop.open_messages(which, None, None).await.unwrap().rows.len();
    for (which, expected) in [
        (MessageWhich::All, 5),
        (MessageWhich::Ready, 4),
        (MessageWhich::Attention, 1),
        (MessageWhich::Open, 1),
        (MessageWhich::Received, 0),
        (MessageWhich::Stuck, 0),
        (MessageWhich::SetAside, 0),
        (MessageWhich::Replaced, 0),
    ] {
        assert_eq!(count(which).await, expected, "of the five messages, those of {which:?}");
    }
    let days = async |from: &str, to: &str| {
        let (from, to) = (Some(from.to_owned()), Some(to.to_owned()));
        desktop.open_messages(MessageWhich::All, from, to).await.map(|page| page.rows.len())
    };
    assert_eq!(days("2020-01-01", "2020-12-31").await, Ok(0), "none of another year");
    assert_eq!(days("", "").await, Ok(5), "an empty day is none, so all days");
    assert_eq!(code(days("yesterday", &today).await), "no-day", "what is no day is told as that");

    let attention = desktop.open_messages(MessageWhich::Attention, None, None).await.unwrap().rows.remove(0);
    assert!(!attention.why.is_empty(), "it says why it needs attention");
    let ready = desktop.open_messages(MessageWhich::Ready, None, None).await.unwrap().rows.remove(0);
    for (row, end) in [(attention, StepKind::Attention), (ready, StepKind::Ready)] {
        let history = desktop.history(row.message_id.clone()).await.unwrap();
        let kinds: Vec<_> = history.steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [StepKind::Received, end], "from the beginning to where it stands, oldest first");
        assert!(history.steps.iter().all(|step| !step.what.is_empty()), "in sentences: {:?}", history.steps);
        assert_eq!(history.message, row, "of the same message");
        assert_eq!(history.fingerprint.len(), 64, "with its fingerprint");
    }
    for strange in ["", "no id", "0197a3f0-0000-7000-8000-000000000000"] {
        assert_eq!(code(desktop.history(strange.to_owned()).await), "no-such-message", "of {strange:?}");
    }
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_send_is_told_that_nothing_can_be_shown() {
    let place = Place::signed_in(WRITER).await;
    let desktop = &place.desktop;
    let id = place.submit("A", 3).await;
    let sent = desktop.submission(id).await.unwrap();
    assert_eq!(
        (sent.counts.ingested, sent.staging.not_visible),
        (3, 3),
        "sent, and nobody here can tell what became of it"
    );
    let lines = desktop.lines(id, WhichLines::All, 0, 10).await.unwrap();
    let told: Vec<_> = lines.rows.iter().map(|row| (row.outcome, row.staging)).collect();
    assert_eq!(told, [(StatusView::InTheLake, None); 3], "nor does a row say more than the sum");
    for refused in [
        desktop.today().await.map(drop),
        desktop.open_messages(MessageWhich::All, None, None).await.map(drop),
        desktop.open_messages(MessageWhich::Open, None, None).await.map(drop),
        desktop.history("0197a3f0-0000-7000-8000-000000000000".to_owned()).await.map(drop),
    ] {
        let problem = refused.expect_err("without the right to read nothing is shown");
        assert_eq!(
            (&*problem.code, &*problem.title),
            ("no-right", "You may not read messages here"),
            "it is the right that is missing, not the lake"
        );
    }
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "they stay signed in");
    place.desktop.close().await;
}
