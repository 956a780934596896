//! The lock: nothing of the lake is shown until somebody signs in again, and work goes on.

use std::collections::BTreeMap;

use desk::idle::IdleLock;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::commands::NAMES;
use crate::view::{MessageWhich, SettingsView, Theme, WhichLines};

/// What a command does while the screen is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum While {
    /// It shows or changes something of the lake, so it is refused.
    Refused,
    /// It shows nothing of the lake: why it may be used.
    Open(&'static str),
}
use While::{Open, Refused};

/// Every command of the window. A new one belongs here first.
const COMMANDS: &[(&str, While)] = &[
    ("overview", Open("it tells that the screen is locked, and by whom")),
    ("practise", Refused),
    ("look_at_lake", Refused),
    ("look_at_dropped_lake", Refused),
    ("accept_lake", Refused),
    ("use_lake", Refused),
    ("forget_lake", Refused),
    ("start_lake_again", Open("a lake that went away must come back, or nothing is sent; it stays locked")),
    ("sign_in", Open("it is how one unlocks")),
    ("sign_in_as_another", Open("it is how one unlocks, too")),
    ("cancel_sign_in", Open("it gives up unlocking")),
    ("sign_out", Open("it shows less, not more")),
    ("lock", Open("it is locked already")),
    ("touched", Open("a hand on the mouse is no sign-in")),
    ("choose_files", Open("files of this computer, by number")),
    ("choose_folder", Open("files of this computer, by number")),
    ("choose_samples", Open("synthetic files")),
    ("dropped_files", Open("files of this computer, by number")),
    ("chosen", Open("how many files were dropped, not which")),
    ("begin_submission", Refused),
    ("submission", Refused),
    ("send_submission", Refused),
    ("pause_submission", Refused),
    ("cancel_submission", Refused),
    ("look_again", Refused),
    ("lines", Refused),
    ("submissions", Refused),
    ("save_report", Refused),
    ("today", Refused),
    ("open_messages", Refused),
    ("more_messages", Refused),
    ("close_messages", Open("it lets go of what was shown")),
    ("history", Refused),
    ("save_settings", Open("text size and colours, for reading the lock screen")),
    ("about", Open("what the program is")),
    ("diagnostics", Open("made to be passed on: nothing of patients, files or people")),
    ("save_diagnostics", Open("made to be passed on: nothing of patients, files or people")),
];

/// Calls a command by its name. What is refused is refused whatever it is asked about.
async fn call(desktop: &Desktop, name: &str) -> Result<(), Problem> {
    let settings = SettingsView { theme: Theme::System, idle_lock_minutes: None, text_scale: 100 };
    match name {
        "overview" => desktop.overview().await.map(drop),
        "practise" => desktop.practise().await,
        "look_at_lake" => desktop.look_at_lake("http://localhost:1".to_owned()).await.map(drop),
        "look_at_dropped_lake" => desktop.look_at_dropped_lake(1).await.map(drop),
        "accept_lake" => desktop.accept_lake(1).await,
        "use_lake" => desktop.use_lake("local".to_owned()).await,
        "forget_lake" => desktop.forget_lake("local".to_owned()).await,
        "start_lake_again" => desktop.start_lake_again().await,
        "sign_in" => unlocking_is_given_up(desktop).await,
        "sign_in_as_another" => unlocking_is_given_up(desktop).await,
        "cancel_sign_in" => desktop.cancel_sign_in().await,
        // It ends the lock: a test of its own says how.
        "sign_out" => Ok(()),
        "lock" => desktop.lock().await,
        "touched" => desktop.touched().await,
        "choose_files" => desktop.choose_files().await.map(drop),
        "choose_folder" => desktop.choose_folder().await.map(drop),
        "choose_samples" => desktop.choose_samples().await.map(drop),
        "dropped_files" => desktop.dropped_files().await.map(drop),
        "chosen" => match desktop.chosen(1_000).await {
            Err(problem) if problem.code == "gone" => Ok(()),
            other => other.map(drop),
        },
        "begin_submission" => desktop.begin_submission(1).await.map(drop),
        "submission" => desktop.submission(1).await.map(drop),
        "send_submission" => desktop.send_submission(1).await,
        "pause_submission" => desktop.pause_submission(1).await,
        "cancel_submission" => desktop.cancel_submission(1).await,
        "look_again" => desktop.look_again(1).await,
        "lines" => desktop.lines(1, WhichLines::All, 0, 1).await.map(drop),
        "submissions" => desktop.submissions(None, 1).await.map(drop),
        "save_report" => desktop.save_report(1).await.map(drop),
        "today" => desktop.today().await.map(drop),
        "open_messages" => desktop.open_messages(MessageWhich::All, None, None).await.map(drop),
        "more_messages" => desktop.more_messages(1).await.map(drop),
        "close_messages" => desktop.close_messages(1).await,
        "history" => desktop.history("0197".to_owned()).await.map(drop),
        "save_settings" => desktop.save_settings(settings).await,
        "about" => desktop.about().await.map(drop),
        "diagnostics" => desktop.diagnostics().await.map(drop),
        "save_diagnostics" => desktop.save_diagnostics().await.map(drop),
        other => panic!("{other} is new: say in this file what it does while the screen is locked"),
    }
}

async fn unlocking_is_given_up(desktop: &Desktop) -> Result<(), Problem> {
    let giving_up = async {
        // At once, or as soon as it has begun.
        while desktop.state().signing_in.is_none() {
            tokio::task::yield_now().await;
        }
        desktop.cancel_sign_in().await
    };
    let (unlocked, given_up) = tokio::join!(desktop.sign_in(), giving_up);
    assert_eq!(code(unlocked), "sign-in-cancelled", "it was given up, not refused");
    given_up
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_shows_something_of_the_lake_is_refused_while_locked() {
    let told: BTreeMap<_, _> = COMMANDS.iter().copied().collect();
    assert_eq!(told.len(), COMMANDS.len(), "each command once");
    let known: BTreeMap<_, _> = NAMES.iter().map(|name| (*name, ())).collect();
    assert!(
        told.keys().eq(known.keys()),
        "a command that is new, or gone: say above what it does while the screen is locked: {NAMES:?}"
    );
    let place = Place::signed_in(ADMIN).await;
    let id = place.submit("A", 2).await;
    assert_eq!(id, 1, "the calls above ask about this one");
    let list = place.desktop.open_messages(MessageWhich::All, None, None).await.unwrap().list;
    place.desktop.lock().await.unwrap();
    let turn = robot::turn().await;
    place.window.seen().no_browser = Some("none is needed".to_owned());
    for (name, expected) in told {
        // For those that open a dialog.
        place.window.answer(None);
        let answer = call(&place.desktop, name).await;
        match (expected, answer) {
            (Refused, Err(problem)) if problem.code == "locked" => {}
            (Open(_), Ok(())) => {}
            (expected, answer) => panic!("{name} is to be {expected:?}, and answered {answer:?}"),
        }
        assert!(
            matches!(place.session().await, SessionView::Locked { .. }),
            "it stays locked whatever is called: {name}"
        );
    }
    drop(turn);
    place.window.seen().no_browser = None;
    place.sign_in(ADMIN).await;
    assert_eq!(
        code(place.desktop.more_messages(list).await),
        "gone",
        "what was shown before the lock was let go"
    );
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_goes_on_while_locked_and_unlocking_asks_again() {
    let place = Place::signed_in(ADMIN).await;
    let id = place.review_of(vec![place.batch("A", 2_000)]).await;
    place.desktop.send_submission(id).await.unwrap();
    place.desktop.lock().await.unwrap();
    assert_eq!(place.window.seen().notices, [], "it is still being sent when the screen is locked");
    let SessionView::Locked { user, problem: None, until: None, .. } = place.session().await else {
        panic!("the screen is locked")
    };
    assert_eq!(user, ADMIN, "it says whose screen it is");
    let (_, body) =
        place.window.until("the end, behind the lock", |seen| seen.notices.first().cloned()).await;
    assert!(body.starts_with("2000 messages: 2000 in the lake"), "all was sent: {body}");

    let before = place.opened().len();
    place.sign_in(ADMIN).await;
    assert_asks(&place.opened()[before], true);
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "unlocked");
    let ended = place.desktop.submission(id).await.unwrap();
    assert_eq!(ended.counts.ingested, 2_000, "and what was sent meanwhile is shown again");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_outlives_the_program() {
    let place = Place::signed_in(ADMIN).await;
    place.desktop.lock().await.unwrap();
    let place = place.start_again().await;
    let locked = place.until("it is locked", |now| matches!(now.session, SessionView::Locked { .. })).await;
    let SessionView::Locked { user, .. } = locked.session else { panic!("locked") };
    assert_eq!(user, ADMIN, "a start after the end is locked as it was left");
    assert_eq!(code(place.desktop.today().await), "locked", "in Rust, not on the screen only");
    let before = place.opened().len();
    place.sign_in(ADMIN).await;
    assert_asks(&place.opened()[before], true);
    let place = place.start_again().await;
    place.until("it stays unlocked", |now| matches!(now.session, SessionView::SignedIn { .. })).await;
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_to_unlock_that_comes_to_nothing_says_so_and_stays_locked() {
    let place = Place::signed_in(ADMIN).await;
    place.desktop.lock().await.unwrap();
    let _turn = robot::turn().await;
    let (unlocking, page) = place.begin_to_sign_in().await;
    let SessionView::Locked { until: Some(_), .. } = place.session().await else {
        panic!("it is locked while the browser is open, and says until when it waits")
    };
    let mut browser = robot::Browser::new();
    let form = browser.open(page).await;
    browser.fill_in(form, &[("cancel", "yes")]).await;
    assert_eq!(code(unlocking.await.unwrap()), "sign-in-refused", "who asked hears it");
    let SessionView::Locked { problem: Some(problem), until: None, .. } = place.session().await else {
        panic!("it stays locked, and says why")
    };
    assert_eq!(problem.code, "sign-in-refused", "what the page said");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_begun_before_the_lock_does_not_unlock() {
    let place = Place::signed_in(ADMIN).await;
    let _turn = robot::turn().await;
    let (signing_in, page) = place.begin_to_sign_in().await;
    assert_asks(&page, false);
    place.desktop.lock().await.unwrap();
    robot::sign_in(&page, ADMIN).await;
    signing_in.await.unwrap().expect("the sign-in itself is sound");
    assert!(
        matches!(place.session().await, SessionView::Locked { .. }),
        "the browser may have let it through by itself: the lock holds until somebody was asked"
    );
    assert_eq!(code(place.desktop.today().await), "locked", "nothing is shown");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_not_written_when_the_screen_was_locked_while_its_dialog_was_open() {
    let place = Place::signed_in(ADMIN).await;
    let id = place.review_of(vec![place.batch("A", 1)]).await;
    let (desktop, path) = (Arc::clone(&place.desktop), place.path("report.csv"));
    let saved_at = path.clone();
    place.window.answer_after(move || {
        async move {
            desktop.lock().await.unwrap();
            Some(vec![saved_at])
        }
        .boxed()
    });
    assert_eq!(
        code(place.desktop.save_report(id).await),
        "locked",
        "whoever pressed Save may be somebody else"
    );
    assert!(!path.exists(), "names of files count as patient data");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_is_locked_when_nobody_did_anything_for_long_enough() {
    for is_touched in [false, true] {
        let place = Place::signed_in(ADMIN).await;
        // As after a computer slept: no timer ran, and a hand on the mouse may come before the next look.
        let long_ago = Timestamp::now() - SignedDuration::from_hours(2);
        place.desktop.state().idle = IdleLock::open(Some(15), long_ago);
        if is_touched {
            place.desktop.touched().await.unwrap();
        } else {
            place.desktop.idle_changed.notify_one();
        }
        place.until("it is locked", |now| matches!(now.session, SessionView::Locked { .. })).await;
        place.desktop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_save_settings_is_to_be_there() {
    let place = Place::signed_in(ADMIN).await;
    let some_time_ago = Timestamp::now() - SignedDuration::from_mins(30);
    place.desktop.state().idle = IdleLock::open(Some(60), some_time_ago);
    let settings = SettingsView { theme: Theme::System, idle_lock_minutes: Some(5), text_scale: 100 };
    place.desktop.save_settings(settings).await.unwrap();
    let overview = place.desktop.overview().await.unwrap();
    assert!(matches!(overview.session, SessionView::SignedIn { .. }), "the new limit counts from now");
    assert!(!place.desktop.state().idle.is_locked(), "and the lock waits for it");
    place.desktop.close().await;
}

/// Whether a sign-in page asks even somebody whom the browser remembers.
#[track_caller]
fn assert_asks(page: &Url, asks: bool) {
    let asked = page.query_pairs().any(|(name, value)| name == "prompt" && value == "login");
    assert_eq!(asked, asks, "prompt=login in the page's address: {:?}", page.query());
}
