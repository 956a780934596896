//! From what was chosen to the report.

use super::window::Asked;
use super::*;
use crate::desktop::submitting::ROWS;
use crate::view::{PhaseView, StatusView, WhichLines};
use crate::window::Choose;

/// How often it is looked at a queue that has to be at rest.
const LOOKS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_is_known_by_number_and_a_dialog_that_was_cancelled_chooses_nothing() {
    let place = Place::signed_in(ADMIN).await;
    let (desktop, window) = (&place.desktop, &place.window);
    window.answer(None);
    assert_eq!(desktop.choose_files().await, Ok(None), "the steward thought better of it");
    window.answer(Some(Vec::new()));
    assert_eq!(desktop.choose_folder().await, Ok(None), "an empty choice is none");
    let (one, two) = (place.batch("A", 1), place.batch("B", 1));
    window.answer(Some(vec![one.clone(), two]));
    let files = desktop.choose_files().await.unwrap().expect("a choice");
    window.answer(Some(vec![place.folder.path().to_owned()]));
    let folder = desktop.choose_folder().await.unwrap().expect("a choice");
    let samples = desktop.choose_samples().await.unwrap();
    let choose = |what| Asked::Choose(what);
    assert_eq!(
        window.seen().asked,
        [Choose::Files, Choose::Folder, Choose::Files, Choose::Folder].map(choose),
        "each opened the dialog that it is about; samples need none"
    );
    for (id, files, folders) in [(files, 2, 0), (folder, 0, 1), (samples, 0, 1)] {
        let chosen = desktop.chosen(id).await.unwrap();
        assert_eq!((chosen.id, chosen.files, chosen.folders), (id, files, folders), "counted, not named");
        assert!(!chosen.describes_lake, "none of these is for Connect");
    }

    desktop.dropped(Vec::new());
    desktop.started_again(Vec::new());
    assert!(!window.seen().hints.contains(&Changed::Dropped), "nothing was dropped");
    desktop.started_again(vec![one]);
    assert!(window.seen().hints.contains(&Changed::Dropped), "the window is told of a file opened with it");
    let opened = place.dropped().await;
    assert!(desktop.dropped_files().await.unwrap().is_empty(), "each is told once");
    assert_eq!(window.seen().forward, 3, "once for the sign-in, and each time somebody starts the program");
    let id = desktop.begin_submission(opened).await.unwrap();
    assert_eq!(code(desktop.begin_submission(opened).await), "gone", "what was taken is not taken twice");
    assert_eq!(code(desktop.chosen(opened).await), "gone", "nor looked at");
    assert_eq!(code(desktop.begin_submission(4_000_000).await), "gone", "nor what never was");
    place.until_submission(id, "the review", |now| now.phase == PhaseView::Review).await;
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_are_reviewed_then_sent_and_every_message_has_its_end() {
    let place = Place::signed_in(ADMIN).await;
    let desktop = &place.desktop;
    let chosen = desktop.choose_samples().await.unwrap();
    let id = desktop.begin_submission(chosen).await.unwrap();
    let reviewed = place.until_submission(id, "the review", |now| now.phase == PhaseView::Review).await;
    let review = reviewed.review.clone().expect("a review");
    let found = review.messages;
    assert_eq!(review.files, 9, "all sample files were read");
    assert!(
        review.look_wrong > 0 && review.duplicates > 0,
        "what will need a look is told before: {review:?}"
    );
    assert_eq!(review.not_hl7 as usize, reviewed.not_hl7.len(), "each file that is left out is named");
    assert!(!review.senders.is_empty(), "and from which systems the messages come");
    assert_eq!(
        (reviewed.lake.as_str(), reviewed.institution.as_deref()),
        ("local", Some("my_hospital_123")),
        "and where they go"
    );
    assert_eq!(desktop.overview().await.unwrap().unfinished, 1, "it is something left to do");

    // Nothing leaves before the yes, however long the steward thinks.
    for _ in 0..LOOKS {
        let still = desktop.submission(id).await.unwrap();
        assert_adds_up(&still);
        assert_eq!(
            (still.phase, still.counts.not_sent),
            (PhaseView::Review, found),
            "nothing is sent before the yes"
        );
    }
    assert_eq!(desktop.today().await.unwrap().received, 0, "and the lake has nothing");
    assert_eq!(place.window.seen().notices, [], "nothing has ended");

    desktop.send_submission(id).await.unwrap();
    let ended = place
        .until_submission(id, "the end", |now| now.phase == PhaseView::Ended && now.staging.waiting == 0)
        .await;
    let counts = ended.counts;
    assert_eq!(counts.found, found, "what was found stays found");
    assert_eq!(
        counts.ingested + counts.duplicate + counts.invalid,
        found,
        "each has its end for good: {counts:?}"
    );
    assert_eq!(counts.duplicate, review.duplicates, "the review told the duplicates");
    assert!(ended.staging.ready > 0 && ended.staging.attention > 0, "samples show both: {:?}", ended.staging);
    assert!(ended.ended_at.is_some(), "and when it ended");

    let notice = place.window.until("a notice", |seen| seen.notices.first().cloned()).await;
    let others = found - counts.ingested - counts.duplicate;
    assert_eq!(notice.0, "A submission has ended", "its title names nobody");
    assert_eq!(
        notice.1,
        format!(
            "{found} messages: {} in the lake, {} {}, {others} with something to look at.",
            counts.ingested,
            counts.duplicate,
            if counts.duplicate == 1 { "duplicate" } else { "duplicates" }
        ),
        "counts only: no name of a file, a lake or a person"
    );
    let hints = place.window.seen().hints.clone();
    assert!(hints.contains(&Changed::Submission { id }), "the window is told of what changed");
    assert!(
        hints.iter().all(|hint| !matches!(hint, Changed::Submission { id: other } if *other != id)),
        "and of nothing else"
    );
    let submitted: Vec<_> =
        place.audited().into_iter().filter(|(action, _)| *action == Action::Submit).collect();
    let [(_, sum)] = &submitted[..] else { panic!("one line a submission: {submitted:?}") };
    let expected = format!(
        "submission {id}: {found} found, {} ingested, {} duplicate",
        counts.ingested, counts.duplicate
    );
    assert!(sum.starts_with(&expected), "with its counts: {sum}");
    assert!(!sum.contains("hl7"), "and no name of a file: {sum}");
    let overview = place.until("nothing is left to do", |now| now.unfinished == 0).await;
    assert_eq!(overview.under_way, None, "and nothing is under way");

    for (which, expected, outcome, staging) in [
        (WhichLines::Ingested, counts.ingested, Some(StatusView::InTheLake), None),
        (WhichLines::Duplicate, counts.duplicate, Some(StatusView::Duplicate), None),
        (WhichLines::Invalid, counts.invalid, Some(StatusView::CannotBeSent), None),
        (WhichLines::Ready, ended.staging.ready, Some(StatusView::InTheLake), Some(StatusView::Ready)),
        (
            WhichLines::Attention,
            ended.staging.attention,
            Some(StatusView::InTheLake),
            Some(StatusView::Attention),
        ),
        (WhichLines::All, found, None, None),
        (WhichLines::Denied, 0, None, None),
        (WhichLines::NotSent, 0, None, None),
        (WhichLines::Unconfirmed, 0, None, None),
        (WhichLines::Waiting, 0, None, None),
        (WhichLines::Stuck, 0, None, None),
        (WhichLines::Closed, 0, None, None),
    ] {
        let page = desktop.lines(id, which, 0, ROWS).await.unwrap();
        assert_eq!(
            (page.total, page.rows.len()),
            (expected, expected as usize),
            "count and rows of {which:?} are one"
        );
        for row in &page.rows {
            assert!(
                outcome.is_none_or(|outcome| row.outcome == outcome),
                "{which:?} holds no other: {row:?}"
            );
            assert!(
                staging.is_none_or(|staging| row.staging == Some(staging)),
                "{which:?} holds no other: {row:?}"
            );
            let needs_a_look =
                row.staging == Some(StatusView::Attention) || row.outcome == StatusView::CannotBeSent;
            assert!(
                !needs_a_look || !(row.why.is_empty() || row.advice.is_empty()),
                "it says why and what to do: {row:?}"
            );
            assert!(row.number >= 1, "messages of a file count from 1");
        }
    }
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_is_paused_resumed_and_called_off() {
    let place = Place::signed_in(ADMIN).await;
    let desktop = &place.desktop;
    let paused = place.review_of(vec![place.batch("A", 1_500)]).await;
    desktop.pause_submission(paused).await.unwrap();
    assert_eq!(
        desktop.submission(paused).await.unwrap().phase,
        PhaseView::Review,
        "a review cannot be paused"
    );
    desktop.send_submission(paused).await.unwrap();
    desktop.pause_submission(paused).await.unwrap();
    let held = place.until_submission(paused, "a pause", |now| now.phase == PhaseView::Paused).await;
    assert!(held.counts.not_sent > 0, "it came in time, so that some wait: {:?}", held.counts);
    desktop.send_submission(paused).await.unwrap();
    let ended = place.until_submission(paused, "the end", |now| now.phase == PhaseView::Ended).await;
    assert_eq!(ended.counts.ingested, 1_500, "after the pause all of it arrived, once");

    let off = place.review_of(vec![place.batch("B", 3)]).await;
    desktop.cancel_submission(off).await.unwrap();
    let over = place.until_submission(off, "the end", |now| now.phase == PhaseView::Cancelled).await;
    assert_eq!(over.counts.not_sent, 3, "nothing of it was sent");
    desktop.send_submission(off).await.expect("a late yes is no mistake");
    assert_eq!(desktop.submission(off).await.unwrap().phase, PhaseView::Cancelled, "but changes nothing");
    place.window.until("the end of the first is told", |seen| (!seen.notices.is_empty()).then_some(())).await;
    let submitted =
        |(action, detail): &(Action, String)| *action == Action::Submit && detail.contains("3 not sent");
    let mut moves = place.window.moves();
    tokio::time::timeout(LIMIT, async {
        while !place.audited().iter().any(submitted) {
            FakeWindow::next_move(&mut moves).await;
        }
    })
    .await
    .expect("what was called off is on record too");
    assert_eq!(place.window.seen().notices.len(), 1, "who called it off needs no notice");

    let newest = desktop.submissions(None, 10).await.unwrap();
    let ids: Vec<_> = newest.iter().map(|row| row.id).collect();
    assert_eq!(ids, [off, paused], "both are in the list, the newest first");
    let older = desktop.submissions(Some(off), 10).await.unwrap();
    assert_eq!(
        older.iter().map(|row| row.id).collect::<Vec<_>>(),
        [paused],
        "the list goes on before the last seen"
    );
    assert_eq!(desktop.submissions(None, 1).await.unwrap().len(), 1, "no more than was asked for");
    assert_eq!(
        code(desktop.submission(77).await),
        "no-such-submission",
        "one that never was is told as that"
    );
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_handed_out_by_the_page_whatever_is_asked_for() {
    let place = Place::signed_in(ADMIN).await;
    let id = place.review_of(vec![place.batch("A", ROWS + 20)]).await;
    let rows = async |offset, limit| place.desktop.lines(id, WhichLines::All, offset, limit).await.unwrap();
    let first = rows(0, u32::MAX).await;
    assert_eq!(
        (first.total, first.rows.len()),
        (ROWS + 20, ROWS as usize),
        "no more at a time than the window can hold"
    );
    let rest = rows(ROWS, ROWS).await;
    assert_eq!(rest.rows.len(), 20, "the rest comes after");
    let numbers: Vec<_> = first.rows.iter().chain(&rest.rows).map(|row| row.number).collect();
    assert_eq!(
        numbers,
        (1..=ROWS + 20).collect::<Vec<_>>(),
        "none twice, none left out, in the file's order"
    );
    for (offset, limit) in [(0, 0), (ROWS + 20, 10), (u32::MAX, u32::MAX)] {
        let none = rows(offset, limit).await;
        assert_eq!(
            (none.total, none.rows.len()),
            (ROWS + 20, 0),
            "nothing at {offset}, {limit}; the count stays"
        );
    }
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_written_where_the_dialog_says_and_put_on_record() {
    let place = Place::signed_in(ADMIN).await;
    let (desktop, window) = (&place.desktop, &place.window);
    let id = place.submit("A", 3).await;
    let exports =
        || place.audited().into_iter().filter(|(action, _)| *action == Action::Export).collect::<Vec<_>>();
    window.answer(None);
    assert_eq!(desktop.save_report(id).await, Ok(None), "a dialog that was cancelled saves nothing");
    assert_eq!(exports(), [], "and nothing is on record");
    for name in ["report.csv", "report.json"] {
        let path = place.path(name);
        window.answer(Some(vec![path.clone()]));
        assert_eq!(desktop.save_report(id).await, Ok(Some(name.to_owned())), "its name, not its folder");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("ward list of A").count(), 3, "a line a message: {text}");
    }
    let export = (Action::Export, format!("report of submission {id}"));
    assert_eq!(exports(), [export.clone(), export.clone()], "each is on record, without a name");
    let wrong = place.path("report.docx");
    window.answer(Some(vec![wrong.clone()]));
    assert_eq!(code(desktop.save_report(id).await), "report", "another kind of file is refused");
    window.answer(Some(vec![place.path("no folder").join("report.csv")]));
    assert_eq!(code(desktop.save_report(id).await), "report", "and so is a folder that is not there");
    assert_eq!(exports().len(), 2, "what was not written is not on record as written");
    assert!(!wrong.exists(), "nothing is left of it");
    let Some(Asked::SaveAs(proposed)) = window.seen().asked.last().copied() else {
        panic!("a dialog for saving")
    };
    assert_eq!(proposed.name, "submission report.csv", "the proposed name says nothing of patients");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_send_is_told_so_and_nothing_arrives() {
    let place = Place::signed_in(READER).await;
    let id = place.review_of(vec![place.batch("A", 4)]).await;
    let review = place.desktop.submission(id).await.unwrap();
    assert_eq!(review.institution, None, "the review says that it goes nowhere");
    place.desktop.send_submission(id).await.unwrap();
    let ended = place.until_submission(id, "the end", |now| now.phase == PhaseView::Ended).await;
    assert_eq!(ended.counts.denied, 4, "all were denied: {:?}", ended.counts);
    let denied = place.desktop.lines(id, WhichLines::Denied, 0, 10).await.unwrap();
    assert!(
        denied
            .rows
            .iter()
            .all(|row| row.outcome == StatusView::Denied && !row.why.is_empty() && !row.advice.is_empty()),
        "each says why and what to do: {:?}",
        denied.rows
    );
    assert_eq!(place.desktop.today().await.unwrap().received, 0, "and the lake has nothing");
    place.desktop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_waits_over_a_restart_and_is_sent_to_its_lake() {
    let place = Place::signed_in(ADMIN).await;
    let id = place.review_of(vec![place.batch("A", 5)]).await;
    let place = place.start_again().await;
    let overview = place
        .until("the session is found again", |now| matches!(now.session, SessionView::SignedIn { .. }))
        .await;
    assert_eq!(overview.unfinished, 1, "what is left to do is told at the start");
    let still = place.desktop.submission(id).await.unwrap();
    assert_eq!((still.phase, still.counts.not_sent), (PhaseView::Review, 5), "a restart is no yes");
    place.desktop.send_submission(id).await.unwrap();
    place
        .until_submission(id, "the end", |now| now.phase == PhaseView::Ended && now.counts.ingested == 5)
        .await;
    place.desktop.close().await;
}
