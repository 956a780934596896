//! The contract suites on the local lake's own parts, and what only these parts promise.

// By `cfg(test)` clippy knows that what helps the tests in here is test code too.
#[cfg(test)]
mod kill;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod queues;

use lake_tests::contracts::{ledger, payloads, store};
use parts::Parts;

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_keeps_its_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    ledger::suite(&parts.ledger, "local").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transient_bucket_keeps_its_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    payloads::suite(&parts.payloads, "local").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lake_bucket_keeps_its_contract() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parts = Parts::open(folder.path()).await;
    store::suite(&parts.store, &parts.payloads, "local").await;
}
