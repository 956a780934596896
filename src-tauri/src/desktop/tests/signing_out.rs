//! Signing out, and what whoever comes next finds.

use super::*;
use crate::view::{MessageWhich, NextStep};

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_forgets_what_was_shown_and_the_next_sign_in_asks_again() {
    let place = Place::signed_in(ADMIN).await;
    let id = place.submit("A", 2).await;
    let list = place.desktop.open_messages(MessageWhich::All, None, None).await.unwrap().list;
    place.desktop.today().await.unwrap();
    let before = place.opened().len();
    place.desktop.sign_out().await.unwrap();
    let signed_out = SessionView::SignedOut { problem: None, unreached: false, keyring: None };
    assert_eq!(place.session().await, signed_out, "nobody is signed in, and nothing went wrong");
    let page = place.opened()[before].clone();
    assert!(page.path().ends_with("/logout"), "the browser is told to forget too: {}", page.path());
    assert_eq!(place.audited().last().unwrap().0, Action::SignOut, "it is on record");
    assert!(place.desktop.state().last_today.is_none(), "counts are content too");
    for refused in [
        code(place.desktop.today().await),
        code(place.desktop.submission(id).await),
        code(place.desktop.more_messages(list).await),
        code(place.desktop.open_messages(MessageWhich::All, None, None).await),
    ] {
        assert_eq!(refused, "not-signed-in", "nothing of the lake is shown to nobody");
    }

    let page = place.opened().len();
    place.sign_in(ADMIN).await;
    let page = place.opened()[page].clone();
    assert!(
        page.query_pairs().any(|(name, value)| name == "prompt" && value == "login"),
        "a browser that still knows the steward must not let anybody in: {:?}",
        page.query()
    );
    assert_eq!(code(place.desktop.more_messages(list).await), "gone", "lists are closed");
    let again = place.opened().len();
    place.sign_in(ADMIN).await;
    assert!(
        place.opened()[again].query_pairs().all(|(name, _)| name != "prompt"),
        "asked once, the browser may remember again"
    );
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_screen_can_be_signed_out_and_shows_no_more_for_it() {
    let place = Place::signed_in(ADMIN).await;
    place.desktop.lock().await.unwrap();
    place.desktop.sign_out().await.unwrap();
    assert!(
        matches!(place.session().await, SessionView::SignedOut { problem: None, .. }),
        "nobody is signed in"
    );
    assert_eq!(code(place.desktop.today().await), "not-signed-in", "and nothing is shown");
    let page = place.opened().len();
    place.sign_in(WRITER).await;
    let page = place.opened()[page].clone();
    assert!(
        page.query_pairs().any(|(name, value)| name == "prompt" && value == "login"),
        "somebody was asked"
    );
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "so that the lock is over");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_that_the_sign_in_service_did_not_hear_of_is_told() {
    let place = Place::signed_in(ADMIN).await;
    place.desktop.local.lock().await.take().expect("it runs in this process").stop().await;
    place.desktop.sign_out().await.expect("it holds on this computer");
    let SessionView::SignedOut { problem: Some(problem), .. } = place.session().await else {
        panic!("nobody is signed in, and it is said what did not work")
    };
    assert_eq!((&*problem.code, problem.next), ("not-revoked", NextStep::SignIn), "with what to do about it");
    assert!(
        problem.detail.ends_with('.') && !problem.detail.ends_with(".."),
        "a sentence: {}",
        problem.detail
    );
    assert_eq!(code(place.desktop.today().await), "not-signed-in", "nothing is shown any more");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_next_finds_nothing_that_was_somebody_elses() {
    let place = Place::signed_in(ADMIN).await;
    place.submit("A", 3).await;
    let open = place.desktop.open_messages(MessageWhich::All, None, None).await.unwrap();
    assert_eq!(open.rows.len(), 3, "the first steward's institution has messages");
    let account = place.desktop.account().unwrap();
    // Without signing out: the other one simply signs in.
    place.sign_in(OTHER).await;
    assert_eq!(code(place.desktop.more_messages(open.list).await), "gone", "the list read as the one before");
    assert!(place.desktop.state().last_today.is_none(), "and so did the counts");
    assert_eq!(
        code(place.desktop.is_still(&account)),
        "gone",
        "what was still being read is not shown either"
    );
    let own = place.desktop.open_messages(MessageWhich::All, None, None).await.unwrap();
    assert_eq!((own.rows.len(), own.done), (0, true), "their own institution has none");
    assert_eq!(place.desktop.today().await.unwrap().institution, "other_clinic_456", "and it is theirs");
    let theirs = open.rows[0].message_id.clone();
    assert_eq!(code(place.desktop.history(theirs).await), "no-such-message", "even by its id it is not told");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_gives_up_a_sign_in_that_waits() {
    let place = Place::signed_in(ADMIN).await;
    let _turn = robot::turn().await;
    let (signing_in, page) = place.begin_to_sign_in().await;
    place.desktop.sign_out().await.unwrap();
    assert_eq!(code(signing_in.await.unwrap()), "sign-in-cancelled", "the steward wants out, not in");
    assert!(page.path().ends_with("/authorize"), "it had begun");
    assert!(
        matches!(place.session().await, SessionView::SignedOut { problem: None, .. }),
        "and nobody is in"
    );
    place.desktop.close().await;
}
