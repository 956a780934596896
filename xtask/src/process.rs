//! Programs that these commands start: each with a time limit, each error naming the program and what to do.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

use crate::workspace;

/// How long a program may take before it is ended.
#[derive(Clone, Copy)]
pub(crate) struct Limit(Duration);

impl Limit {
    /// A limit of whole minutes.
    pub(crate) const fn minutes(minutes: u64) -> Self {
        Self(Duration::from_secs(minutes * 60))
    }

    /// For what stays open as long as somebody works with it.
    pub(crate) const NONE: Self = Self(Duration::MAX);

    /// A limit of seconds, for asking a program its version.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// A program to run, in the workspace's root unless told otherwise.
pub(crate) struct Run {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
    limit: Limit,
}

impl Run {
    /// A program by name or path, with ten minutes to end.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: workspace::root().to_owned(),
            limit: Limit::minutes(10),
        }
    }

    /// Adds arguments.
    pub(crate) fn arguments<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Puts a folder before all others on `PATH`.
    pub(crate) fn path(self, folder: Option<&Path>) -> Result<Self, String> {
        let Some(folder) = folder else { return Ok(self) };
        let before = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_owned()).chain(env::split_paths(&before));
        let joined = env::join_paths(folders).map_err(|error| format!("PATH cannot be set: {error}"))?;
        Ok(self.environment("PATH", joined))
    }

    /// Sets the folder to run in.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// Sets the time limit.
    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the program with this terminal as its own.
    pub(crate) fn shown(&self) -> Result<(), String> {
        let mut child = self.start(&mut self.command())?;
        self.finish(&mut child, Instant::now())
    }

    /// Runs the program, shows every line it writes and hands it, without colours, to `each`.
    ///
    /// Standard output and standard error both count; their order to each other is not kept.
    pub(crate) fn each_line(&self, mut each: impl FnMut(&str)) -> Result<(), String> {
        let mut command = self.command();
        let mut child = self.start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let began = Instant::now();
        let (sender, lines) = sync_channel::<String>(1024);
        if let Some(pipe) = child.stdout.take() {
            send_lines(pipe, sender.clone());
        }
        if let Some(pipe) = child.stderr.take() {
            send_lines(pipe, sender.clone());
        }
        drop(sender);
        loop {
            match lines.recv_timeout(self.limit.0.saturating_sub(began.elapsed())) {
                Ok(line) => {
                    eprintln!("{line}");
                    each(&without_colours(&line));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err(self.end(&mut child)),
            }
        }
        self.finish(&mut child, began)
    }

    /// Runs the program and returns what it writes to standard output.
    pub(crate) fn output(&self) -> Result<String, String> {
        let (said, ended) = self.read(&mut self.command());
        ended.and(said)
    }

    /// As [`Run::output`], with what goes to standard error dropped.
    pub(crate) fn quiet(&self) -> Result<String, String> {
        let (said, ended) = self.read(self.command().stderr(Stdio::null()));
        ended.and(said)
    }

    /// As [`Run::quiet`], also where the program ends badly: some say by that what they found.
    pub(crate) fn answer(&self) -> Result<String, String> {
        let (said, ended) = self.read(self.command().stderr(Stdio::null()));
        said.and_then(|said| if said.trim().is_empty() { ended.map(|()| said) } else { Ok(said) })
    }

    /// What the program writes to standard output, and how it ended.
    fn read(&self, command: &mut Command) -> (Result<String, String>, Result<(), String>) {
        let mut child = match self.start(command.stdin(Stdio::null()).stdout(Stdio::piped())) {
            Ok(child) => child,
            Err(error) => return (Err(error.clone()), Err(error)),
        };
        let began = Instant::now();
        let reader = child.stdout.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = String::new();
                pipe.read_to_string(&mut text).map(|_| text)
            })
        });
        let ended = self.finish(&mut child, began);
        let said = match reader.map(JoinHandle::join) {
            Some(Ok(Ok(text))) => Ok(text),
            _ => Err(format!("`{}` wrote what is not UTF-8 text", self.name())),
        };
        (said, ended)
    }

    /// Whether the program is there and ends well; what it writes is dropped.
    pub(crate) fn succeeds(&self) -> bool {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        let began = Instant::now();
        self.start(&mut command).is_ok_and(|mut child| self.finish(&mut child, began).is_ok())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn start(&self, command: &mut Command) -> Result<Child, String> {
        command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                format!("`{}` is not installed, or not on the PATH", self.program.display())
            }
            _ => format!("`{}` does not start: {error}", self.name()),
        })
    }

    fn finish(&self, child: &mut Child, began: Instant) -> Result<(), String> {
        let waited = match self.limit.0 {
            Duration::MAX => child.wait().map(Some),
            limit => child.wait_timeout(limit.saturating_sub(began.elapsed())),
        };
        match waited {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(format!("`{}` failed ({status})", self.name())),
            Ok(None) => Err(self.end(child)),
            Err(error) => Err(format!("cannot wait for `{}`: {error}", self.name())),
        }
    }

    /// Ends a program that takes too long: asked first, so that it can end what it started, then made to.
    fn end(&self, child: &mut Child) -> String {
        let asked = Command::new("kill").arg(child.id().to_string()).status();
        let ended = asked.is_ok_and(|status| status.success())
            && matches!(child.wait_timeout(Duration::from_secs(10)), Ok(Some(_)));
        if !ended {
            drop(child.kill().and_then(|()| child.wait()));
        }
        format!("`{}` was ended: it took more than {} s", self.name(), self.limit.0.as_secs())
    }

    fn name(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments).take(4);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

fn send_lines(pipe: impl Read + Send + 'static, sender: SyncSender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
}

/// The line without terminal sequences (ESC `[` … letter, ECMA-48 5.4).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().skip(1).find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_ended_and_named() {
        let error = Run::new("sleep").arguments(["60"]).limit(Limit::seconds(1)).shown().unwrap_err();
        assert!(error.contains("`sleep 60` was ended"), "the error names the program: {error}");
    }

    #[test]
    fn a_silent_program_that_takes_too_long_is_ended_while_its_lines_are_read() {
        let run = Run::new("sh").arguments(["-c", "echo one; exec sleep 60"]).limit(Limit::seconds(1));
        let mut seen = Vec::new();
        let error = run.each_line(|line| seen.push(line.to_owned())).unwrap_err();
        assert_eq!(seen, ["one"], "lines before the end are handed on");
        assert!(error.contains("more than 1 s"), "the error names the limit: {error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Run::new("no-such-program-here").shown().unwrap_err();
        assert!(error.contains("`no-such-program-here` is not installed"), "got: {error}");
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_its_status() {
        let error = Run::new("sh").arguments(["-c", "exit 3"]).shown().unwrap_err();
        assert!(error.contains('3'), "the status is in the error: {error}");
    }

    #[test]
    fn colours_are_taken_out_of_lines() {
        assert_eq!(
            without_colours("\u{1b}[32;1m  Summary\u{1b}[0m ok"),
            "  Summary ok",
            "only the text stays"
        );
    }
}
