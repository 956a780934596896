//! Canaries in messages, tokens and names: searched in everything that the programs wrote outside the lake's own data.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use lake_tests::running::{Running, adt};

const CANARY: &str = "CANARYVALUE";

#[tokio::test(flavor = "multi_thread")]
async fn no_patient_value_and_no_token_is_written_anywhere_but_into_the_lake() {
    let mut lake = Running::fresh_with_log().await;
    let token = lake.token("admin@example.com").await;
    let good = adt("PRIVATE-1", 1).replace("SAMPLE^ANNA", &format!("{CANARY}^{CANARY}"));
    let bad = format!("MSH|AAAA|WARD|x\rPID|1||{CANARY}\r");
    let unframed = format!("{CANARY} is no HL7");
    for text in [good.clone(), good, bad, unframed] {
        let message = Bytes::from(text);
        let digest = er7::digest(&message);
        lake.door.submit(&token, message, digest, None).await;
    }
    lake.door.submit(&token, Bytes::from(vec![b'x'; lake::MESSAGE_BYTES + 1]), er7::digest(b"x"), None).await;
    let heads = lake.settled_heads("admin@example.com", 3).await;
    let catalog = format!("{heads:?}");
    assert!(!catalog.contains(CANARY), "no patient value in the catalog: {catalog}");
    lake.stop_by_term().await;

    let log = fs::read_to_string(lake.folder().join("log")).expect("a log");
    assert!(!log.contains(CANARY), "no patient value in the log: {log}");
    let secret = token.expose().rsplit('.').next().expect("a signature");
    assert!(!log.contains(secret), "no token in the log");
    let home = lake.folder().join("home");
    for path in files_below(&home) {
        let bytes = fs::read(&path).expect("readable");
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(CANARY) && !text.contains(secret),
            "{} holds what it must not",
            path.display()
        );
    }
}

#[test]
fn the_demonstration_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let ended = std::process::Command::new(lake_tests::running::steward())
        .args(["demo", "--output", "json"])
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .output()
        .expect("steward starts");
    assert!(ended.status.success(), "all came out as told: {}", String::from_utf8_lossy(&ended.stderr));
    let lines = String::from_utf8(ended.stdout).expect("text");
    assert!(lines.lines().count() >= 15, "a line a submission: {lines}");
    let left: Vec<_> = files_below(temporary.path());
    assert!(left.is_empty(), "nothing is left: {left:?}");
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .map(|entry| entry.path())
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .collect()
}
