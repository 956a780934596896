//! From submitted to ready through the local lake: the release `steward lake start` in a process of its own, everything
//! durable, beside a bare loop of synced writes on the same disk in the same run.
//!
//! Prints a JSON line a row. `LAKE_BENCH_MESSAGES` says how many messages (10,000).

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its rows and ends when something is amiss"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use desk::front_door::{BatchBody, BatchTry, FrontDoor, Try};
use desk::secret::Secret;
use futures::StreamExt;
use lake::State;
use lake_tests::running::{Running, adt};
use serde_json::{Value, json};

/// How long the bare loop writes.
const BARE: Duration = Duration::from_secs(3);
/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(300);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return; // `cargo test --benches` only wants to know that it starts
    }
    let count =
        std::env::var("LAKE_BENCH_MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let rate = bare_synced_writes();
    row(json!({ "name": "bare loop: write 1.3 KB, fdatasync", "messages_per_s": rate }));
    runtime.block_on(async {
        through_the_lake("POST /er7, 64 at once", count, Way::Single).await;
        through_the_lake("POST /er7/batch, 100 a batch, 4 at once", count, Way::Batch).await;
    });
    let rate = bare_synced_writes();
    row(json!({ "name": "bare loop again, afterwards", "messages_per_s": rate }));
}

#[derive(Clone, Copy)]
enum Way {
    Single,
    Batch,
}

async fn through_the_lake(name: &str, count: usize, way: Way) {
    let lake = Running::fresh().await;
    let token = lake.token("admin@example.com").await;
    let messages: Vec<Bytes> = (0..count).map(|n| Bytes::from(adt(&format!("BENCH-{n}"), 80))).collect();
    let bytes: usize = messages.iter().map(Bytes::len).sum();
    let idle = process(lake.pid());
    let began = Instant::now();
    let ingested = match way {
        Way::Single => singly(&lake.door, &token, &messages).await,
        Way::Batch => in_batches(&lake.door, &token, &messages).await,
    };
    let submitted = began.elapsed();
    assert_eq!(ingested, count, "every message is new");
    drained(&lake).await;
    let ready = began.elapsed();
    let busy = process(lake.pid());
    let heads = lake.settled_heads("admin@example.com", count).await;
    assert!(
        heads.len() == count && heads.iter().all(|head| head.state == State::Ready),
        "every message is ready"
    );
    row(json!({
        "name": name,
        "messages_per_s": per_second(count, ready),
        "submitted_per_s": per_second(count, submitted),
        "mb_per_s": bytes as f64 / 1e6 / ready.as_secs_f64(),
        "cpu_us_per_message": busy.cpu.saturating_sub(idle.cpu).as_micros() as f64 / count as f64,
        "resident_mb_peak": busy.peak_kib as f64 / 1024.0,
    }));
    let mut threads: Vec<(String, Duration)> = busy.threads.into_iter().collect();
    threads.sort_by_key(|(_, cpu)| std::cmp::Reverse(*cpu));
    for (thread, cpu) in threads.into_iter().take(8) {
        row(
            json!({ "name": format!("  of which threads `{thread}`"), "cpu_us_per_message": cpu.as_micros() as f64 / count as f64 }),
        );
    }
}

async fn singly(door: &FrontDoor, token: &Secret, messages: &[Bytes]) -> usize {
    futures::stream::iter(messages)
        .map(|message| door.submit(token, message.clone(), er7::digest(message), None))
        .buffer_unordered(64)
        .filter(|answer| std::future::ready(is_ingested(answer)))
        .count()
        .await
}

async fn in_batches(door: &FrontDoor, token: &Secret, messages: &[Bytes]) -> usize {
    futures::stream::iter(messages.chunks(100))
        .map(|chunk| async move {
            let digests: Vec<_> = chunk.iter().map(|message| er7::digest(message)).collect();
            let mut body = BatchBody::default();
            chunk.iter().for_each(|message| body.add(message, None));
            match door.submit_batch(token, body, &digests).await {
                BatchTry::Lines(answers) => answers.iter().filter(|answer| is_ingested(answer)).count(),
                BatchTry::Whole(_) => 0,
            }
        })
        .buffer_unordered(4)
        .fold(0, |sum, count| std::future::ready(sum + count))
        .await
}

fn is_ingested(answer: &Try) -> bool {
    matches!(answer, Try::Answered(outcome) if outcome.word() == "ingested")
}

/// Waits until nothing is on its way inside the lake.
async fn drained(lake: &Running) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("{}/status", lake.url);
    let limit = Instant::now() + LIMIT;
    loop {
        let status: BTreeMap<String, Value> =
            http.get(&url).send().await.expect("an answer").json().await.expect("counts");
        let of = |name: &str| status.values().filter_map(|queue| queue.get(name)?.as_u64()).sum::<u64>();
        assert_eq!(of("dead"), 0, "no delivery failed for good");
        if of("waiting") == 0 {
            return;
        }
        assert!(Instant::now() < limit, "{status:?}");
        tokio::time::sleep(Duration::from_millis(10)).await; // between two looks
    }
}

fn bare_synced_writes() -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut file = fs::File::create(folder.path().join("bare")).expect("a file");
    let message = adt("BARE", 80);
    let began = Instant::now();
    let mut written = 0;
    while began.elapsed() < BARE {
        file.write_all(message.as_bytes()).expect("written");
        file.sync_data().expect("synced");
        written += 1;
    }
    per_second(written, began.elapsed())
}

struct Process {
    cpu: Duration,
    peak_kib: u64,
    threads: BTreeMap<String, Duration>,
}

/// What the system knows of a process: `/proc/PID/status` and `/proc/PID/task/*/stat` (proc(5)).
fn process(pid: u32) -> Process {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    let mut threads: BTreeMap<String, Duration> = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((name, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else {
            continue;
        };
        let ticks: u64 =
            rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        *threads.entry(name.to_owned()).or_default() += Duration::from_millis(ticks * 10); // 100 ticks a second
    }
    Process { cpu: threads.values().sum(), peak_kib: peak.unwrap_or_default(), threads }
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn row(row: Value) {
    println!("{row}");
}
