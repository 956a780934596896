//! From the first start to being signed in, and what comes in between.

use lake_tests::robot;

use super::*;
use crate::view::{Kept, LakeStanding, NextStep, Rights};

const HOSPITAL: &str = "my_hospital_123";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_knows_no_lake_and_practising_brings_one() {
    let place = Place::new().await;
    let first = place.desktop.overview().await.unwrap();
    assert_eq!((first.lake, first.lakes.len()), (None, 0), "no lake is known at the first start");
    assert_eq!(
        first.session,
        SessionView::SignedOut { problem: None, unreached: false, keyring: None },
        "and nobody is signed in, without a complaint"
    );
    assert_eq!(first.notes, [], "nothing went wrong");
    assert_eq!(code(place.desktop.sign_in().await), "no-lake", "there is nowhere to sign in");

    place.desktop.practise().await.unwrap();
    let practising = place.desktop.overview().await.unwrap();
    let lake = practising.lake.expect("a lake is in use");
    assert_eq!(lake.standing, LakeStanding::Ready, "it runs when practising has answered");
    assert!(lake.practice, "the banner must say that nothing real is in it");
    assert_eq!(lake.title, "Practice lake on this computer", "and name it in words");
    let here = format!("localhost:{}", place.ports.lake());
    assert_eq!((&lake.host, &lake.sign_in_host), (&here, &here), "both hosts are this computer");
    let rows: Vec<_> = practising.lakes.iter().map(|row| (row.practice, row.current)).collect();
    assert_eq!(rows, [(true, true)], "it is known from now on, and in use");
    assert!(place.window.seen().hints.contains(&Changed::Overview), "the window is told to read again");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_opens_one_page_and_shows_who_it_was_and_what_they_may() {
    let place = Place::practising().await;
    let rights = [
        (ADMIN, Some(HOSPITAL), Some(HOSPITAL)),
        (READER, Some(HOSPITAL), None),
        (WRITER, None, Some(HOSPITAL)),
        (OTHER, Some("other_clinic_456"), Some("other_clinic_456")),
    ];
    for (place_in_row, (user, reads, writes)) in rights.into_iter().enumerate() {
        place.sign_in(user).await;
        let expected = SessionView::SignedIn {
            user: user.to_owned(),
            rights: Rights { reads: reads.map(Into::into), writes: writes.map(Into::into) },
            kept: Kept::Keyring,
        };
        assert_eq!(place.session().await, expected, "the banner says who may do what");
        let opened = place.opened();
        assert_eq!(opened.len(), place_in_row + 1, "one page a sign-in, no more");
        let page = opened.last().unwrap();
        assert!(page.path().ends_with("/authorize"), "it is the sign-in page: {}", page.path());
        assert_eq!(
            place.window.seen().forward,
            place_in_row + 1,
            "the window comes back from behind the browser"
        );
        assert_eq!(place.audited().last().unwrap().0, Action::SignIn, "it is on record");
    }
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sign_in_is_refused_and_the_first_can_be_given_up_again_and_again() {
    let place = Place::practising().await;
    let _turn = robot::turn().await;
    // More often than there are ports that the browser could come back to: each must be free again.
    for _ in 0..5 {
        let (signing_in, _page) = place.begin_to_sign_in().await;
        let until = place.session().await;
        let SessionView::SigningIn { until, address: None } = until else {
            panic!("the browser is open: {until:?}")
        };
        let until: jiff::Timestamp = until.parse().expect("a time that the window can count down to");
        assert!(until > jiff::Timestamp::now(), "it lies ahead");
        let second = place.desktop.sign_in().await.expect_err("one at a time");
        assert_eq!(second.title, "A sign-in is under way", "the second is refused in words");
        place.desktop.cancel_sign_in().await.unwrap();
        let ended = tokio::time::timeout(LIMIT, signing_in).await.expect("it ends at once").unwrap();
        assert_eq!(code(ended), "sign-in-cancelled", "who asked hears that it was given up");
        assert_eq!(
            place.session().await,
            SessionView::SignedOut { problem: None, unreached: false, keyring: None },
            "the steward wanted it so: that is no problem to be shown"
        );
    }
    assert_eq!(place.opened().len(), 5, "a refused sign-in opens no page");
    assert_eq!(place.window.seen().forward, 0, "the window does not push forward for nothing");
    place.desktop.cancel_sign_in().await.expect("to give up what is not under way is no mistake");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_browser_opens_the_address_is_shown_and_works() {
    let place = Place::practising().await;
    place.window.seen().no_browser = Some("there is none".to_owned());
    let _turn = robot::turn().await;
    let desktop = Arc::clone(&place.desktop);
    let signing_in = tokio::spawn(async move { desktop.sign_in().await });
    let shown = place
        .until("the address", |now| matches!(now.session, SessionView::SigningIn { address: Some(_), .. }))
        .await;
    let SessionView::SigningIn { address: Some(address), .. } = shown.session else { panic!("it is shown") };
    robot::sign_in(&address.parse().unwrap(), ADMIN).await;
    signing_in.await.unwrap().expect("a page that was opened by hand is as good");
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "and the steward is in");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_the_page_gives_up_is_told_with_its_next_step() {
    let place = Place::practising().await;
    let _turn = robot::turn().await;
    let (signing_in, page) = place.begin_to_sign_in().await;
    let mut browser = robot::Browser::new();
    let form = browser.open(page).await;
    browser.fill_in(form, &[("cancel", "yes")]).await;
    assert_eq!(code(signing_in.await.unwrap()), "sign-in-refused", "who asked hears it");
    let session = place.session().await;
    let SessionView::SignedOut { problem: Some(problem), .. } = session else {
        panic!("nobody is in: {session:?}")
    };
    assert_eq!(
        (&*problem.code, problem.next),
        ("sign-in-refused", NextStep::SignIn),
        "it is shown, with a way on"
    );
    place.desktop.close().await;
}
