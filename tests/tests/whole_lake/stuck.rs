//! A delivery that fails for good shows as stuck, and a redelivery mends it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use desk::front_door::Try;
use lake::{Head, Outcome, State};
use lake_tests::running::{Running, adt};

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_shows_as_stuck_and_can_be_redelivered() {
    let lake = Running::fresh().await;
    let token = lake.token("admin@example.com").await;
    let message = Bytes::from(adt("STUCK-1", 8_000)); // large enough to lie in a file of its own
    let answer = lake.door.submit(&token, message.clone(), er7::digest(&message), None).await;
    let Try::Answered(Outcome::Ingested { message_id, .. }) = answer else { panic!("new: {answer:?}") };
    lake.settled_heads("admin@example.com", 1).await;

    let file = file_holding(&lake.folder().join("lake/objects"), &message).expect("a large object is a file");
    let aside = lake.folder().join("aside");
    fs::rename(&file, &aside).expect("the disk loses it");
    lake.door.restage(&token, message_id).await.expect("the restage is taken");
    let head = head_in(&lake, State::Stuck).await;
    assert!(
        head.undelivered.iter().any(|name| name.starts_with("staging.restage#2")),
        "which one is named: {head:?}"
    );

    fs::rename(&aside, &file).expect("the disk has it back");
    lake.door.redeliver(&token, message_id).await.expect("the redelivery is taken");
    let head = head_in(&lake, State::Ready).await;
    assert_eq!(
        (head.latest_attempt, head.staged_attempt),
        (2, 2),
        "the second attempt is the one that counts"
    );
    assert!(head.undelivered.is_empty(), "nothing is stuck any more");
}

async fn head_in(lake: &Running, state: State) -> Head {
    let limit = Instant::now() + Duration::from_secs(120);
    loop {
        let heads = lake.heads("admin@example.com").await;
        let [head] = heads.as_slice() else { panic!("one message: {heads:?}") };
        if head.state == state {
            return head.clone();
        }
        assert!(Instant::now() < limit, "{state:?} in time, not {:?}", head.state);
        tokio::time::sleep(Duration::from_millis(50)).await; // between two looks
    }
}

fn file_holding(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            file_holding(&path, bytes)
        } else {
            fs::read(&path).is_ok_and(|found| found == bytes).then_some(path)
        }
    })
}
