//! No room on the home's disk: the command says so and what to do; once there is room, it goes on where it stopped.

use std::fs;
use std::process::Command;

use crate::lake::{Lake, Steward, assert_adds_up, message};
use serde_json::Value;

const MESSAGES: usize = 1_500;
/// Room on the home's disk, in KiB: for nothing, for a part of the queue, for nearly all, for all.
const ROOM: [usize; 9] = [0, 24, 64, 160, 320, 640, 1_280, 2_560, 20_480];

/// The home on a disk of its own (that only these commands see), with so much room at the first run and plenty at the second.
const TWICE: &str = r#"
cp -a "$STEWARD_HOME" "$OUT/home" || exit 99
mount -t tmpfs -o size=32m tmpfs "$STEWARD_HOME" || exit 99
cp -a "$OUT/home/." "$STEWARD_HOME" || exit 99
free=$(df -k --output=avail "$STEWARD_HOME" | tail -1)
head -c "$(( (free - ROOM) * 1024 ))" /dev/zero > "$STEWARD_HOME/filler"
for run in first second; do
  "$PROGRAM" submit "$FILES" > "$OUT/$run.out" 2> "$OUT/$run.err"
  echo $? > "$OUT/$run.code"
  rm -f "$STEWARD_HOME/filler"
done
test -z "$(ls "$STEWARD_HOME" | grep -E 'probe|filler')" || exit 98
"$PROGRAM" submissions > "$OUT/list.out" && "$PROGRAM" audit verify > /dev/null
"#;

struct Ran {
    code: i32,
    said: String,
    lines: Vec<Value>,
}

fn twice(steward: &Steward, files: &str, room: usize) -> ([Ran; 2], Vec<Value>) {
    let out = steward.folder.join(format!("out-{room}"));
    fs::create_dir(&out).expect("a folder");
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", TWICE])
        .current_dir(&steward.folder)
        .env("PROGRAM", env!("CARGO_BIN_EXE_steward"))
        .env("STEWARD_HOME", &steward.home)
        .env("STEWARD_SESSION_FILE", steward.home.join("session"))
        .env("OUT", &out)
        .env("FILES", files)
        .env("ROOM", room.to_string())
        .output()
        .expect("unshare runs");
    assert!(ran.status.success(), "the list and the audit trail are sound afterwards: {ran:?}");
    let read = |name: String| fs::read_to_string(out.join(name)).expect("its output");
    let lines = |name: String| {
        read(name).lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect::<Vec<_>>()
    };
    let runs = ["first", "second"].map(|run| Ran {
        code: read(format!("{run}.code")).trim().parse().expect("an exit code"),
        said: read(format!("{run}.err")),
        lines: lines(format!("{run}.out")),
    });
    (runs, lines("list.out".to_owned()))
}

/// Whether this system lets one have a disk of one's own.
fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_and_doubles_nothing() {
    if !can_mount() {
        println!("not run: this system lets nobody mount a small disk for a test");
        assert!(std::env::var_os("CI").is_none(), "in CI everything runs");
        return;
    }
    let lake = Lake::start();
    let admin = lake.steward("admin@example.com").await;
    let mut failed = 0;
    for (place, room) in ROOM.into_iter().enumerate() {
        let files = format!("in-{room}");
        for file in 0..15 {
            let first = place * MESSAGES + file * MESSAGES / 15;
            let all: Vec<u8> = (first..first + MESSAGES / 15).flat_map(message).collect();
            admin.write(&format!("{files}/{file:02}.hl7"), &all);
        }
        let ([first, second], list) = twice(&admin, &files, room);
        if first.code != 0 {
            failed += 1;
            assert!([1, 2].contains(&first.code), "{room} KiB: {} {}", first.code, first.said);
            assert!(first.said.contains("room"), "{room} KiB: what to do is said: {}", first.said);
            assert!(!first.said.contains("panicked"), "{room} KiB: {}", first.said);
        }
        let summary = &second.lines.last().expect("a summary")["summary"];
        assert_adds_up(summary);
        assert_eq!(second.code, 0, "{room} KiB: with room all goes well: {}", second.said);
        let told = ["ingested", "duplicate"].map(|outcome| summary[outcome].as_u64().unwrap_or_default());
        assert_eq!(told.iter().sum::<u64>(), MESSAGES as u64, "{room} KiB: the lake has all: {summary}");
        let ingested: u64 = list.iter().filter_map(|one| one["ingested"].as_u64()).sum();
        assert_eq!(ingested, MESSAGES as u64, "{room} KiB: each was taken once, and is told once: {list:?}");
    }
    assert!(failed >= 4, "with little room the first run fails: {failed}");
    assert!(failed < ROOM.len(), "with much room it does not");
}
