//! The endpoint as boto3 and the AWS CLI see it. They live in an environment beside the build's folder (`cargo xtask
//! test` makes it); without it this says so, and the run that is CI counts that as a failure.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_command_line_can_do_what_the_policy_allows_and_no_more() {
    let Some(python) = python() else {
        println!("not run: no Python with boto3 in the build folder's venv; `cargo xtask test` makes it");
        assert!(std::env::var_os("CI").is_none(), "this must run in CI");
        return;
    };
    let rig = Rig::start().await;
    let session = rig.session(Some(OWN), Timestamp::now());
    let expired = rig.session(Some(OWN), Timestamp::now() - SignedDuration::from_hours(2));
    let settings = json!({
        "endpoint": rig.url, "region": REGION, "table": "catalog", "own": OWN, "foreign": FOREIGN,
        "own_message": message(OWN, 1), "foreign_message": message(FOREIGN, 1),
        "session": plain(&session), "expired": plain(&expired),
        "root": {"id": rig.credentials.root().access_key_id,
            "secret": rig.credentials.root().secret_access_key.expose()},
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/test_dynamodb.py");
    let run = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(python)
            .arg(script)
            .env("LAKE_SETTINGS", settings.to_string())
            .env_remove("AWS_PROFILE")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .spawn()
            .expect("Python starts");
        let until = Instant::now() + Duration::from_secs(180);
        loop {
            if let Some(status) = child.try_wait().expect("its end can be asked for") {
                return status;
            }
            if Instant::now() > until {
                child.kill().expect("it can be ended");
                panic!("the Python tests took longer than three minutes");
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    assert!(run.await.unwrap().success(), "the Python tests say above what failed");
}

fn plain(session: &SessionCredentials) -> Value {
    json!({"id": session.access_key_id, "secret": session.secret_access_key.expose(),
        "token": session.session_token.expose()})
}

/// The interpreter that `cargo xtask test` names in LAKE_PYTHON, or that of `venv` in the folder that cargo builds into.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("LAKE_PYTHON").map(PathBuf::from);
    let beside_the_build = || {
        let this = std::env::current_exe().ok()?;
        let program = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
        this.ancestors().map(|folder| folder.join(program)).find(|python| python.exists())
    };
    let found = named.or_else(beside_the_build)?;
    let checked = Command::new(&found).args(["-c", "import boto3, awscli"]).stderr(Stdio::null()).status();
    checked.is_ok_and(|status| status.success()).then_some(found)
}
