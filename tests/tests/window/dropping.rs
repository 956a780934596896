//! Real drops by the system's protocol: of files, folders, batches and rubbish, onto every screen, at any time.

use std::fs;
use std::path::Path;

use lake_tests::running::adt;
use lake_tests::window::{Computer, Name, Page, Setup, journey};

use crate::sending::SENT;
use crate::steps::{batch, messages, sum_is};

#[tokio::test]
async fn files_can_be_dropped_onto_every_screen() {
    journey("drops onto every screen", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let file = messages(computer, "one", 1).join("00001.hl7");
        for (link, heading) in
            [("Today", "Today"), ("Submit", "Submit"), ("Messages", "Messages"), ("Settings", "Settings")]
        {
            page.follow(Name::Begins(link)).await;
            page.screen(heading).await;
            held_and_taken_back(computer, &page, &file).await;
            computer.drop_files(&[&file]).await;
            page.screen("Send 1 message?").await;
            page.press("Cancel").await;
            page.screen("Submit").await;
        }
        // Onto a review, and onto the end of a submission.
        computer.drop_files(&[&file]).await;
        page.screen("Send 1 message?").await;
        let others = messages(computer, "two", 2);
        computer.drop_files(&[&others]).await;
        page.screen("Send 2 messages?").await;
        page.press("Send").await;
        page.screen("Finished").await;
        computer.drop_files(&[&file]).await;
        page.screen("Send 1 message?").await;
    })
    .await;
}

/// What would happen is told while files are held over the window, and not any more when they are taken away.
async fn held_and_taken_back(computer: &Computer, page: &Page, file: &Path) {
    let drag = computer.drag(&[file]);
    assert!(drag.hover(400, 300).await, "the window would take the file");
    page.reads("Let go to look through 1 file or folder").await;
    drag.leave();
    page.reads_no_more("Let go to look").await;
}

#[tokio::test]
async fn folders_batches_and_rubbish_are_told_apart() {
    journey("folders, batches and rubbish", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let folder = mixed(computer);
        computer.drop_files(&[&folder]).await;
        page.screen("Send 9 messages?").await;
        for told in ["6 files hold no message", "photo.hl7", "letter.txt", "They are not HL7, or empty"] {
            page.reads(told).await;
        }
        page.press("Send").await;
        page.screen("Finished").await;
        sum_is(&page, "found", &[("in the lake", 8), ("duplicate", 1)]).await;
        sum_is(&page, "in the lake", &[("ready to use", 7), ("need attention", 1)]).await;

        // Nothing but rubbish: nothing to send, and a way on.
        let rubbish = [folder.join("deep/photo.hl7"), folder.join("letter.txt")];
        computer.drop_files(&rubbish.each_ref().map(|path| path.as_path())).await;
        page.screen("Nothing to send").await;
        page.reads("No HL7 message was found in these files").await;
        page.press("Choose other files").await;
        page.screen("Submit").await;
    })
    .await;
}

/// A folder with single messages, a batch, a copy, a damaged message and files that hold none.
fn mixed(computer: &Computer) -> std::path::PathBuf {
    let folder = messages(computer, "mixed", 3);
    let deeper = folder.join("deep/er");
    fs::create_dir_all(&deeper).expect("folders");
    let batch = batch(computer, "batch.hl7", 4);
    fs::rename(batch, deeper.join("batch.hl7")).expect("a file of ours");
    let files: [(&str, &[u8]); 7] = [
        ("deep/copy.hl7", &fs::read(folder.join("00001.hl7")).expect("a file of ours")),
        ("deep/damaged.hl7", b"MSH||\\&|A|B|C|D|||ADT^A01|1|P|2.5\rPID|1\r"),
        ("deep/photo.hl7", &[0x89, b'P', b'N', b'G', 0, 1, 2, 3, 0xff, 0xfe]),
        ("letter.txt", b"Dear colleague,\nno message is in this letter.\n"),
        ("empty.hl7", b""),
        ("blank.er7", b"\r\n\r\n   \r\n"),
        ("\u{202e}odd \u{1f489} name.bin", b"\x00\x01\x02"),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("a file");
    }
    fs::write(folder.join(std::ffi::OsStr::new("page.html")), b"<html>MSH</html>").expect("a file");
    folder
}

#[tokio::test]
async fn what_is_dropped_while_another_submission_runs_waits_for_its_turn() {
    journey("a drop during a submission", Setup::default(), async |computer| {
        let page = computer.begin("admin").await;
        let many = batch(computer, "many.hl7", 1_500);
        computer.drop_files(&[&many]).await;
        page.screen("Send 1,500 messages?").await;
        page.press("Send").await;
        page.screen("Sending").await;
        let more = messages(computer, "more", 3);
        computer.drop_files(&[&more]).await;
        page.screen("Send 3 messages?").await;
        page.press("Send").await;
        page.see_within(SENT, "heading", "Finished").await;
        sum_is(&page, "found", &[("in the lake", 3)]).await;
        page.press("All submissions").await;
        page.screen("Submit").await;
        page.click("row", Name::Has("1,500")).await;
        page.keys(&[thirtyfour::Key::Enter]).await;
        page.screen("Finished").await;
        sum_is(&page, "found", &[("in the lake", 1_500)]).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_dropped_before_the_sign_in_goes_on_after_it() {
    journey("a drop before the sign-in", Setup::default(), async |computer| {
        let page = computer.start_desktop().await;
        page.screen("Welcome to Lake Steward").await;
        let file = computer.files().join("one.hl7");
        fs::write(&file, adt("EARLY", 1)).expect("a file");
        computer.drop_files(&[&file]).await;
        page.reads("1 file kept.").await;
        page.press("Practise on this computer").await;
        page.screen("Sign in to the practice lake").await;
        page.reads("1 file kept.").await;
        computer.sign_in("admin").await;
        page.screen("Send 1 message?").await;
    })
    .await;
}
