//! boto3 and the AWS CLI, from PyPI, in an environment beside the build's folder (`cargo xtask test` makes it); without
//! it the test says so, and the run that is CI counts that as a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use lake::Zone;
use serde_json::json;
use wait_timeout::ChildExt;

use crate::lake::{BUCKET, MANY, OTHER_BUCKET, REGION, TestLake, key_of};

const RUN_LIMIT: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_clients() {
    let Some(python) = tokio::task::spawn_blocking(python_with_clients).await.expect("no panic") else {
        println!(
            "not run: no Python with boto3 and awscli in the build folder's venv; `cargo xtask test` makes it"
        );
        assert!(std::env::var_os("CI").is_none(), "this must run in CI");
        return;
    };
    let lake = TestLake::start().await;
    for zone in Zone::ALL {
        let (own, foreign) = (key_of(zone, "my_hospital_12"), key_of(zone, "my_hospital_123"));
        lake.store(BUCKET, &own, &format!("own {}", zone.as_str()), Some("my_hospital_12")).await;
        lake.store(BUCKET, &foreign, &format!("foreign {}", zone.as_str()), Some("my_hospital_123")).await;
    }
    let mistagged = "staging-of/my_hospital_12";
    let untagged = "staging/untagged";
    lake.store(BUCKET, mistagged, "x", Some("my_hospital_123")).await;
    lake.store(BUCKET, untagged, "x", None).await;
    lake.store(OTHER_BUCKET, "own", "x", Some("my_hospital_12")).await;
    lake.store_many().await;
    let keys = |source: &str| Zone::ALL.map(|zone| (zone.as_str().to_owned(), json!(key_of(zone, source))));
    let setup = json!({
        "endpoint": lake.endpoint, "region": REGION, "bucket": BUCKET, "other_bucket": OTHER_BUCKET,
        "many": MANY, "mistagged": mistagged, "untagged": untagged,
        "own": serde_json::Map::from_iter(keys("my_hospital_12")),
        "foreign": serde_json::Map::from_iter(keys("my_hospital_123")),
        "who": {
            "administrator": lake.administrator(),
            "reader": lake.steward(Some("my_hospital_12"), None),
            "neighbour": lake.steward(Some("my_hospital_123"), Some("my_hospital_123")),
            "writer": lake.steward(None, Some("my_hospital_12")),
            "expired": lake.expired(),
        },
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("setup.json");
    std::fs::write(&file, setup.to_string()).expect("the set-up is written");
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/test_s3.py"))
        .env("S3_TEST_SETUP", file);
    let ended = tokio::task::spawn_blocking(move || run(command, RUN_LIMIT)).await.expect("no panic");
    assert_eq!(
        ended,
        Ok(()),
        "boto3 and the AWS CLI find everything as S3 has it; what they saw stands above"
    );
}

/// The `venv` in the folder that cargo builds into, if it has both clients.
fn python_with_clients() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?;
    let program = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
    let python = this.ancestors().map(|folder| folder.join(program)).find(|python| python.exists())?;
    let mut check = Command::new(&python);
    check.args(["-c", "import boto3, awscli"]).stderr(Stdio::null());
    run(check, RUN_LIMIT).is_ok().then_some(python)
}

fn run(mut command: Command, limit: Duration) -> Result<(), String> {
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    match child.wait_timeout(limit).map_err(|error| error.to_string())? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(status.to_string()),
        None => {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            Err(format!("it did not end in {limit:?}"))
        }
    }
}
