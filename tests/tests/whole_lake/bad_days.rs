//! What `steward lake start` says when it cannot.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use lake_tests::running::{Running, steward};

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_with_what_to_do() {
    let lake = Running::fresh().await;
    let port = lake.url.rsplit(':').next().expect("a port").to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let said = refused(folder.path(), &["--port", &port]);
    assert!(said.contains(&format!("port {port}")) && said.contains("--port"), "what and what to do: {said}");
}

#[test]
fn a_folder_that_cannot_be_the_lakes_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "x").expect("written");
    let newer = folder.path().join("newer");
    fs::create_dir(&newer).expect("made");
    fs::write(newer.join("layout"), "99\n").expect("written");
    let strangers = folder.path().join("strangers");
    fs::create_dir(&strangers).expect("made");
    fs::write(strangers.join("holiday.jpg"), "x").expect("written");
    for (data, word) in [
        (&file, "not a folder"),
        (&newer, "later version"),
        (&strangers, "not a lake's"),
        (&Path::new("/proc/lake").to_owned(), "cannot be used"),
    ] {
        let said = refused(folder.path(), &["--port", "0", "--data", &data.display().to_string()]);
        assert!(
            said.contains(word) && said.contains("--data"),
            "{}: what and what to do: {said}",
            data.display()
        );
    }
    assert_eq!(
        fs::read(strangers.join("holiday.jpg")).expect("still there"),
        b"x",
        "a stranger's folder is left alone"
    );
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("lake");
    fs::create_dir(&data).expect("made");
    fs::write(data.join("layout"), "1\n").expect("written");
    fs::write(
        data.join("lake.sqlite"),
        b"this is no database at all, but long enough to look at".repeat(100),
    )
    .expect("written");
    let said = refused(folder.path(), &["--port", "0", "--data", &data.display().to_string()]);
    assert!(said.contains("lake.sqlite"), "the file is named: {said}");
}

/// What a start that must fail says on standard error; it must say nothing on standard output and end with 2.
fn refused(home: &Path, arguments: &[&str]) -> String {
    let mut child = Command::new(steward())
        .args(["lake", "start"])
        .args(arguments)
        .env("STEWARD_HOME", home.join("home"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("steward starts");
    let limit = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a process of ours").is_none() {
        if Instant::now() > limit {
            child.kill().expect("a process of ours");
            panic!("it must give up by itself");
        }
        std::thread::yield_now();
    }
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ended");
    assert_eq!(status.code(), Some(2), "what was named cannot be used");
    assert!(stdout.is_empty(), "nothing for programs");
    String::from_utf8(stderr).expect("text")
}
