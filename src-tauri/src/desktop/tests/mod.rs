//! The desktop over the real lake on this computer, with a window that nobody sees and a browser without one.

mod first_start;
mod keeping;
mod lakes;
mod locked;
mod reading;
mod signing_out;
mod submitting;
mod window;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use desk::audit::{Action, Audit, AuditEvent};
use desk::home::Home;
use lake_tests::ports::Ports;
use lake_tests::robot;
use tempfile::TempDir;
use url::Url;

use super::{Desktop, Options};
use crate::view::{Changed, Overview, PhaseView, Problem, SessionView, SubmissionView};
use window::{FakeWindow, Shared};

/// How long anything may take that is waited for, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const ADMIN: &str = "admin@example.com";
const READER: &str = "reader@example.com";
const WRITER: &str = "writer@example.com";
const OTHER: &str = "other@example.com";

/// A home of its own, with a desktop on it.
struct Place {
    folder: TempDir,
    ports: Ports,
    window: Arc<FakeWindow>,
    desktop: Arc<Desktop>,
}

impl Place {
    /// A desktop that is started for the first time.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(folder, Ports::take()).await
    }

    /// A desktop on what is in this folder.
    async fn on(folder: TempDir, ports: Ports) -> Self {
        let (window, desktop) = open(folder.path(), ports.lake());
        let place = Self { folder, ports, window, desktop };
        place.until("the start is over", |overview| overview.session != SessionView::Looking).await;
        place
    }

    /// A desktop whose practice lake runs, and nobody is signed in.
    async fn practising() -> Self {
        let place = Self::new().await;
        place.desktop.practise().await.unwrap();
        place
    }

    /// A desktop on the practice lake with somebody signed in.
    async fn signed_in(user: &'static str) -> Self {
        let place = Self::practising().await;
        place.sign_in(user).await;
        place
    }

    /// Closes the desktop and starts another on the same home.
    async fn start_again(self) -> Self {
        self.desktop.close().await;
        let Self { folder, ports, .. } = self;
        Self::on(folder, ports).await
    }

    fn home(&self) -> Home {
        Home::open(&home_in(self.folder.path())).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Signs in as a steward does: by the page that the desktop opens.
    async fn sign_in(&self, user: &'static str) {
        let _turn = robot::turn().await;
        let before = self.opened().len();
        let robot = async {
            let address = self.address_after(before).await;
            robot::sign_in(&address, user).await
        };
        let (signed_in, _page) = tokio::join!(self.desktop.sign_in(), robot);
        signed_in.unwrap();
    }

    /// Begins to sign in and leaves the browser to the test; the caller holds the turn.
    async fn begin_to_sign_in(&self) -> (tokio::task::JoinHandle<Result<(), Problem>>, Url) {
        let before = self.opened().len();
        let desktop = Arc::clone(&self.desktop);
        let signing_in = tokio::spawn(async move { desktop.sign_in().await });
        (signing_in, self.address_after(before).await)
    }

    async fn address_after(&self, before: usize) -> Url {
        self.window.until("an address is opened", |seen| seen.opened.get(before).cloned()).await
    }

    fn opened(&self) -> Vec<Url> {
        self.window.seen().opened.clone()
    }

    /// Reads the overview at each hint until it is as it should be.
    async fn until(&self, what: &str, is_so: impl Fn(&Overview) -> bool) -> Overview {
        let mut moves = self.window.moves();
        let waiting = async {
            loop {
                let overview = self.desktop.overview().await.unwrap();
                if is_so(&overview) {
                    return overview;
                }
                FakeWindow::next_move(&mut moves).await;
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(overview) => overview,
            Err(_) => panic!("{what} within {LIMIT:?}; it is {:?}", self.desktop.overview().await),
        }
    }

    /// Reads a submission at each hint until it is as it should be. Whenever it is looked at, its numbers add up.
    async fn until_submission(
        &self,
        id: u32,
        what: &str,
        is_so: impl Fn(&SubmissionView) -> bool,
    ) -> SubmissionView {
        let mut moves = self.window.moves();
        let waiting = async {
            loop {
                let now = self.desktop.submission(id).await.unwrap();
                assert_adds_up(&now);
                if is_so(&now) {
                    return now;
                }
                FakeWindow::next_move(&mut moves).await;
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(submission) => submission,
            Err(_) => panic!("{what} within {LIMIT:?}; it is {:?}", self.desktop.submission(id).await),
        }
    }

    /// What was dropped last.
    async fn dropped(&self) -> u32 {
        *self.desktop.dropped_files().await.unwrap().last().expect("something was dropped")
    }

    /// Drops these, begins to submit them, and waits for the review.
    async fn review_of(&self, paths: Vec<PathBuf>) -> u32 {
        self.desktop.dropped(paths);
        let chosen = self.dropped().await;
        let id = self.desktop.begin_submission(chosen).await.unwrap();
        self.until_submission(id, "the review", |now| now.phase == PhaseView::Review).await;
        id
    }

    /// Submits so many messages of a sender and waits until all are ready to use, as far as this sign-in sees it.
    async fn submit(&self, sender: &str, count: u32) -> u32 {
        let id = self.review_of(vec![self.batch(sender, count)]).await;
        self.desktop.send_submission(id).await.unwrap();
        self.until_submission(id, "the end", |now| now.phase == PhaseView::Ended && now.staging.waiting == 0)
            .await;
        id
    }

    /// One file with so many different messages.
    fn batch(&self, sender: &str, count: u32) -> PathBuf {
        let path = self.path(&format!("ward list of {sender}.hl7"));
        std::fs::write(&path, (1..=count).map(|number| message(sender, number)).collect::<String>()).unwrap();
        path
    }

    /// The audit trail so far: what was done, and the detail.
    fn audited(&self) -> Vec<(Action, String)> {
        let audit = Audit::of(&self.home());
        let events = audit.events().unwrap();
        events.map(|event| event.map(|AuditEvent { action, detail, .. }| (action, detail)).unwrap()).collect()
    }

    async fn session(&self) -> SessionView {
        self.desktop.overview().await.unwrap().session
    }
}

fn open(folder: &Path, port: u16) -> (Arc<FakeWindow>, Arc<Desktop>) {
    let window = Arc::new(FakeWindow::new());
    let options = Options {
        home: Home::open(&home_in(folder)).unwrap(),
        session_file: Some(folder.join("session")),
        port,
    };
    let desktop = Desktop::open(options, Box::new(Shared(Arc::clone(&window)))).unwrap();
    (window, desktop)
}

fn home_in(folder: &Path) -> PathBuf {
    folder.join("home")
}

fn message(sender: &str, number: u32) -> String {
    format!(
        "MSH|^~\\&|LAB|{sender}|LAKE|REGION|20260101||ORU^R01|{sender}{number}|P|2.5\rPID|1||{number}\rOBX|1|NM|1||{number}\r"
    )
}

/// Found is the sum of the six, and what staging made of messages the sum of its six: at every look.
fn assert_adds_up(now: &SubmissionView) {
    let counts = now.counts;
    let sum = counts.ingested
        + counts.duplicate
        + counts.denied
        + counts.invalid
        + counts.not_sent
        + counts.unconfirmed;
    assert_eq!(counts.found, sum, "every message is accounted for at any time: {counts:?}");
    let staging = now.staging;
    let sum = staging.waiting
        + staging.ready
        + staging.attention
        + staging.stuck
        + staging.closed
        + staging.not_visible;
    assert_eq!(counts.ingested, sum, "what became of messages in the lake adds up to them: {staging:?}");
}

/// A problem's code, for saying which one is expected.
fn code<T: std::fmt::Debug>(answer: Result<T, Problem>) -> String {
    answer.expect_err("a problem").code
}
