//! The session against the local lake's issuer.

use desk::home::Home;
use desk::session::{Prompt, Session, SessionProblem, SignedIn, SystemClock, Vault};
use jiff::{SignedDuration, Timestamp};
use lake::{Clock, Profile};
use local_lake::credentials::Secret;
use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Options, Started};
use tempfile::TempDir;
use tokio::sync::oneshot;
use url::Url;

use crate::robot;

/// A lake, and a home to sign in from.
pub(crate) struct Place {
    pub(crate) lake: LocalLake,
    pub(crate) home: Home,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let samples = SampleUsers::Password(Secret::new(robot::PASSWORD.to_owned()));
        let options = Options { data: folder.path().join("lake"), port: 0, samples };
        let Started::Ours(lake) = LocalLake::start(options).await.expect("the lake starts") else {
            panic!("a folder of its own is nobody else's")
        };
        let home = Home::open(&folder.path().join("home")).expect("a home");
        Self { lake: *lake, home, folder }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.lake.profile().clone()
    }

    fn vault(&self) -> Vault {
        Vault::File(self.folder.path().join("session"))
    }

    /// As another program of the same steward would: nothing shared but the home and the session file.
    fn session(&self) -> Session<SystemClock> {
        Session::new(&self.home, self.profile(), self.vault(), SystemClock)
    }
}

/// Signs in with the robot; the address that was shown comes with it.
pub(crate) async fn sign_in<K: Clock>(
    session: &Session<K>,
    user: &'static str,
) -> (Result<SignedIn, SessionProblem>, Url) {
    let _turn = robot::turn().await;
    let (show, shown) = oneshot::channel();
    let robot = tokio::spawn(async move {
        let address: Url = shown.await.expect("an address is shown");
        robot::sign_in(&address, user).await;
        address
    });
    let signed_in = session
        .sign_in(Prompt::IfNeeded, |address| {
            show.send(address.clone()).map_err(|address| format!("nobody waits for {address}"))
        })
        .await;
    (signed_in, robot.await.expect("the robot gets through"))
}

struct Off(SignedDuration);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sample_user_signs_in_with_the_rights_that_the_lake_gives() {
    let place = Place::start().await;
    let expected = [
        ("admin@example.com", Some("my_hospital_123"), Some("my_hospital_123")),
        ("reader@example.com", Some("my_hospital_123"), None),
        ("writer@example.com", None, Some("my_hospital_123")),
        ("other@example.com", Some("other_clinic_456"), Some("other_clinic_456")),
    ];
    for (user, read, write) in expected {
        let (signed_in, address) = sign_in(&place.session(), user).await;
        let signed_in = signed_in.expect("the sign-in goes through");
        assert_eq!(signed_in.user.as_deref(), Some(user), "the steward who signed in");
        let rights = (&signed_in.claims.read, &signed_in.claims.write);
        let name = |right: &Option<lake::Source>| right.as_ref().map(|source| source.as_str().to_owned());
        assert_eq!((name(rights.0).as_deref(), name(rights.1).as_deref()), (read, write), "{user}'s rights");
        let asked: Vec<_> = address.query_pairs().map(|(name, _)| name.into_owned()).collect();
        for needed in ["state", "nonce", "code_challenge"] {
            assert!(asked.contains(&needed.to_owned()), "{needed} goes with the question: {asked:?}");
        }
    }
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_share_one_session_and_renew_it_once() {
    let place = Place::start().await;
    let (one, other) = (place.session(), place.session());
    let nobody = one.signed_in().await;
    assert!(matches!(nobody, Err(SessionProblem::SignedOut)), "nobody has signed in: {nobody:?}");
    let first = sign_in(&one, "admin@example.com").await.0.expect("the sign-in goes through");
    let shared = other.signed_in().await.expect("the other program finds the session");
    assert!(shared.id_token.expose() == first.id_token.expose(), "it is the same sign-in");

    // Tokens of one second are equal: a renewal is told from the old token by the next second.
    robot::next_second().await;
    let renewed = other.renew_refused(&first.id_token).await.expect("the other renews");
    assert!(renewed.id_token.expose() != first.id_token.expose(), "a new token");
    let taken = one.renew_refused(&first.id_token).await.expect("the first finds it renewed");
    assert!(taken.id_token.expose() == renewed.id_token.expose(), "what the other has renewed is taken");

    let many = (0..8).map(|_| one.renew_refused(&renewed.id_token));
    robot::next_second().await;
    let tokens: std::collections::BTreeSet<String> = futures::future::join_all(many)
        .await
        .into_iter()
        .map(|signed_in| signed_in.expect("all have a token").id_token.expose().to_owned())
        .collect();
    assert_eq!(tokens.len(), 1, "of eight at once one renews, the others take what it got");
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_out_ends_the_session_everywhere_and_the_next_sign_in_asks() {
    let place = Place::start().await;
    let (one, other) = (place.session(), place.session());
    let (first, address) = sign_in(&one, "admin@example.com").await;
    let first = first.expect("the sign-in goes through");
    assert!(
        !address.query_pairs().any(|(name, _)| name == "prompt"),
        "at first the issuer decides: {address}"
    );
    other.signed_in().await.expect("shared");
    let kept = std::fs::read(place.folder.path().join("session")).expect("kept in the file");

    let (logout, revoked) = one.sign_out().await.expect("the sign-out goes through");
    revoked.expect("the issuer was told");
    let logout = logout.expect("the lake has a logout page");
    let page = robot::client().get(logout).send().await.expect("it answers");
    assert!(
        page.status().is_redirection() || page.status().is_success(),
        "the logout page: {}",
        page.status()
    );
    let after = other.renew_refused(&first.id_token).await;
    assert!(
        matches!(after, Err(SessionProblem::SignedOut)),
        "the other program is signed out too: {after:?}"
    );

    // Somebody has kept a copy of the file: the refresh token in it is worth nothing any more.
    std::fs::write(place.folder.path().join("session"), kept).expect("writable");
    let stolen = place.session().renew_refused(&first.id_token).await;
    assert!(matches!(stolen, Err(SessionProblem::Ended)), "revoked at the issuer: {stolen:?}");
    let gone = place.session().signed_in().await;
    assert!(matches!(gone, Err(SessionProblem::SignedOut)), "what has ended is cleared: {gone:?}");

    let (again, address) = sign_in(&one, "admin@example.com").await;
    again.expect("signed in again");
    let prompt =
        address.query_pairs().find(|(name, _)| name == "prompt").map(|(_, value)| value.into_owned());
    assert_eq!(prompt.as_deref(), Some("login"), "after a sign-out the login page is shown");
    let (_, address) = sign_in(&one, "admin@example.com").await;
    assert!(!address.query_pairs().any(|(name, _)| name == "prompt"), "only the first time after it");
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_named_with_its_side() {
    let place = Place::start().await;
    for (minutes, side) in [(61, "ahead of"), (-61, "behind")] {
        let clock = Off(SignedDuration::from_mins(minutes));
        let session = Session::new(&place.home, place.profile(), Vault::Memory, clock);
        let (refused, _) = sign_in(&session, "admin@example.com").await;
        let problem = refused.expect_err("a clock that is an hour off").to_string();
        assert!(problem.contains("clock") && problem.contains(side), "{minutes} minutes: {problem}");
        let after = session.signed_in().await;
        assert!(matches!(after, Err(SessionProblem::SignedOut)), "nobody is signed in: {after:?}");
    }
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_out_of_reach_does_not_end_a_session() {
    let place = Place::start().await;
    let first = sign_in(&place.session(), "admin@example.com").await.0.expect("the sign-in goes through");
    let profile = place.profile();
    let folder = place.folder;
    place.lake.stop().await;
    let session = Session::new(&place.home, profile, Vault::File(folder.path().join("session")), SystemClock);
    let away = session.renew_refused(&first.id_token).await;
    assert!(matches!(away, Err(SessionProblem::IssuerUnreachable { .. })), "out of reach: {away:?}");
    let kept = std::fs::read_to_string(folder.path().join("session")).expect("still there");
    assert!(kept.contains("refresh_token"), "the session is kept for when the issuer is back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::start().await;
    let file = place.folder.path().join("session");
    sign_in(&place.session(), "admin@example.com").await.0.expect("the sign-in goes through");
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "for its owner only");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("ours to change");
    let refused = place.session().signed_in().await;
    assert!(matches!(refused, Err(SessionProblem::File { .. })), "others can read it: {refused:?}");
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_idle_lock_outlives_the_program_and_ends_by_a_fresh_login_only() {
    let place = Place::start().await;
    let session = place.session();
    let first = sign_in(&session, "admin@example.com").await.0.expect("the sign-in goes through");
    assert!(!session.is_locked(), "nobody has locked");
    session.lock().expect("locked");

    // Handing messages over goes on: tokens are given and renewed.
    robot::next_second().await;
    let renewed = session.renew_refused(&first.id_token).await.expect("renewed while locked");
    assert!(renewed.id_token.expose() != first.id_token.expose(), "a new token");
    assert!(session.is_locked(), "a renewal unlocks nothing");

    let after_restart = place.session();
    assert!(after_restart.is_locked(), "the program was started again: locked still");
    after_restart.signed_in().await.expect("its submissions go on too");
    let (again, address) = sign_in(&after_restart, "admin@example.com").await;
    again.expect("unlocked by signing in");
    let prompt =
        address.query_pairs().find(|(name, _)| name == "prompt").map(|(_, value)| value.into_owned());
    assert_eq!(prompt.as_deref(), Some("login"), "the login page is shown to whom the browser remembers too");
    assert!(!after_restart.is_locked() && !session.is_locked(), "unlocked for every program of this home");
    place.lake.stop().await;
}
