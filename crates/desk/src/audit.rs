//! The local audit trail: who did what with which lake, without content. Each line carries the SHA-256 of the line
//! before it, so that a changed, removed or inserted line shows; a cut-off end does not (nothing local can prove it).

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::home::Home;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Signed in.
    SignIn,
    /// Signed out.
    SignOut,
    /// Handed messages to the lake; `detail` counts them.
    Submit,
    /// Read an object; `detail` is its key.
    Get,
    /// Wrote a report or a download to disk.
    Export,
    /// Searched in messages; `detail` counts days and hits, never the term.
    Find,
    /// Asked for another attempt, a set-aside or a redelivery; `detail` is the message id.
    Change,
    /// Was refused by the lake.
    Refused,
    /// Showed masked values.
    Unmask,
}

impl Action {
    /// The word in the trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::Submit => "submit",
            Self::Get => "get",
            Self::Export => "export",
            Self::Find => "find",
            Self::Change => "change",
            Self::Refused => "refused",
            Self::Unmask => "unmask",
        }
    }
}

/// One line of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Which lake, by its local name.
    pub lake: String,
    /// Cognito `sub` of the steward, if signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Ids, keys and counts; never content, never a file's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// SHA-256 of the line before (64 zeros in the first), lower-case hex.
    pub before: String,
}

/// Why the trail could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("the audit trail {path} cannot be used: {}", crate::home::in_words(error))]
pub struct AuditProblem {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub error: io::Error,
}

impl AuditProblem {
    /// The write itself broke off.
    pub(crate) fn broken(audit: &Audit, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { path: audit.path.clone(), error: io::Error::other(error) }
    }
}

/// What checking the trail found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Verified {
    /// Every line follows from the one before.
    Sound {
        /// How many lines.
        events: u64,
    },
    /// A line does not follow from the one before.
    Broken {
        /// Its number, from 1.
        line: u64,
    },
}

/// The trail of one home.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// The trail of this home.
    pub fn of(home: &Home) -> Self {
        Self { path: home.join("audit.jsonl") }
    }

    /// Adds a line, durably, under a lock that all programs of this home share.
    pub fn record(
        &self,
        at: Timestamp,
        action: Action,
        lake: &str,
        subject: Option<&str>,
        detail: String,
    ) -> Result<(), AuditProblem> {
        let problem = |error| AuditProblem { path: self.path.clone(), error };
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(problem)?;
        file.lock().map_err(problem)?; // held for one short write
        let before = hash_of_last_line(&mut file).map_err(problem)?;
        let event = AuditEvent {
            at,
            action,
            lake: lake.to_owned(),
            subject: subject.map(str::to_owned),
            detail,
            before,
        };
        let mut line = serde_json::to_vec(&event).map_err(|error| problem(error.into()))?;
        line.push(b'\n');
        file.write_all(&line).map_err(problem)?;
        file.sync_data().map_err(problem)
    }

    /// The lines, oldest first, one at a time.
    pub fn events(&self) -> Result<impl Iterator<Item = Result<AuditEvent, AuditProblem>>, AuditProblem> {
        let path = self.path.clone();
        let lines = lines_of(&self.path)?;
        Ok(lines.map(move |line| {
            let problem = |error: io::Error| AuditProblem { path: path.clone(), error };
            let line = line.map_err(problem)?;
            serde_json::from_slice(&line).map_err(|error| problem(error.into()))
        }))
    }

    /// Checks that every line follows from the one before.
    pub fn verify(&self) -> Result<Verified, AuditProblem> {
        let mut expected = first_link();
        let mut events = 0;
        for line in lines_of(&self.path)? {
            let line = line.map_err(|error| AuditProblem { path: self.path.clone(), error })?;
            events += 1;
            let sound =
                serde_json::from_slice::<AuditEvent>(&line).is_ok_and(|event| event.before == expected);
            if !sound {
                return Ok(Verified::Broken { line: events });
            }
            expected = hash(&line);
        }
        Ok(Verified::Sound { events })
    }
}

fn lines_of(path: &Path) -> Result<impl Iterator<Item = io::Result<Vec<u8>>> + use<>, AuditProblem> {
    let file = match File::open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(AuditProblem { path: path.to_owned(), error }),
    };
    Ok(file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n')))
}

/// A line is at most this long: ids, keys (up to 1,024 bytes) and counts.
const LONGEST_LINE: u64 = 16 * 1024;

fn hash_of_last_line(file: &mut File) -> io::Result<String> {
    let end = file.metadata()?.len();
    if end == 0 {
        return Ok(first_link());
    }
    let start = end.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut tail)?;
    // A line that a crash cut off stays as it is and is closed, so that `verify` names it.
    if tail.last() != Some(&b'\n') {
        file.write_all(b"\n")?;
        tail.push(b'\n');
    }
    tail.pop();
    let last = tail.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(hash(last))
}

fn first_link() -> String {
    "0".repeat(64)
}

fn hash(line: &[u8]) -> String {
    er7::raw_digest(line).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn trail() -> (tempfile::TempDir, Audit) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        (dir, Audit::of(&home))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_trail_is_sound_until_somebody_changes_it() {
        let (_dir, audit) = trail();
        assert_eq!(audit.verify().unwrap(), Verified::Sound { events: 0 }, "nothing was done yet");
        for second in 1..=5 {
            audit
                .record(at(second), Action::Submit, "local", Some("sub"), format!("{second} messages"))
                .unwrap();
        }
        assert_eq!(
            audit.verify().unwrap(),
            Verified::Sound { events: 5 },
            "five lines, each after the other"
        );
        assert_eq!(audit.events().unwrap().count(), 5, "all can be read");
        let text = fs::read_to_string(&audit.path).unwrap();
        fs::write(&audit.path, text.replace("3 messages", "9 messages")).unwrap();
        assert_eq!(
            audit.verify().unwrap(),
            Verified::Broken { line: 4 },
            "the line after a changed one no longer follows"
        );
        let without: Vec<_> =
            text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, line)| format!("{line}\n")).collect();
        fs::write(&audit.path, without.concat()).unwrap();
        assert_eq!(audit.verify().unwrap(), Verified::Broken { line: 2 }, "a removed line shows");
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_named_and_later_ones_follow() {
        let (_dir, audit) = trail();
        audit.record(at(1), Action::SignIn, "local", None, String::new()).unwrap();
        let mut file = OpenOptions::new().append(true).open(&audit.path).unwrap();
        file.write_all(b"{\"at\":\"2026").unwrap();
        audit.record(at(2), Action::SignOut, "local", None, String::new()).unwrap();
        assert_eq!(audit.verify().unwrap(), Verified::Broken { line: 2 }, "the cut-off line is line 2");
        assert_eq!(fs::read_to_string(&audit.path).unwrap().lines().count(), 3, "nothing was overwritten");
    }
}
