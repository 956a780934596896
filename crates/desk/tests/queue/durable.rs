//! Nothing is lost, doubled or miscounted, whatever happens to program, files and queue.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use desk::queue::drain::{Bearer, DrainEnd, Limits, Tokens};
use desk::queue::{Held, Look, Queue, QueueProblem, Scanned, Stage, Unheaded};
use desk::secret::Secret;
use desk::session::SessionProblem;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::server::{Desk, Reply, Request, Server, batch_ingested, bearer, ingested, known, limits, message};

fn well(request: &Request) -> Reply {
    match request.path.as_str() {
        "/er7/batch" => Reply::Answer(200, "", batch_ingested(&request.body)),
        "/er7/known" => Reply::Answer(200, "", known(&request.body, "unknown", Timestamp::now())),
        _ => Reply::Answer(201, "", ingested(er7::digest(&request.body))),
    }
}

#[tokio::test]
async fn files_of_every_kind_are_listed_and_counted() {
    let server = Server::start(|request, _| well(request)).await;
    let desk = Desk::new();
    desk.write("a.hl7", &message(1));
    desk.write("b.txt", b"milk, eggs");
    desk.write("c.hl7", b"");
    desk.write("d.hl7", &[message(2), message(3)].concat());
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let review = desk.queue.lock().expect("no panic").review(id).expect("a review");
    assert_eq!((review.files, review.messages, review.not_hl7, review.empty), (4, 3, 1, 1), "{review:?}");
    assert_eq!(review.senders, [("APP / CLINIC".to_owned(), 3)], "who sent them");
    assert_eq!(desk.send(&server.url, id, limits()).await, DrainEnd::Finished, "all was tried");
    let counts = desk.counts(id);
    assert_eq!((counts.files, counts.not_hl7, counts.found, counts.ingested), (4, 1, 3, 3), "{counts:?}");
    let submission = desk.queue.lock().expect("no panic").submission(id).expect("there");
    assert_eq!((submission.stage, submission.unfinished), (Stage::Ended, 0), "nothing is left");

    let again = desk.take_in(&server.url, Unheaded::Send);
    desk.send(&server.url, again, limits()).await;
    let counts = desk.counts(again);
    assert_eq!(
        (counts.found, counts.ingested, counts.invalid),
        (5, 4, 1),
        "an empty file cannot be sent: {counts:?}"
    );
}

#[tokio::test]
async fn files_that_changed_or_went_are_named_and_not_sent() {
    let server = Server::start(|request, _| well(request)).await;
    let desk = Desk::new();
    for (number, name) in ["changed.hl7", "gone.hl7", "longer.hl7", "same.hl7"].into_iter().enumerate() {
        desk.write(name, &message(number));
    }
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    desk.write("changed.hl7", &message(77));
    std::fs::remove_file(desk.path("gone.hl7")).expect("removed");
    desk.write("longer.hl7", &[message(2), message(78)].concat());
    desk.send(&server.url, id, limits()).await;
    for line in desk.lines(id) {
        let (outcome, why) = match line.file.as_str() {
            "in/same.hl7" => ("ingested", ""),
            "in/gone.hl7" => ("not_sent", "moved or removed"),
            _ => ("not_sent", "changed"),
        };
        assert_eq!(line.outcome, outcome, "{}", line.file);
        assert!(line.reason.contains(why), "{}: {:?} says {why}", line.file, line.reason);
    }
    assert_eq!(server.submissions(), 1, "nothing of the others was sent");
}

#[tokio::test]
async fn of_equal_messages_one_is_ingested_and_the_others_are_duplicates() {
    let seen: Mutex<HashSet<er7::Digest>> = Mutex::default();
    let server = Server::start(move |request, _| {
        let answer = |digest: er7::Digest| {
            if seen.lock().expect("no panic").insert(digest) {
                ingested(digest)
            } else {
                format!(r#"{{"outcome":"duplicate","status":"","digest":"{digest}","match":"exact"}}"#)
            }
        };
        match request.path.as_str() {
            "/er7/batch" => {
                let lines = crate::server::digests(&request.body).into_iter().map(answer);
                Reply::Answer(200, "", lines.collect::<Vec<_>>().join("\n"))
            }
            _ => Reply::Answer(201, "", answer(er7::digest(&request.body))),
        }
    })
    .await;
    let desk = Desk::new();
    let all: Vec<u8> = (0..300).flat_map(|number| message(number % 10)).collect();
    desk.write("equal.hl7", &all);
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let review = desk.queue.lock().expect("no panic").review(id).expect("a review");
    assert_eq!((review.messages, review.duplicates), (300, 290), "they are found before anything is sent");
    desk.send(&server.url, id, limits()).await;
    let counts = desk.counts(id);
    assert_eq!((counts.ingested, counts.duplicate), (10, 290), "{counts:?}");
}

#[tokio::test]
async fn what_was_under_way_at_a_stop_is_asked_about_at_the_next_run() {
    let server = Server::start(|request, before| match (request.path.as_str(), before) {
        ("/er7/known", _) => Reply::Answer(200, "", known(&request.body, "settled", Timestamp::now())),
        ("/er7/batch", 0) => Reply::Hang,
        _ => well(request),
    })
    .await;
    let desk = Desk::new();
    desk.write("many.hl7", &(0..250).flat_map(message).collect::<Vec<u8>>());
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    // The program goes away while the first batch hangs: nothing of the run is left but the file.
    let sending = desk.send(&server.url, id, limits());
    let hangs = async {
        while server.count("/er7/batch") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        end = sending => panic!("the run was to be cut off, and ended: {end:?}"),
        () = hangs => {}
    }
    let counts = desk.counts(id);
    assert!(counts.unconfirmed >= 100, "what was under way is not known: {counts:?}");
    assert_eq!(desk.send(&server.url, id, limits()).await, DrainEnd::Finished, "the second run goes on");
    let counts = desk.counts(id);
    assert_eq!((counts.found, counts.ingested), (250, 250), "each is reported once: {counts:?}");
}

#[tokio::test]
async fn a_stop_leaves_a_correct_account() {
    let server = Server::start(|_, _| Reply::Answer(429, "Retry-After: 30\r\n", String::new())).await;
    let desk = Desk::new();
    desk.write("many.hl7", &(0..500).flat_map(message).collect::<Vec<u8>>());
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let asked = async {
        while server.count("/er7/batch") == 0 {
            tokio::task::yield_now().await;
        }
        desk.stop.cancel();
        std::future::pending::<()>().await;
    };
    let end = tokio::select! {
        end = desk.send(&server.url, id, limits()) => end,
        () = asked => unreachable!("it waits for ever"),
    };
    assert_eq!(end, DrainEnd::Stopped, "it stops although the lake asked to wait for half a minute");
    let counts = desk.counts(id);
    assert_eq!((counts.found, counts.not_sent), (500, 500), "{counts:?}");
    let submission = desk.queue.lock().expect("no panic").submission(id).expect("there");
    assert_eq!((submission.stage, submission.unfinished), (Stage::Scanned, 500), "all of it goes on");
}

#[tokio::test]
async fn one_program_sends_at_a_time() {
    let desk = Desk::new();
    let (other, _) = Queue::open(&desk.home).expect("a second program reads along");
    let held = desk.queue.lock().expect("no panic").try_to_drain().expect("a lock");
    assert!(held.is_some(), "the first becomes the drainer");
    assert!(other.try_to_drain().expect("a lock").is_none(), "the second does not");
    drop(held);
    assert!(other.try_to_drain().expect("a lock").is_some(), "until the first has ended");
}

#[tokio::test]
async fn a_damaged_queue_is_kept_aside_and_named() {
    let desk = Desk::new();
    let path = desk.home.join("queue.sqlite");
    let Desk { home, queue, folder, .. } = desk;
    drop(Arc::into_inner(queue));
    for damage in [&b"this was no database"[..], &[0xFF; 8192]] {
        for beside in ["-wal", "-shm"] {
            drop(std::fs::remove_file(home.join(&format!("queue.sqlite{beside}"))));
        }
        std::fs::write(&path, damage).expect("written");
        let (queue, aside) = Queue::open(&home).expect("an empty queue takes its place");
        let aside = aside.expect("and the damaged one is named");
        assert_eq!(std::fs::read(&aside).expect("kept"), damage, "as it was");
        assert!(queue.submissions(None, 10).expect("empty").is_empty(), "the new one is empty");
    }
    assert!(folder.path().join("home").read_dir().expect("a home").count() > 2, "both are kept");
    let newer = rusqlite::Connection::open(&path).expect("a database");
    newer.pragma_update(None, "user_version", 99).expect("written");
    drop(newer);
    assert!(
        matches!(Queue::open(&home), Err(QueueProblem::Newer { found: 99, .. })),
        "a later program's queue is not touched"
    );
}

#[tokio::test]
async fn the_queue_holds_no_content() {
    let server = Server::start(|request, _| well(request)).await;
    let desk = Desk::new();
    let canary = "Zyxwvut-Canary";
    desk.write("one.hl7", format!("MSH|^~\\&|A|B|||1||ADT^A01|1|P|2.5\rPID|1||9||{canary}\r").as_bytes());
    desk.write("two.txt", canary.as_bytes());
    let id = desk.take_in(&server.url, Unheaded::Send);
    desk.send(&server.url, id, limits()).await;
    assert_eq!(desk.counts(id).ingested, 2, "both were sent");
    for entry in desk.home.path().read_dir().expect("a home") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("readable");
        let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "{} holds content", path.display());
    }
}

/// The request at which the steward pauses or calls off, and the most that there are then: those that were under way with it.
const HELD_AT: usize = 13;
const MOST: usize = HELD_AT + 6;

/// Claimed long before it is sent, it is not sent any more: what a steward pauses or calls off is the wrong folder, perhaps.
#[tokio::test]
async fn a_pause_and_a_call_off_hold_for_what_is_claimed_already() {
    for is_pause in [true, false] {
        let desk = Arc::new(Desk::new());
        let (asks, begun) = (Arc::clone(&desk), Mutex::new(None));
        let begun = Arc::new(begun);
        let which = Arc::clone(&begun);
        let server = Server::start(move |request, before| {
            if before == HELD_AT {
                // As the window does while another program sends.
                let (mut queue, _) = Queue::open(&asks.home).expect("a queue");
                let id = which.lock().expect("no panic").expect("it has begun");
                if is_pause {
                    queue.hold(id, Held::Paused).expect("paused");
                } else {
                    queue.cancel(id, Timestamp::now()).expect("called off");
                }
            }
            well(request)
        })
        .await;
        for number in 0..500 {
            desk.write(&format!("{number:03}.hl7"), &message(number));
        }
        let id = desk.take_in(&server.url, Unheaded::LeaveOut);
        *begun.lock().expect("no panic") = Some(id);
        let end = desk.send(&server.url, id, Limits { at_once: 8, batch_messages: 10, ..limits() }).await;
        assert_eq!(end, DrainEnd::Finished, "there is nothing more to do");
        assert!(
            server.submissions() <= MOST,
            "what was under way, not what was claimed: {}",
            server.submissions()
        );
        let counts = desk.counts(id);
        assert!(counts.ingested <= MOST as u64 * 10, "{counts:?}");
        let others: Vec<_> = desk.lines(id).into_iter().filter(|line| line.outcome != "ingested").collect();
        assert!(others.iter().all(|line| line.outcome == "not_sent"), "none of them was tried");
        if is_pause {
            desk.queue.lock().expect("no panic").let_go(id).expect("go on");
            assert_eq!(desk.send(&server.url, id, limits()).await, DrainEnd::Finished, "all was tried");
            assert_eq!(desk.counts(id).ingested, 500, "each once");
        }
    }
}

/// A session belongs to a home: whoever signs in while something is sent may be of another institution.
#[tokio::test]
async fn nothing_goes_to_the_institution_of_whoever_signs_in_meanwhile() {
    for is_refused in [false, true] {
        let server = Server::start(move |request, before| match request.token.as_str() {
            "first" if is_refused && before == 2 => Reply::Answer(401, "", "{}".to_owned()),
            _ => well(request),
        })
        .await;
        let desk = Desk::new();
        for number in 0..500 {
            desk.write(&format!("{number:03}.hl7"), &message(number));
        }
        let id = desk.take_in(&server.url, Unheaded::LeaveOut);
        let tokens =
            Arc::new(SomebodyElse { asked: AtomicUsize::new(0), after: if is_refused { 100 } else { 2 } });
        let limits = Limits { at_once: 1, batch_messages: 50, ..limits() };
        let DrainEnd::SignIn(why) = desk.send_with(&server.url, id, limits, tokens).await else {
            panic!("it ends when somebody else is signed in")
        };
        assert!(why.contains("clinic") && why.contains("hospital"), "who, and for whom: {why}");
        let counts = desk.counts(id);
        assert_eq!((counts.ingested, counts.not_sent), (100, 400), "the rest waits: {counts:?}");
        assert_eq!(
            desk.send(&server.url, id, limits).await,
            DrainEnd::Finished,
            "until the right one is back"
        );
        assert_eq!(desk.counts(id).ingested, 500, "all are where they belong");
    }
}

/// After so many tokens, and for each that is refused, those of somebody of another institution.
struct SomebodyElse {
    asked: AtomicUsize,
    after: usize,
}

impl Tokens for SomebodyElse {
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>> {
        let is_own = self.asked.fetch_add(1, Ordering::Relaxed) < self.after;
        async move { Ok(if is_own { bearer("first", "clinic") } else { bearer("other", "hospital") }) }
            .boxed()
    }

    fn instead_of<'a>(&'a self, _refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>> {
        async { Ok(bearer("other", "hospital")) }.boxed()
    }
}

/// The window looks through files that another program was looking through when it ended, and one that did not end, too.
#[tokio::test]
async fn two_programs_that_look_through_the_same_files_find_each_message_once() {
    let server = Server::start(|request, _| well(request)).await;
    for is_locked in [true, false] {
        let desk = Desk::new();
        let many: Vec<u8> = (0..7_000).flat_map(message).collect();
        desk.write("many.hl7", &many);
        let id = desk.begin(&server.url, Unheaded::LeaveOut);
        let mut other = Queue::open(&desk.home).expect("a queue").0;
        let paths = [std::path::PathBuf::from("in")];
        let mut seen = None;
        let scanned = desk.queue.lock().expect("no panic").scan(
            id,
            Look::Again,
            &paths,
            4 << 20,
            &|| false,
            &mut |progress| {
                if progress.messages < 4_000 || seen.is_some() {
                    return;
                }
                if !is_locked {
                    // As where two took the lock in the moment in which it was let go of.
                    std::fs::remove_file(desk.home.join(&format!("scan-{}.lock", id.0))).expect("a lock");
                }
                seen = Some(
                    other
                        .scan(id, Look::Again, &paths, 4 << 20, &|| false, &mut |_| {})
                        .expect("it can be asked"),
                );
            },
        );
        let expected = if is_locked {
            (Scanned::Whole, Some(Scanned::Elsewhere))
        } else {
            (Scanned::Over, Some(Scanned::Whole))
        };
        assert_eq!((scanned.expect("scanned"), seen), expected, "one of the two comes to the end");
        let counts = desk.counts(id);
        assert_eq!((counts.files, counts.found), (1, 7_000), "{counts:?}");
        assert!(!desk.home.join(&format!("scan-{}.lock", id.0)).exists(), "nothing is left behind");
        desk.send(&server.url, id, limits()).await;
        assert_eq!(desk.counts(id).ingested, 7_000, "each is sent once");
    }
}

/// The window waits while a command looks through files; what that command then sends is not looked through once more.
#[tokio::test]
async fn what_another_program_has_looked_through_is_left_as_it_is() {
    let server = Server::start(|request, _| well(request)).await;
    let desk = Desk::new();
    desk.write("one.hl7", &message(1));
    let id = desk.take_in(&server.url, Unheaded::LeaveOut);
    let mut window = Queue::open(&desk.home).expect("a queue").0;
    let paths = [std::path::PathBuf::from("in")];
    let rest =
        window.scan(id, Look::ForTheRest, &paths, 4 << 20, &|| false, &mut |_| {}).expect("it can be asked");
    assert_eq!(rest, Scanned::Over, "there is no rest");
    let submission = window.submission(id).expect("there");
    assert_eq!(submission.stage, Stage::Scanned, "it may go on being sent");
    assert_eq!(desk.send(&server.url, id, limits()).await, DrainEnd::Finished, "all was tried");
    assert_eq!(desk.counts(id).ingested, 1, "as if nobody had looked");
}
