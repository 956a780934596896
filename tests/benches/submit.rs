//! 10,000 files of about 1.3 KB to a front door that does nothing: the durable queue of the desk, beside `curl --parallel 64`,
//! `rclone copy` and a loop of Python requests, in one run. Each client is a process of its own, whose processor time is its own.
//!
//! Prints a JSON line a row. `LAKE_BENCH_FILES` says how many files (10,000).

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its rows and ends when something is amiss"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use desk::front_door::FrontDoor;
use desk::home::Home;
use desk::queue::drain::{Bearer, DrainEnd, Limits, Means, Progress, Tokens, drain};
use desk::queue::{Intake, Look, Queue, Unheaded};
use desk::secret::Secret;
use desk::session::SessionProblem;
use futures::FutureExt;
use futures::future::BoxFuture;
use lake::Source;
use lake_tests::running::adt;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

const ANSWER: &str = r#"{"outcome":"ingested","status":"Message ingested","message_id":"01890a5d-ac96-774b-bcce-b302099a8057","source":"clinic","received_at":"2026-03-04T05:06:07.089Z"}"#;
/// The Python loop is so slow that it is given so many files only.
const PYTHON_FILES: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "null-front-door"] => runtime().block_on(null_front_door()),
        [_, "desk", url, folder, home, ways] => runtime().block_on(desk_client(url, folder, home, ways)),
        rest if rest.contains(&"--bench") => bench(),
        _ => {} // `cargo test --benches` only wants to know that it starts
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn bench() {
    let count = std::env::var("LAKE_BENCH_FILES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = folder.path().join("in");
    fs::create_dir(&files).expect("made");
    for n in 0..count {
        fs::write(files.join(format!("{n:05}.hl7")), adt(&format!("SUBMIT-{n}"), 80)).expect("written");
    }
    let this = std::env::current_exe().expect("this program has a path");
    let mut door =
        Command::new(&this).arg("null-front-door").stdout(Stdio::piped()).spawn().expect("a front door");
    let mut url = String::new();
    BufReader::new(door.stdout.take().expect("piped")).read_line(&mut url).expect("its address");
    let url = url.trim();

    for (name, ways) in
        [("desk: durable queue, batches", "batch"), ("desk: durable queue, one file a request", "single")]
    {
        let home = folder.path().join(format!("home-{ways}"));
        let mut client = Command::new(&this);
        client.arg("desk").arg(url).arg(&files).arg(&home).arg(ways);
        timed(name, count, client);
    }
    timed("curl --parallel 64, nothing kept", count, curl(url, &files, folder.path()));
    if is_installed("rclone") {
        timed("rclone copy --transfers 64, S3 PUTs, nothing kept", count, rclone(url, &files));
    } else {
        println!("not run: rclone (it is not installed; Debian has it as `rclone`)");
    }
    match std::env::var_os("LAKE_PYTHON") {
        Some(python) => timed(
            "Python requests, one after the other",
            PYTHON_FILES.min(count),
            python_loop(&python, url, &files),
        ),
        None => println!("not run: Python requests (LAKE_PYTHON names no Python)"),
    }
    door.kill().expect("a process of ours");
    door.wait().expect("a process of ours");
}

/// Runs a client to its end; bash tells its processor time (bash(1), TIMEFORMAT).
fn timed(name: &str, count: usize, client: Command) {
    let words = std::iter::once(client.get_program()).chain(client.get_args());
    let quoted: Vec<String> =
        words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))).collect();
    let script = format!("TIMEFORMAT='%R %U %S'; time {} >/dev/null 2>&1", quoted.join(" "));
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash");
    assert!(output.status.success(), "{name} came to its end");
    let told = String::from_utf8(output.stderr).expect("text");
    let seconds: Vec<f64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [real, user, system] = seconds.as_slice() else {
        return println!("not run: {name} (no times: {told})");
    };
    println!(
        "{}",
        json!({
            "name": name,
            "files_per_s": count as f64 / real,
            "client_cpu_us_per_file": (user + system) * 1e6 / count as f64,
        })
    );
}

fn curl(url: &str, files: &Path, folder: &Path) -> Command {
    let list = folder.join("curl.config");
    let mut config = std::io::BufWriter::new(fs::File::create(&list).expect("a file"));
    for (n, file) in sorted(files).iter().enumerate() {
        if n > 0 {
            writeln!(config, "next").expect("written");
        }
        writeln!(
            config,
            "url = \"{url}/er7\"\ndata-binary = \"@{}\"\nheader = \"content-type: application/hl7-v2\"\noutput = \"/dev/null\"",
            file.display()
        )
        .expect("written");
    }
    config.flush().expect("written");
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--no-progress-meter", "--parallel", "--parallel-max", "64", "--config"])
        .arg(list);
    curl
}

/// One PUT a file and nothing else: no bucket is asked for, no object looked at before or after.
fn rclone(url: &str, files: &Path) -> Command {
    // With certificates meant for AWS's own tools rclone does not begin.
    let mut rclone = Command::new("env");
    rclone.args([
        "-u",
        "AWS_CA_BUNDLE",
        "rclone",
        "copy",
        "--quiet",
        "--config=",
        "--transfers=64",
        "--retries=1",
        "--no-check-dest",
    ]);
    rclone.args(["--s3-provider=Other", "--s3-access-key-id=any", "--s3-secret-access-key=any"]);
    rclone.args(["--s3-no-head", "--s3-no-check-bucket", "--s3-endpoint", url]).arg(files).arg(":s3:lake");
    rclone
}

fn is_installed(program: &str) -> bool {
    let asked = Command::new(program).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn python_loop(python: &std::ffi::OsStr, url: &str, files: &Path) -> Command {
    let script = format!(
        "import os, requests\ns = requests.Session()\nfor n in sorted(os.listdir({files:?}))[:{PYTHON_FILES}]:\n    \
         r = s.post({url:?} + '/er7', data=open(os.path.join({files:?}, n), 'rb').read(), \
         headers={{'content-type': 'application/hl7-v2'}})\n    assert r.status_code == 201"
    );
    let mut command = Command::new(python);
    command.arg("-c").arg(script);
    command
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("readable").flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// What `steward submit` does once somebody is signed in.
async fn desk_client(url: &str, folder: &str, home: &str, ways: &str) {
    let url: Url = url.parse().expect("a URL");
    let began = Instant::now();
    let home = Home::open(Path::new(home)).expect("a home");
    let (mut queue, _) = Queue::open(&home).expect("a queue");
    let intake = Intake {
        lake: "null".to_owned(),
        front_door: url.to_string(),
        source: Source::parse("clinic").ok(),
        folder: PathBuf::from("/"),
        paths: vec![PathBuf::from(folder)],
        unheaded: Unheaded::LeaveOut,
        replaces: None,
    };
    let id = queue.begin(&intake, jiff::Timestamp::now()).expect("begun");
    queue.scan(id, Look::Again, &intake.paths, lake::MESSAGE_BYTES, &|| false, &mut |_| {}).expect("scanned");
    let held = queue.try_to_drain().expect("a lock").expect("nobody else");
    let queue = Arc::new(Mutex::new(queue));
    let (progress, _watch) = watch::channel(Progress::default());
    let batch_messages = if ways == "batch" { lake::BATCH_MESSAGES } else { 1 };
    let limits = Limits { batch_messages, ..Limits::of(&profile(&url)) };
    let door = FrontDoor::new(url).expect("a client");
    let means = Means { door, tokens: Arc::new(Anything), limits, stop: CancellationToken::new(), progress };
    let end = drain(Arc::clone(&queue), &held, vec![id], means).await.expect("a run");
    let counts = queue.lock().expect("no panic").counted(id).expect("counted").0;
    assert_eq!((end, counts.ingested), (DrainEnd::Finished, counts.found), "all are in");
    eprintln!("{} files in {:.1?}", counts.found, began.elapsed());
}

async fn null_front_door() {
    let router = Router::new()
        .route("/er7", post(|_body: Bytes| async { (axum::http::StatusCode::CREATED, ANSWER) }))
        .route("/er7/batch", post(batch))
        // What S3 answers to a PUT, as far as rclone looks.
        .fallback(|_body: Bytes| async { [("etag", "\"0\"")] })
        .layer(axum::extract::DefaultBodyLimit::max(8 * 1024 * 1024));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream: &mut tokio::net::TcpStream| {
        stream.set_nodelay(true).expect("a socket");
    });
    axum::serve(listener, router).await.expect("served");
}

async fn batch(body: Bytes) -> String {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    format!("{ANSWER}\n").repeat(lines)
}

fn profile(url: &Url) -> lake::Profile {
    serde_json::from_value(json!({
        "schema": "lake-profile/1", "name": "null", "lake_version": "0", "region": "us-east-1", "issuer": url, "client_id": "c",
        "scopes": [], "redirect_uris": [], "logout_url": "", "logout_uris": [], "identity_pool_id": "", "identity_provider": "",
        "bucket": "lake", "catalog": "catalog", "catalog_shards": 1, "endpoints": { "front_door": url },
        "limits": lake::Limits::default(),
    }))
    .expect("a profile")
}

struct Anything;

impl Tokens for Anything {
    fn token(&self) -> BoxFuture<'_, Result<Bearer, SessionProblem>> {
        let token = Secret::new("anything".to_owned());
        async { Ok(Bearer { token, writes: Source::parse("clinic").ok() }) }.boxed()
    }

    fn instead_of<'a>(&'a self, _refused: &'a Secret) -> BoxFuture<'a, Result<Bearer, SessionProblem>> {
        self.token()
    }
}
