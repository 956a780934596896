//! Getting to know lakes, changing between them, forgetting them.

use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Started};

use super::*;
use crate::desktop::OFFERS;

/// Another lake, somewhere else as far as the desktop knows.
struct Elsewhere {
    _folder: TempDir,
    lake: Box<LocalLake>,
}

impl Elsewhere {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options =
            local_lake::Options { data: folder.path().join("lake"), port: 0, samples: SampleUsers::OneClick };
        let started =
            LocalLake::start(options).await.unwrap_or_else(|problem| panic!("it starts: {problem}"));
        let Started::Ours(lake) = started else { panic!("nobody else has this folder") };
        Self { _folder: folder, lake }
    }

    fn address(&self) -> String {
        self.lake.profile().endpoints.front_door.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_is_looked_at_accepted_used_and_forgotten() {
    let place = Place::signed_in(ADMIN).await;
    let (desktop, elsewhere) = (&place.desktop, Elsewhere::start().await);
    let offer = desktop.look_at_lake(format!("  {} ", elsewhere.address())).await.unwrap();
    let host = elsewhere.address().replace("http://", "");
    assert_eq!((&offer.host, &offer.sign_in_host), (&host, &host), "where tokens and passwords would go");
    assert!(
        offer.practice && !offer.known && offer.changes.is_empty(),
        "on this computer, and new: {offer:?}"
    );
    assert_eq!(desktop.overview().await.unwrap().lakes.len(), 1, "nothing is saved by a look");

    desktop.accept_lake(offer.id).await.unwrap();
    assert_eq!(code(desktop.accept_lake(offer.id).await), "gone", "a yes is good for once");
    let overview = desktop.overview().await.unwrap();
    let used = overview.lake.expect("it is in use");
    assert_eq!(used.host, host, "the one that was accepted");
    assert!(
        matches!(overview.session, SessionView::SignedOut { problem: None, .. }),
        "each lake has its own sign-in"
    );
    let rows: Vec<_> = overview.lakes.iter().map(|row| (row.name.as_str(), row.current)).collect();
    assert_eq!(rows, [("local", false), (used.name.as_str(), true)], "both are known, one is in use");
    let again = desktop.look_at_lake(elsewhere.address()).await.unwrap();
    assert!(again.known && again.changes.is_empty(), "it is what it was");

    desktop.use_lake("local".to_owned()).await.unwrap();
    assert!(
        matches!(place.session().await, SessionView::SignedIn { .. }),
        "nobody was signed out by changing lakes"
    );
    assert_eq!(code(desktop.use_lake("nowhere".to_owned()).await), "unknown-lake", "one that is not known");
    let overview = desktop.overview().await.unwrap();
    assert_eq!(
        overview.lake.map(|lake| lake.name).as_deref(),
        Some("local"),
        "who misses stays where they are"
    );
    assert!(matches!(overview.session, SessionView::SignedIn { .. }), "and signed in");

    desktop.forget_lake(used.name).await.unwrap();
    assert_eq!(desktop.overview().await.unwrap().lakes.len(), 1, "it is forgotten");
    assert!(
        matches!(place.session().await, SessionView::SignedIn { .. }),
        "another lake's end changes nothing here"
    );
    desktop.forget_lake("local".to_owned()).await.unwrap();
    let overview = desktop.overview().await.unwrap();
    assert_eq!((overview.lake, overview.lakes.len()), (None, 0), "the lake in use is left");
    assert_eq!(
        overview.session,
        SessionView::SignedOut { problem: None, unreached: false, keyring: None },
        "and nobody looks for somebody any more"
    );
    assert_eq!(code(desktop.start_lake_again().await), "no-lake", "there is none to start");
    desktop.practise().await.unwrap();
    assert_eq!(
        place.session().await,
        SessionView::SignedOut { problem: None, unreached: false, keyring: None },
        "a lake that was forgotten has no session left here"
    );
    desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_about_a_known_lake_is_said_before_it_is_used() {
    let place = Place::new().await;
    let elsewhere = Elsewhere::start().await;
    let mut before = elsewhere.lake.profile().clone();
    before.bucket = "another".to_owned();
    before.name = String::new();
    place.home().save_profile("north", before).unwrap();
    let offer = place.desktop.look_at_lake(elsewhere.address()).await.unwrap();
    assert_eq!(
        offer.changes,
        ["name: was nothing, is now Practice lake on this computer", "storage: was another, is now lake"],
        "each change in words"
    );
    assert!(!offer.known || !offer.changes.is_empty(), "it must be confirmed again");
    place.desktop.accept_lake(offer.id).await.unwrap();
    let names: Vec<_> =
        place.desktop.overview().await.unwrap().lakes.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["north"], "it takes the place of what was saved");
    place.desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_file_describes_a_lake_and_a_typed_path_does_not() {
    let place = Place::new().await;
    let (desktop, elsewhere) = (&place.desktop, Elsewhere::start().await);
    let outputs = place.path("outputs.json");
    std::fs::write(&outputs, format!(r#"{{"FrontDoorUrl":"{}"}}"#, elsewhere.address())).unwrap();
    desktop.dropped(vec![outputs.clone()]);
    let chosen = place.dropped().await;
    assert!(desktop.chosen(chosen).await.unwrap().describes_lake, "it is one for Connect");
    let offer = desktop.look_at_dropped_lake(chosen).await.unwrap();
    desktop.accept_lake(offer.id).await.unwrap();
    assert!(desktop.overview().await.unwrap().lake.is_some(), "it is in use");

    desktop.dropped(vec![outputs.clone(), outputs.clone()]);
    let two = place.dropped().await;
    assert_eq!(code(desktop.look_at_dropped_lake(two).await), "not-one-file", "of two nobody knows which");
    assert_eq!(code(desktop.look_at_dropped_lake(999).await), "not-one-file", "nor of none");
    let other = place.path("other.json");
    std::fs::write(&other, "{}").unwrap();
    desktop.dropped(vec![other]);
    let other = place.dropped().await;
    assert_eq!(code(desktop.look_at_dropped_lake(other).await), "not-outputs", "another file is just a file");

    for (given, expected) in [
        (outputs.to_str().unwrap(), "not-an-address"),
        ("lake", "not-an-address"),
        ("", "not-an-address"),
        ("file:///etc/passwd.json", "not-an-address"),
        ("http://lake.example.org", "not-encrypted"),
        ("http://localhost:1", "no-lake-there"),
    ] {
        let answer = desktop.look_at_lake(given.to_owned()).await;
        assert_eq!(code(answer), expected, "paths do not come from the web view, and {given:?} is no lake");
    }
    desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_offers_are_kept_and_the_oldest_makes_room() {
    let place = Place::new().await;
    let elsewhere = Elsewhere::start().await;
    let mut offers = Vec::new();
    for _ in 0..=OFFERS {
        offers.push(place.desktop.look_at_lake(elsewhere.address()).await.unwrap().id);
    }
    assert_eq!(code(place.desktop.accept_lake(offers[0]).await), "gone", "the oldest made room");
    place.desktop.accept_lake(offers[1]).await.expect("the next is kept");
    place.desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_around_the_lock_by_way_of_another_lake() {
    let place = Place::signed_in(ADMIN).await;
    let (desktop, elsewhere) = (&place.desktop, Elsewhere::start().await);
    let offer = desktop.look_at_lake(elsewhere.address()).await.unwrap();
    desktop.accept_lake(offer.id).await.unwrap();
    place.sign_in(OTHER).await;
    let name = desktop.overview().await.unwrap().lake.unwrap().name;
    desktop.lock().await.unwrap();
    assert_eq!(code(desktop.use_lake("local".to_owned()).await), "locked", "the other one is signed in to");
    place.sign_in(OTHER).await;
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "unlocked here");
    desktop.use_lake("local".to_owned()).await.unwrap();
    assert!(
        matches!(place.session().await, SessionView::Locked { .. }),
        "there somebody else was locked out too"
    );
    place.sign_in(ADMIN).await;
    desktop.use_lake(name).await.unwrap();
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "who unlocked both moves freely");
    desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_cannot_start_says_why_and_is_tried_again() {
    let place = Place::signed_in(ADMIN).await;
    place.desktop.close().await;
    let Place { folder, ports, .. } = place;
    // Somebody's file is where the lake's folder should be.
    let (lake, aside) = (home_in(folder.path()).join("lake"), folder.path().join("aside"));
    std::fs::rename(&lake, &aside).unwrap();
    std::fs::write(&lake, "in the way").unwrap();
    let place = Place::on(folder, ports).await;
    let failed = place.desktop.overview().await.unwrap().lake.expect("it is still the lake in use");
    let crate::view::LakeStanding::Failed { problem } = failed.standing else {
        panic!("it says that it failed")
    };
    assert_eq!(problem.code, "practice-lake", "and why");
    assert_eq!(code(place.desktop.start_lake_again().await), "practice-lake", "it fails as before");
    std::fs::remove_file(&lake).unwrap();
    std::fs::rename(&aside, &lake).unwrap();
    place.desktop.start_lake_again().await.expect("mended, it starts");
    assert!(matches!(place.session().await, SessionView::SignedIn { .. }), "with the session that was kept");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_lakes_gives_up_a_sign_in_that_waits_and_signs_nobody_in_there() {
    let place = Place::practising().await;
    let elsewhere = Elsewhere::start().await;
    let offer = place.desktop.look_at_lake(elsewhere.address()).await.unwrap();
    let _turn = robot::turn().await;
    let (signing_in, _page) = place.begin_to_sign_in().await;
    place.desktop.accept_lake(offer.id).await.unwrap();
    assert_eq!(code(signing_in.await.unwrap()), "sign-in-cancelled", "it was for the other lake");
    assert_eq!(
        place.session().await,
        SessionView::SignedOut { problem: None, unreached: false, keyring: None },
        "nobody is signed in here, and nothing went wrong"
    );
    place.desktop.close().await;
    elsewhere.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_sign_in_goes_on_by_itself_once_its_service_answers() {
    let place = Place::new().await;
    let folder = tempfile::tempdir().unwrap();
    let ports = Ports::take();
    let start = async || {
        let (data, port) = (folder.path().join("lake"), ports.lake());
        let options = local_lake::Options { data, port, samples: SampleUsers::OneClick };
        let started = LocalLake::start(options).await;
        let Ok(Started::Ours(lake)) = started else { panic!("it starts") };
        lake
    };
    let elsewhere = start().await;
    let address = elsewhere.profile().endpoints.front_door.clone();
    let offer = place.desktop.look_at_lake(address).await.unwrap();
    place.desktop.accept_lake(offer.id).await.unwrap();
    place.sign_in(ADMIN).await;
    let id = place.review_of(vec![place.batch("A", 3)]).await;
    elsewhere.stop().await;

    // As a laptop that is opened before it has found its network.
    let place = place.start_again().await;
    let SessionView::SignedOut { problem: Some(problem), unreached, .. } = place.session().await else {
        panic!("whether somebody is signed in cannot be told")
    };
    assert!(unreached, "and it is said so, not that nobody is");
    assert_eq!(problem.code, "sign-in-out-of-reach", "with the reason");
    assert_eq!(code(place.desktop.submission(id).await), "not-signed-in", "until then nothing is shown");

    let elsewhere = start().await;
    place.until("it goes on by itself", |now| matches!(now.session, SessionView::SignedIn { .. })).await;
    assert_eq!(place.desktop.submission(id).await.unwrap().phase, PhaseView::Review, "as it was left");
    assert_eq!(place.opened().len(), 0, "and no browser was needed for it");
    place.desktop.close().await;
    elsewhere.stop().await;
}
