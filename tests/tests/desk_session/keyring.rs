//! The session in a real Secret Service: a private D-Bus with a throw-away keyring.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::commands::Desk;

/// How long the bus and the keyring may take to start.
const LIMIT: Duration = Duration::from_secs(60);

/// A D-Bus of our own with a keyring on it, until dropped.
struct Bus {
    address: String,
    _process: Child,
}

/// Whether the keyring is opened with its password, or only started.
#[derive(Clone, Copy)]
enum Keyring {
    Unlocked,
    Locked,
}

impl Bus {
    async fn start(data: &Path, runtime: &Path, keyring: Keyring) -> Result<Self, String> {
        let start = match keyring {
            Keyring::Unlocked => "printf 'test\\n' | gnome-keyring-daemon --unlock --components=secrets",
            Keyring::Locked => "gnome-keyring-daemon --start --components=secrets",
        };
        // It lasts until its standard input is closed.
        let script =
            format!("{start} >/dev/null 2>&1 || exit 97; echo \"$DBUS_SESSION_BUS_ADDRESS\"; cat >/dev/null");
        let mut process = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", &script])
            .env("XDG_DATA_HOME", data)
            .env("XDG_RUNTIME_DIR", runtime)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("dbus-run-session: {error}"))?;
        let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
        let line = line.map_err(|_| "the bus takes too long")?.map_err(|error| error.to_string())?;
        Ok(Self { address: line.ok_or("gnome-keyring-daemon does not start")?, _process: process })
    }
}

fn on(bus: &str, mut command: Command) -> Command {
    command.env("DBUS_SESSION_BUS_ADDRESS", bus).env_remove("STEWARD_SESSION_FILE");
    command
}

async fn ended(command: &mut Command) -> (Option<i32>, Vec<u8>, String) {
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("it ends").expect("it runs");
    (output.status.code(), output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_sign_in_says_so_before_anybody_types_a_password() {
    let desk = Desk::start().await;
    let nowhere = "unix:path=/nowhere/bus";
    let (code, output, said) =
        ended(&mut on(nowhere, desk.command("nobody", &["sign-in", "--no-browser"]))).await;
    assert_eq!(code, Some(3), "it cannot last: {said}");
    assert!(output.is_empty(), "no address is shown");
    assert!(said.contains("--session-file"), "the way out is named: {said}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_in_the_keyring_until_it_is_locked_or_signed_out() {
    let folder: TempDir = tempfile::tempdir().expect("a temporary folder");
    let (data, runtime) = (folder.path().join("data"), folder.path().join("runtime"));
    for path in [&data, &runtime] {
        std::fs::create_dir(path).expect("a folder");
    }
    let bus = match Bus::start(&data, &runtime, Keyring::Unlocked).await {
        Ok(bus) => bus,
        Err(reason) => {
            return crate::not_run(&reason);
        }
    };
    let desk = Desk::start().await;
    let told =
        desk.sign_in_by(on(&bus.address, desk.command("-", &["sign-in", "--no-browser"])), "admin").await;
    assert_eq!(told["user"], "admin@example.com", "signed in");
    let whoami = async |address: &str| ended(&mut on(address, desk.command("-", &["whoami"]))).await;
    let (code, output, said) = whoami(&bus.address).await;
    assert_eq!(code, Some(0), "another program finds it in the keyring: {said}");
    let told: Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(told["read"], "my_hospital_123", "with its rights");
    drop(bus);

    let locked = Bus::start(&data, &runtime, Keyring::Locked).await.expect("it started before");
    let (code, output, said) = whoami(&locked.address).await;
    assert_eq!((code, output.len()), (Some(3), 0), "the keyring is locked: {said}");
    assert!(said.contains("keyring"), "that is said: {said}");
    drop(locked);

    let bus = Bus::start(&data, &runtime, Keyring::Unlocked).await.expect("it started before");
    assert_eq!(whoami(&bus.address).await.0, Some(0), "unlocked, the session is there again");
    let (code, _, said) =
        ended(&mut on(&bus.address, desk.command("-", &["sign-out", "--no-browser"]))).await;
    assert_eq!(code, Some(0), "signed out: {said}");
    assert_eq!(whoami(&bus.address).await.0, Some(3), "nothing is left in the keyring");
    desk.stop().await;
}
