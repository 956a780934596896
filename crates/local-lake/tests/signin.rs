//! Sign-in and the identity pool over HTTP, with clients that are not ours: authlib, requests and boto3, from
//! `tests/python/test_signin.py`.

#![expect(clippy::expect_used, reason = "what a test cannot set up, it reports by ending")]

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lake::Clock;
use local_lake::credentials::{self, CredentialMint, Secret};
use local_lake::database::Database;
use local_lake::identity::IdentityPool;
use local_lake::issuer::{self, Issuer, Settings};
use local_lake::randomness::SystemRandomness;
use local_lake::users::{self, SampleUsers, Users};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use wait_timeout::ChildExt;

const PASSWORD: &str = "a password for this test only";
/// What the script needs, from PyPI.
const PACKAGES: [&str; 4] = ["authlib", "joserfc", "requests", "boto3"];
const INSTALL_LIMIT: Duration = Duration::from_secs(300);
const RUN_LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_and_boto3_sign_in() {
    let python = match spawn_blocking(python).await.expect("no panic") {
        Ok(python) => python,
        Err(reason) => {
            println!("not run: {reason}");
            assert!(std::env::var_os("CI").is_none(), "this must run in CI: {reason}");
            return;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (one_click, pool) = serve(&folder.path().join("one.sqlite"), SampleUsers::OneClick).await;
    let password = SampleUsers::Password(Secret::new(PASSWORD.to_owned()));
    let (with_password, _) = serve(&folder.path().join("two.sqlite"), password).await;
    let mut script = Command::new(python);
    script
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/test_signin.py"))
        .envs([("LAKE_ONE_CLICK", one_click), ("LAKE_WITH_PASSWORD", with_password), ("IDENTITY_POOL", pool)])
        .env("LAKE_PASSWORD", PASSWORD)
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let (sound, said) = spawn_blocking(move || run(&mut script, RUN_LIMIT))
        .await
        .expect("no panic")
        .expect("the script runs and ends");
    assert!(sound, "the script found a difference:\n{said}");
}

/// A lake's issuer and identity pool on a free port: their URL, and the pool's id.
async fn serve(file: &Path, samples: SampleUsers) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://localhost:{}", listener.local_addr().expect("an address").port());
    let schemas = [credentials::SCHEMA, users::SCHEMA, issuer::SCHEMA];
    let database = Database::open(file, &schemas).expect("a new database");
    let users = Users::open(&database, samples, &SystemRandomness).await.expect("users");
    let settings = Settings::local(url.clone(), "Lake of a test".to_owned());
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    let issuer = Issuer::open(settings, database.clone(), users, clock.clone(), random.clone());
    let issuer = issuer.await.expect("an issuer");
    let mint = Arc::new(CredentialMint::open(&database, &SystemRandomness).await.expect("a mint"));
    let pool = IdentityPool::open(&database, issuer.clone(), mint, clock, random).await.expect("a pool");
    let router = issuer.router().merge(pool.router());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, pool.id().to_owned())
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A Python with the packages, in an environment of its own beside what Cargo builds; made at the first run.
fn python() -> Result<PathBuf, String> {
    let folder = workspace().join("target/python/signin-clients");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let imports = PACKAGES.map(|name| format!("import {name}")).join("; ");
    if matches!(run(Command::new(&python).args(["-c", &imports]), INSTALL_LIMIT), Ok((true, _))) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    for (mut step, what) in [(make, "python3 -m venv"), (install, "pip install")] {
        match run(&mut step, INSTALL_LIMIT) {
            Ok((true, _)) => {}
            Ok((false, said)) => return Err(format!("{what} failed: {}", said.trim())),
            Err(error) => return Err(format!("{what} could not be run: {error}")),
        }
    }
    Ok(python)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a program to its end, within a limit: whether it succeeded, and all it said.
fn run(program: &mut Command, limit: Duration) -> io::Result<(bool, String)> {
    let mut said: File = tempfile::tempfile()?;
    program.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said.try_clone()?);
    let mut child = program.spawn()?;
    let Some(status) = child.wait_timeout(limit)? else {
        child.kill()?;
        child.wait()?;
        return Err(io::ErrorKind::TimedOut.into());
    };
    said.rewind()?;
    let mut text = Vec::new();
    said.read_to_end(&mut text)?;
    Ok((status.success(), String::from_utf8_lossy(&text).into_owned()))
}
