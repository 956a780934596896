//! Submitting from a program that stays open, against a real lake in this process.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use desk::account::Account;
use desk::home::Home;
use desk::session::{Prompt, Vault};
use desk::submitting::{
    Counts, EndedHow, Intake, Phase, Snapshot, StagingState, SubmissionId, Submitting, Unheaded, Which,
};
use lake_tests::ports::Ports;
use lake_tests::robot;
use local_lake::credentials::Secret;
use local_lake::users::SampleUsers;
use local_lake::{LocalLake, Options, Started};
use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;
use tokio::sync::oneshot;
use url::Url;

/// How long anything may take that is waited for.
const LIMIT: Duration = Duration::from_secs(40);

struct Place {
    folder: TempDir,
    home: Home,
    lake: LocalLake,
    ports: Ports,
}

impl Place {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = Home::open(&folder.path().join("home")).expect("a home");
        let ports = Ports::take();
        let lake = start_lake(&folder, &ports).await;
        home.save_profile("local", lake.profile().clone()).expect("it is saved");
        Self { folder, home, lake, ports }
    }

    /// A place where somebody is signed in, and their program is open.
    async fn used_by(user: &'static str) -> (Self, Arc<Account>, Submitting) {
        let place = Self::start().await;
        let account = place.sign_in(user).await;
        let (submitting, _) = Submitting::open(&place.home).expect("it opens");
        submitting.use_account(Some(Arc::clone(&account))).await.expect("it is used");
        (place, account, submitting)
    }

    /// Begins to submit a folder and waits for the review.
    async fn review_of(&self, submitting: &Submitting, account: &Account, folder: PathBuf) -> SubmissionId {
        let id = submitting.begin(self.intake(account, folder)).await.expect("it begins");
        until(submitting, id, "the review", |now| now.phase == Phase::Review).await;
        id
    }

    async fn sign_in(&self, user: &'static str) -> Arc<Account> {
        let vault = Vault::File(self.folder.path().join(format!("session of {user}")));
        let account = Account::open(&self.home, Some("local"), vault).expect("it opens");
        let _turn = robot::turn().await;
        let (show, shown) = oneshot::channel();
        let robot = tokio::spawn(async move {
            let address: Url = shown.await.expect("an address is shown");
            robot::sign_in(&address, user).await
        });
        let shown = |address: &Url| {
            show.send(address.clone()).map_err(|address| format!("nobody waits for {address}"))
        };
        account.session.sign_in(Prompt::IfNeeded, shown).await.expect("signed in");
        robot.await.expect("the robot gets through");
        Arc::new(account.anew())
    }

    /// A folder with so many different messages, one a file.
    fn files(&self, name: &str, count: usize) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for number in 0..count {
            let text = format!(
                "MSH|^~\\&|LAB|{name}|LAKE|HUB|20260101||ORU^R01|{name}{number}|P|2.5\rPID|1||{number}\rOBX|1|NM|1||{number}\r"
            );
            std::fs::write(folder.join(format!("{number:05}.hl7")), text).expect("a file");
        }
        folder
    }

    fn intake(&self, account: &Account, path: PathBuf) -> Intake {
        Intake {
            lake: account.name.clone(),
            front_door: account.profile().endpoints.front_door.clone(),
            source: Some(lake::Source::parse("my_hospital_123").expect("a source")),
            folder: self.folder.path().to_owned(),
            paths: vec![path],
            unheaded: Unheaded::LeaveOut,
            replaces: None,
        }
    }
}

async fn start_lake(folder: &TempDir, ports: &Ports) -> LocalLake {
    let samples = SampleUsers::Password(Secret::new(robot::PASSWORD.to_owned()));
    let options = Options { data: folder.path().join("lake"), port: ports.lake(), samples };
    let Started::Ours(lake) = LocalLake::start(options).await.expect("the lake starts") else {
        panic!("a folder of its own is nobody else's")
    };
    *lake
}

/// Reads again at each hint until it is as it should be.
async fn until(
    submitting: &Submitting,
    id: SubmissionId,
    what: &str,
    is_so: impl Fn(&Snapshot) -> bool,
) -> Snapshot {
    let mut changes = submitting.changes();
    let waiting = async {
        loop {
            let snapshot = submitting.snapshot(id).await.expect("a snapshot");
            assert_eq!(
                snapshot.submission.counts.found,
                snapshot.submission.counts.accounted(),
                "every message is accounted for at any time"
            );
            assert_eq!(
                snapshot.staging.sum(),
                snapshot.submission.counts.ingested,
                "what staging made of messages adds up to those in the lake"
            );
            if is_so(&snapshot) {
                return snapshot;
            }
            // A hint, or a look again: what is waited for may be no change of the queue.
            drop(tokio::time::timeout(Duration::from_millis(300), changes.recv()).await);
        }
    };
    match tokio::time::timeout(LIMIT, waiting).await {
        Ok(snapshot) => snapshot,
        Err(_) => panic!("{what} within {LIMIT:?}; it is {:?}", submitting.snapshot(id).await),
    }
}

fn counts(snapshot: &Snapshot) -> Counts {
    snapshot.submission.counts
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_yes_and_all_is_followed_to_its_end() {
    let place = Place::start().await;
    let account = place.sign_in("admin@example.com").await;
    let (submitting, aside) = Submitting::open(&place.home).expect("it opens");
    assert_eq!(aside, None, "a new queue is sound");
    submitting.use_account(Some(Arc::clone(&account))).await.expect("it is used");
    let mut ends = submitting.ends();
    let folder = place.files("A", 40);
    std::fs::write(
        folder.join("broken.hl7"),
        "MSH|AAAA|LAB|A|LAKE|HUB|20260101||ADT^A01|BAD-1|P|2.5\rPID|1\r",
    )
    .expect("a file");
    std::fs::write(folder.join("notes.txt"), "no message").expect("a file");
    let id = submitting.begin(place.intake(&account, folder)).await.expect("it begins");
    let review = until(&submitting, id, "the review", |now| now.phase == Phase::Review).await;
    let reviewed = review.review.clone().expect("a review");
    let found = reviewed.messages;
    assert_eq!(found, 41, "the messages of all files are found");
    assert_eq!(reviewed.look_wrong, 1, "the one with a damaged start is told before it is sent");
    assert_eq!(review.left_out.total, 1, "the file without a message is listed apart");
    assert_eq!(counts(&review).not_sent, found, "nothing is sent before the yes");
    assert_eq!(submitting.lines(id, Which::All, 0, 10).await.expect("rows").total, found, "a row a message");

    submitting.send(id).await.expect("the yes is heard");
    let ended =
        until(&submitting, id, "the end", |now| now.phase == Phase::Ended && now.staging.waiting == 0).await;
    assert_eq!(counts(&ended).ingested, found, "all are in the lake");
    assert!(ended.staging.ready >= 40, "the sound ones become ready: {:?}", ended.staging);
    assert!(ended.staging.attention >= 1, "the broken one needs attention: {:?}", ended.staging);
    let rows = submitting.lines(id, Which::NeedsAttention, 0, 10).await.expect("rows");
    assert_eq!(rows.total, ended.staging.attention, "the count and the rows are one");
    assert!(
        rows.rows
            .iter()
            .all(|row| matches!(&row.staging, Some(StagingState::Attention { error_code: Some(_) }))),
        "each says why"
    );
    let end = tokio::time::timeout(LIMIT, ends.recv()).await.expect("in time").expect("an end is told");
    assert_eq!(
        (end.id, end.how, end.counts.ingested),
        (id, EndedHow::Finished, found),
        "once, with its counts"
    );

    let report = place.folder.path().join("report.json");
    let told = submitting.report(id, &report).await.expect("a report");
    assert_eq!(told, counts(&ended), "the report's counts are those on screen");
    let text = std::fs::read_to_string(&report).expect("it is there");
    let text: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(text["messages"].as_array().map(Vec::len), usize::try_from(found).ok(), "a line a message");
    submitting.shut_down().await;
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_a_review_outlast_the_program_and_what_was_sent_goes_on() {
    let (place, account, submitting) = Place::used_by("admin@example.com").await;
    let mut ids = Vec::new();
    for name in ["paused", "reviewed", "sent"] {
        let intake = place.intake(&account, place.files(name, 30));
        let id = submitting.begin(intake).await.expect("it begins");
        until(&submitting, id, "the review", |now| now.phase == Phase::Review).await;
        ids.push(id);
    }
    let [paused, reviewed, sent] = ids[..] else { panic!("three were begun") };
    // Nobody is signed in: the yes is kept and nothing leaves.
    submitting.use_account(None).await.expect("signed out");
    submitting.send(paused).await.expect("yes");
    submitting.pause(paused).await.expect("paused");
    submitting.send(sent).await.expect("yes");
    until(&submitting, sent, "a wait for a sign-in", |now| matches!(now.phase, Phase::WaitsForSignIn { .. }))
        .await;
    submitting.shut_down().await;
    drop(submitting);

    let (submitting, _) = Submitting::open(&place.home).expect("it opens again");
    submitting.use_account(Some(Arc::clone(&account))).await.expect("it is used");
    let ended = until(&submitting, sent, "the end", |now| now.phase == Phase::Ended).await;
    assert_eq!(counts(&ended).ingested, 30, "what had its yes goes on by itself");
    for (id, phase) in [(paused, Phase::Paused), (reviewed, Phase::Review)] {
        let still = submitting.snapshot(id).await.expect("a snapshot");
        assert_eq!(counts(&still).ingested, 0, "nothing of it was sent");
        assert_eq!(still.phase, phase, "this waits for the steward");
    }
    submitting.send(paused).await.expect("go on");
    until(&submitting, paused, "the end", |now| now.phase == Phase::Ended).await;
    submitting.cancel(reviewed).await.expect("called off");
    let over = until(&submitting, reviewed, "the end", |now| now.phase == Phase::Cancelled).await;
    assert_eq!(counts(&over).not_sent, 30, "nothing of it was sent");
    submitting.shut_down().await;
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_went_away_is_waited_for_and_sending_goes_on_by_itself() {
    let (place, account, submitting) = Place::used_by("admin@example.com").await;
    let id = place.review_of(&submitting, &account, place.files("B", 25)).await;
    let Place { folder, home: _home, lake, ports } = place;
    lake.stop().await;
    submitting.send(id).await.expect("yes");
    let waits = until(&submitting, id, "a wait for the lake", |now| {
        matches!(&now.phase, Phase::WaitsForLake { next_try: Some(_), .. })
    })
    .await;
    assert_eq!(counts(&waits).ingested, 0, "nothing arrived");
    let lake = start_lake(&folder, &ports).await;
    submitting.send(id).await.expect("try now");
    let ended = until(&submitting, id, "the end", |now| now.phase == Phase::Ended).await;
    assert_eq!(counts(&ended).ingested, 25, "all arrived, once");
    submitting.shut_down().await;
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_it_waits_is_told_until_it_gets_on() {
    let (place, account, submitting) = Place::used_by("admin@example.com").await;
    let id = place.review_of(&submitting, &account, place.files("B", 25)).await;
    let Place { folder, home, lake, ports } = place;
    lake.stop().await;
    submitting.send(id).await.expect("yes");
    until(&submitting, id, "a wait for the lake", |now| {
        matches!(&now.phase, Phase::WaitsForLake { next_try: Some(_), .. })
    })
    .await;

    let mut backup = Connection::open(home.join("queue.sqlite")).expect("the queue's file");
    let held = backup.transaction_with_behavior(TransactionBehavior::Immediate).expect("nobody else writes");
    let lake = start_lake(&folder, &ports).await;
    let waits = until(&submitting, id, "a wait for this computer", |now| match &now.phase {
        // Tried again meanwhile, and without an answer to show for it.
        Phase::WaitsForLake { .. } => false,
        Phase::WaitsForThisComputer { next_try, .. } => next_try.is_some(),
        other => panic!("it neither gets on nor knows why it does not: {other:?}"),
    })
    .await;
    let Phase::WaitsForThisComputer { why, .. } = &waits.phase else { panic!("it was just seen") };
    assert!(why.contains("queue.sqlite") && why.contains("another program"), "the file and the cause: {why}");
    assert!(!why.contains("disk space"), "nothing is guessed: {why}");
    held.rollback().expect("the other one is done");
    let ended = until(&submitting, id, "the end", |now| now.phase == Phase::Ended).await;
    assert_eq!(counts(&ended).ingested, 25, "all arrived, once, and nobody had to ask for it");
    submitting.shut_down().await;
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needed_attention_is_asked_about_again_when_somebody_looks() {
    let (place, account, submitting) = Place::used_by("admin@example.com").await;
    let folder = place.files("B", 3);
    std::fs::write(folder.join("damaged.hl7"), "MSH|\r\rPID|1\r").expect("a file");
    let id = place.review_of(&submitting, &account, folder).await;
    submitting.send(id).await.expect("yes");
    until(&submitting, id, "staging", |now| (now.staging.ready, now.staging.attention) == (3, 1)).await;
    let lines = submitting.lines(id, Which::All, 0, 10).await.expect("lines").rows;
    let needy = lines.iter().find(|line| line.file.ends_with("damaged.hl7")).expect("it is there");
    let message_id = needy.message_id.expect("it is in the lake");
    let aside = account.ask(async |door, token| {
        door.set_aside(token, message_id, lake::SetAsideReason::TestMessage, None).await
    });
    aside.await.expect("it is set aside");
    let seen = until(&submitting, id, "what somebody did about it", |now| {
        // As a window does that opens the submission again; the lake may take a moment itself.
        tokio::spawn({
            let submitting = submitting.clone();
            async move { submitting.look_again(id).await }
        });
        now.staging.closed == 1
    })
    .await;
    assert_eq!((seen.staging.ready, seen.staging.attention), (3, 0), "nothing needs anybody any more");
    submitting.shut_down().await;
    place.lake.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_send_is_told_that_the_rest_cannot_be_seen() {
    let (place, account, submitting) = Place::used_by("writer@example.com").await;
    let id = place.review_of(&submitting, &account, place.files("C", 5)).await;
    submitting.send(id).await.expect("yes");
    let ended = until(&submitting, id, "the end", |now| now.phase == Phase::Ended).await;
    assert_eq!((ended.staging.waiting, ended.staging.not_visible), (0, 5), "it is said that nobody can tell");
    submitting.shut_down().await;
    place.lake.stop().await;
}
