//! The desktop in its real window: from the start to the first screen, memory while 10,000 files are submitted to a lake in
//! another process, and a table of 100,000 rows. Peers: the same window with nothing to draw, and a page that puts all rows
//! into the document.
//!
//! Prints a JSON line a row. `LAKE_BENCH_ROWS` says how many rows (100,000), `LAKE_BENCH_FILES` how many files (10,000);
//! `LAKE_BENCH_ONLY` names one part: `starts`, `submitting` or `rows`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its rows and ends when something is amiss"
)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lake_tests::running::adt;
use lake_tests::window::{Computer, LakeBeside, Member, Name, Page, Setup, journey, until};
use serde::Deserialize;
use serde_json::json;

/// How long anything large may take.
const LONG: Duration = Duration::from_secs(300);
/// Starts that are timed.
const STARTS: usize = 5;
/// Openings of a long table that are timed.
const OPENINGS: usize = 9;
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(200);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return; // `cargo test --benches` only wants to know that it starts
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let only = std::env::var("LAKE_BENCH_ONLY").ok();
        let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
        if wants("starts") {
            journey("bench: starts", Setup::default(), starts).await;
        }
        if wants("submitting") {
            journey("bench: submitting", Setup::default(), submitting).await;
        }
        if wants("rows") {
            journey("bench: rows", Setup::default(), rows).await;
        }
    });
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

fn row(row: serde_json::Value) {
    println!("{row}");
}

/// From the start of the process to the first screen that can be used.
async fn starts(computer: &mut Computer) {
    let mut first = Vec::new();
    let mut later = Vec::new();
    for _ in 0..STARTS {
        let page = computer.start_desktop().await;
        page.screen("Welcome to Lake Steward").await;
        first.push(first_screen(computer, &page).await);
        computer.close_desktop().await;
    }
    computer.begin("admin").await;
    computer.close_desktop().await;
    for _ in 0..STARTS {
        let page = computer.start_desktop().await;
        page.screen("Today").await;
        later.push(first_screen(computer, &page).await);
        computer.close_desktop().await;
    }
    for (name, mut times) in [
        ("start to Welcome, first start", first),
        ("start to Today, signed in, practice lake in this process", later),
    ] {
        times.sort_by(f64::total_cmp);
        let middle = times.get(times.len() / 2);
        row(json!({ "name": name, "ms_best": times.first(), "ms": middle, "ms_worst": times.last() }));
    }
}

/// Milliseconds from the start of the process to the first screen.
async fn first_screen(computer: &Computer, page: &Page) -> f64 {
    let process = computer.program().process();
    let shown: f64 = until("the first screen is marked", LONG, async || {
        page.script(
            "const [mark] = performance.getEntriesByName('first-screen');
             return mark ? performance.timeOrigin + mark.startTime : null;",
            Vec::new(),
        )
        .await
    })
    .await;
    shown - process.started().as_millisecond() as f64
}

async fn submitting(computer: &mut Computer) {
    let lake = LakeBeside::start(computer).await;
    let page = computer.begin("admin").await;
    let count = number("LAKE_BENCH_FILES", 10_000);
    let folder = computer.files().join("many");
    fs::create_dir(&folder).expect("a folder");
    for n in 0..count {
        fs::write(folder.join(format!("{n:05}.hl7")), adt(&format!("MEMORY-{n}"), 80)).expect("a file");
    }
    let idle = proportional_kib(&computer.program().members());
    let watch = Watch::start(computer.program().members());
    computer.drop_files(&[&folder]).await;
    page.see_within(LONG, "heading", Name::Begins("Send ")).await;
    let began = std::time::Instant::now();
    page.press("Send").await;
    page.see_within(LONG, "heading", "Finished").await;
    let took = began.elapsed();
    let peak = watch.stop().await;
    row(json!({ "name": "window idle, nothing submitted", "proportional_mb": idle as f64 / 1024.0 }));
    row(json!({
        "name": format!("window while {count} files are submitted, at the peak"),
        "proportional_mb": peak as f64 / 1024.0,
        "files_per_s": count as f64 / took.as_secs_f64(),
    }));
    drop(lake);
}

async fn rows(computer: &mut Computer) {
    let _lake = LakeBeside::start(computer).await;
    let page = computer.begin("admin").await;
    let count = number("LAKE_BENCH_ROWS", 100_000);
    let path = one_file(computer, count);
    computer.drop_files(&[&path]).await;
    page.see_within(LONG, "heading", Name::Begins("Send ")).await;
    page.press("Send").await;
    page.screen("Sending").await;
    page.press("Pause").await;
    page.screen("Paused").await;
    let mut opened: Vec<Opened> = Vec::new();
    for _ in 0..OPENINGS {
        page.press("All submissions").await;
        page.screen("Submit").await;
        page.see("row", Name::Has("Paused")).await;
        opened.push(page.script_that_calls_back(OPEN, Vec::new()).await);
    }
    let idle: Frames = page.script_that_calls_back(FRAMES, vec![json!("nothing")]).await;
    let smooth: Frames = page.script_that_calls_back(FRAMES, vec![json!("smoothly")]).await;
    let jumps: Frames = page.script_that_calls_back(FRAMES, vec![json!("jumping")]).await;
    let all: Opened = page.script_that_calls_back(ALL_ROWS, vec![json!(count)]).await;
    opened.sort_by(|one, other| one.ms.total_cmp(&other.ms));
    let at = |place: usize| opened.get(place).map(|opened| opened.ms);
    let elements = opened.iter().map(|opened| opened.rows).max();
    row(json!({
        "name": format!("open {count} rows: to the first rows read"),
        "ms_best": at(0), "ms": at(OPENINGS / 2), "ms_worst": at(OPENINGS - 1), "row_elements": elements,
    }));
    row(
        json!({ "name": format!("  peer: {count} plain rows put into the document"), "ms": all.ms, "row_elements": all.rows }),
    );
    for (name, frames) in [
        ("  peer: the same window, nothing to draw", idle),
        ("scroll smoothly through the rows", smooth),
        ("jump about in the rows", jumps),
    ] {
        row(
            json!({ "name": name, "frame_ms_p50": frames.p50, "frame_ms_p95": frames.p95, "frame_ms_worst": frames.worst, "row_elements": frames.rows }),
        );
    }
}

#[derive(Deserialize)]
struct Opened {
    ms: f64,
    rows: usize,
}

#[derive(Deserialize)]
struct Frames {
    p50: f64,
    p95: f64,
    worst: f64,
    rows: usize,
}

/// Opens the newest submission, to the frame in which its first row has its text.
const OPEN: &str = "
    const done = arguments[arguments.length - 1];
    const began = performance.now();
    document.querySelector('main tr[data-index=\"0\"] a').click();
    const look = () => {
      const row = document.querySelector('table[aria-label=\"All messages\"] tr[data-index=\"0\"]');
      if (row && row.textContent.includes('week.hl7'))
        requestAnimationFrame(() => done({ ms: performance.now() - began, rows: document.querySelectorAll('tr').length }));
      else requestAnimationFrame(look);
    };
    look();
";

/// Times between frames while the table is scrolled for some seconds, and the most row elements that there were.
const FRAMES: &str = "
    const [how, done] = arguments;
    const scroller = document.querySelector('table[aria-label=\"All messages\"]').parentElement;
    const end = scroller.scrollHeight, times = [];
    let last = performance.now(), at = 0, rows = 0, seed = 7;
    const began = last;
    const frame = (now) => {
      times.push(now - last);
      last = now;
      rows = Math.max(rows, document.querySelectorAll('tr').length);
      if (how === 'smoothly') scroller.scrollTop = at += 24;
      if (how === 'jumping' && times.length % 6 === 0) {
        seed = (seed * 16807) % 2147483647;
        scroller.scrollTop = (seed / 2147483647) * end;
      }
      if (now - began < 6000) return requestAnimationFrame(frame);
      const sorted = times.slice(1).sort((one, other) => one - other);
      const of = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
      done({ p50: of(0.5), p95: of(0.95), worst: sorted[sorted.length - 1], rows });
    };
    requestAnimationFrame(frame);
";

/// What a table without a window costs: all rows in the document, to the frame in which they are laid out.
const ALL_ROWS: &str = "
    const [count, done] = arguments;
    const began = performance.now();
    const box = document.createElement('div');
    box.style.cssText = 'position:fixed;inset:0;overflow:auto;z-index:9999;background:#fff';
    const table = document.createElement('table');
    for (let n = 0; n < count; n++) {
      const row = table.insertRow();
      for (const text of ['week.hl7', n, 'Not sent yet', '', '']) row.insertCell().textContent = text;
    }
    box.append(table);
    document.body.append(box);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const told = { ms: performance.now() - began, rows: table.rows.length };
      box.remove();
      done(told);
    }));
";

fn one_file(computer: &Computer, count: usize) -> PathBuf {
    let path = computer.files().join("week.hl7");
    let mut file = BufWriter::new(File::create(&path).expect("a file"));
    for n in 0..count {
        file.write_all(adt(&format!("WEEK-{n}"), 2).as_bytes()).expect("written");
    }
    file.flush().expect("written");
    path
}

/// The memory of processes, each page divided by those who share it (proc(5), `smaps_rollup`).
fn proportional_kib(members: &[Member]) -> u64 {
    let of = |member: &Member| {
        let told = fs::read_to_string(format!("/proc/{}/smaps_rollup", member.pid)).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    members.iter().filter_map(of).sum()
}

/// Keeps the most that was used.
struct Watch {
    over: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    fn start(members: Vec<Member>) -> Self {
        let (over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, keeps) = (Arc::clone(&over), Arc::clone(&most));
        let task = tokio::spawn(async move {
            while !ends.load(Ordering::Relaxed) {
                keeps.fetch_max(proportional_kib(&members), Ordering::Relaxed);
                tokio::time::sleep(LOOK).await; // between two looks
            }
        });
        Self { over, most, task }
    }

    async fn stop(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.task.await.expect("the watch ends");
        self.most.load(Ordering::Relaxed)
    }
}
