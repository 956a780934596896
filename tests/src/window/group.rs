//! Programs that end with this one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::wait::LIMIT;

/// Runs a program in a group of processes and waits for the end of standard input: it comes when whoever holds the other
/// end is gone, however that went. Then, or when the program has ended, the whole group is killed.
const KEEPER: &str = r#"("$@"; kill -KILL 0) & exec >/dev/null; cat >/dev/null; kill -KILL 0"#;

/// A second's parts in which Linux counts times of processes.
const TICKS: u64 = 100;

/// What this process may have set for itself.
pub(super) const UNSET: &[&str] = &["STEWARD_SESSION_FILE", "STEWARD_HOME", "LAKE_LOG", "WAYLAND_DISPLAY"];

/// A program with all that it starts. Killed when dropped, and when this process ends in any way.
#[derive(Debug)]
pub(super) struct Group {
    name: String,
    log: PathBuf,
    keeper: Child,
    _end: ChildStdin,
}

/// A process of a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub pid: i32,
    /// The program that it runs.
    pub program: PathBuf,
}

/// Where a program lies, by the PATH.
pub(super) fn which(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(name.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// How a program is started.
#[derive(Debug)]
pub(super) struct Start {
    words: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    log: PathBuf,
    says: Stdio,
}

impl Start {
    /// A program by name or path, and its arguments; what it says goes to the end of a file.
    pub(super) fn new(words: &[&str], log: &Path) -> Self {
        let words = words.iter().map(OsString::from).collect();
        Self { words, variables: Vec::new(), log: log.to_owned(), says: append(log).into() }
    }

    /// Adds to its environment.
    pub(super) fn environment(mut self, variables: &[(OsString, OsString)]) -> Self {
        self.variables.extend_from_slice(variables);
        self
    }

    /// Starts it; only what it says wrongly goes to the file, and its first line is waited for.
    pub(super) async fn first_line(mut self) -> (Group, String) {
        self.says = Stdio::piped();
        let (group, says) = self.run();
        let mut lines = BufReader::new(says.expect("piped")).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
        let line =
            line.unwrap_or_else(|_| panic!("{} says nothing in time{}", group.name, group.last_words()));
        let line = line.expect("readable");
        let line = line.unwrap_or_else(|| panic!("{} ended at once{}", group.name, group.last_words()));
        (group, line)
    }

    /// Starts it.
    pub(super) fn group(self) -> Group {
        self.run().0
    }

    fn run(self) -> (Group, Option<ChildStdout>) {
        let name = self.words[0].to_string_lossy().into_owned();
        // Found by our own PATH; the variables are the program's alone.
        let program = which(&name).unwrap_or_else(|| panic!("{name} is not installed"));
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh", "env"])
            .args(UNSET.iter().flat_map(|name| ["-u", name]))
            .args(
                self.variables
                    .iter()
                    .map(|(name, value)| [name, OsStr::new("="), value].join(OsStr::new(""))),
            )
            .arg(program)
            .args(&self.words[1..])
            .stdin(Stdio::piped())
            .stdout(self.says)
            .stderr(append(&self.log))
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let end = keeper.stdin.take().expect("piped");
        let says = keeper.stdout.take();
        (Group { name, log: self.log, keeper, _end: end }, says)
    }
}

impl Group {
    /// Its processes that live.
    pub(super) fn members(&self) -> Vec<Member> {
        let Some(group) = self.keeper.id() else { return Vec::new() };
        let processes = fs::read_dir("/proc").expect("a system with /proc").filter_map(Result::ok);
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // After the name in brackets, which may hold anything: state, parent, group.
            let group_of_it = stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse::<u32>().ok()?;
            let program = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
            (group_of_it == group).then_some(Member { pid, program })
        })
        .collect()
    }

    /// The end of what the program said, for a panic's text.
    pub(super) fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().rev().take(8).collect();
        lines.iter().rev().fold(String::new(), |text, line| format!("{text}\n    {line}"))
    }
}

impl Member {
    /// Kills it as `kill -9` does.
    pub fn kill(&self) {
        let pid = Pid::from_raw(self.pid).expect("a process id");
        kill_process(pid, Signal::KILL).expect("a process of ours");
    }

    /// Stops it in the middle of whatever it does, or lets it go on.
    pub(super) fn go(&self, on: bool) {
        let pid = Pid::from_raw(self.pid).expect("a process id");
        let signal = if on { Signal::CONT } else { Signal::STOP };
        kill_process(pid, signal).expect("a process of ours");
    }

    /// When it was started, to a hundredth of a second (proc(5), `stat`).
    pub fn started(&self) -> Timestamp {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("it lives");
        let after_the_name = stat.rsplit_once(") ").expect("the name ends").1;
        let ticks: u64 =
            after_the_name.split(' ').nth(19).and_then(|ticks| ticks.parse().ok()).expect("a time");
        let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let up = Duration::new(up.tv_sec.unsigned_abs(), u32::try_from(up.tv_nsec).expect("below a second"));
        let age = up.saturating_sub(Duration::from_millis(ticks.saturating_mul(1000 / TICKS)));
        Timestamp::now().checked_sub(age).expect("a time of this system")
    }

    /// Whether nothing is left of it: its files and ports are closed too.
    pub(super) fn is_gone(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // After the name in brackets, which may hold anything: its state. A zombie has let go of everything, but for its other
        // threads, of which each holds all as long as it lives.
        let is_zombie = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).map_or(0, Iterator::count);
        stat.map_or(true, |stat| is_zombie(stat) && threads <= 1)
    }

    /// Whether it lives.
    pub fn lives(&self) -> bool {
        fs::read_link(format!("/proc/{}/exe", self.pid)).is_ok_and(|program| program == self.program)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = self.keeper.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(group) = group {
            // Gone already: nothing is left to end.
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

fn append(log: &Path) -> File {
    File::options().create(true).append(true).open(log).expect("a log file")
}
