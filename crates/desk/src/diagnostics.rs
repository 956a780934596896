//! What a steward can hand to support: how this program, this computer and the lake stand, in plain text. No content, no
//! names of files or people, no tokens, no paths: most lines are of a closed vocabulary, and what others worded is cut
//! short and freed of what names somebody.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::account::{Account, AccountProblem};
use crate::audit::{Audit, Verified};
use crate::browse::{Finding, Probe, examine, size_in_words};
use crate::home::{self, Home, host_of, is_practice};
use crate::queue::{Counts, Queue, QueueProblem};
use crate::session::{SessionProblem, SignedIn, Vault};

/// How long the lake may take to answer all questions.
const PROBES_LIMIT: Duration = Duration::from_secs(60);
/// How long one other question may take.
const QUESTION_LIMIT: Duration = Duration::from_secs(30);
/// Less free space than this is worth a word: 1 GiB.
const LITTLE_SPACE: u64 = 1 << 30;
/// By how much this computer's clock may differ from the lake's: what AWS allows its callers.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Submissions that are counted, the newest.
const SUBMISSIONS: usize = 1_000;
/// The longest text of others that is told, in characters.
const LONGEST: usize = 160;

/// A text for support, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// The lines, in order.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is told.
    pub what: String,
    /// How it is.
    pub how: String,
    /// Whether it is as it should be.
    pub standing: Standing,
}

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A fact.
    Fact,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
}

/// Finds out everything; ends within two minutes, whatever does not answer. `also`: what the caller knows besides
/// (what, how), such as the version of the web view.
pub async fn gather(home: &Home, account: Option<&Account>, also: &[(&str, String)]) -> Diagnostics {
    let mut lines = vec![
        fact("Lake Steward", env!("CARGO_PKG_VERSION")),
        fact("System", &system()),
        fact("Asked at", &Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
    ];
    lines.extend(also.iter().map(|(what, how)| fact(what, &cut(how))));
    let here = home.clone();
    let of_this_computer = tokio::task::spawn_blocking(move || of_this_computer(&here));
    let (of_this_computer, keyring) = tokio::join!(of_this_computer, Vault::probe_keyring());
    lines.extend(of_this_computer.unwrap_or_else(|_| vec![bad("Home folder", "looking at it broke off")]));
    lines.push(match keyring {
        Ok(()) => good("Keyring", "can be used"),
        Err(problem) => bad("Keyring", &session_in_words(&problem, &Private::of(home, None))),
    });
    match account {
        Some(account) => lines.extend(of_lake(home, account).await),
        None => lines.push(fact("Lake", "none is chosen")),
    }
    Diagnostics { lines }
}

impl Diagnostics {
    /// As text, one line each: `what: how`, with a mark before what is not as it should be.
    pub fn to_text(&self) -> String {
        let line = |line: &Line| {
            let mark = if line.standing == Standing::Bad { "! " } else { "" };
            format!("{mark}{}: {}\n", line.what, line.how)
        };
        self.lines.iter().map(line).collect()
    }
}

fn line(what: &str, how: &str, standing: Standing) -> Line {
    Line { what: what.to_owned(), how: how.to_owned(), standing }
}

fn fact(what: &str, how: &str) -> Line {
    line(what, how, Standing::Fact)
}

fn good(what: &str, how: &str) -> Line {
    line(what, how, Standing::Good)
}

fn bad(what: &str, how: &str) -> Line {
    line(what, how, Standing::Bad)
}

fn system() -> String {
    let (kind, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    match name.map(|name| cut(name.trim_matches('"'))) {
        Some(name) if !name.is_empty() => format!("{kind} {processor}, {name}"),
        _ => format!("{kind} {processor}"),
    }
}

fn of_this_computer(home: &Home) -> Vec<Line> {
    let folder = match home.probe() {
        Ok(()) => good("Home folder", "can be written"),
        Err(error) => bad("Home folder", &cut(&home::in_words(&error))),
    };
    let space = match fs4::available_space(home.path()) {
        Ok(bytes) if bytes < LITTLE_SPACE => bad("Free disk space", &gibibytes(bytes)),
        Ok(bytes) => good("Free disk space", &gibibytes(bytes)),
        Err(_) => bad("Free disk space", "the system does not tell"),
    };
    let lakes = match home.profiles() {
        Ok(profiles) => fact("Known lakes", &profiles.lakes.len().to_string()),
        Err(home::HomeProblem::Damaged { .. }) => bad("Known lakes", "the file was damaged"),
        Err(_) => bad("Known lakes", "the file cannot be read"),
    };
    let audit = match Audit::of(home).verify() {
        Ok(Verified::Sound { events }) => good("Audit trail", &format!("sound, {events} lines")),
        Ok(Verified::Broken { line }) => bad("Audit trail", &format!("broken at line {line}")),
        Err(_) => bad("Audit trail", "cannot be read"),
    };
    vec![folder, space, lakes, of_queue(home), audit]
}

fn of_queue(home: &Home) -> Line {
    let what = "Submissions";
    match counted(home) {
        Ok((submissions, counts, unfinished)) => fact(
            what,
            &format!(
                "{submissions}{} with {} messages: ingested {}, duplicate {}, denied {}, invalid {}, not sent {}, unconfirmed {}; unfinished {unfinished}",
                if submissions == SUBMISSIONS { " (the newest)" } else { "" },
                counts.found,
                counts.ingested,
                counts.duplicate,
                counts.denied,
                counts.invalid,
                counts.not_sent,
                counts.unconfirmed,
            ),
        ),
        Err(problem) => bad(what, queue_in_words(&problem)),
    }
}

fn counted(home: &Home) -> Result<(usize, Counts, u64), QueueProblem> {
    let (queue, _) = Queue::open(home)?;
    let submissions = queue.submissions(None, SUBMISSIONS)?;
    let (mut sum, mut unfinished) = (Counts::default(), 0);
    for submission in &submissions {
        sum += submission.counts;
        unfinished += submission.unfinished;
    }
    Ok((submissions.len(), sum, unfinished))
}

fn queue_in_words(problem: &QueueProblem) -> &'static str {
    match problem {
        QueueProblem::Damaged { .. } => "the queue is damaged",
        QueueProblem::Newer { .. } => "the queue is of a later version of Lake Steward",
        QueueProblem::NotDurable { .. } => "the queue would not survive a power cut there",
        QueueProblem::DoesNotAddUp { .. } => "the queue's account does not add up",
        _ => "the queue cannot be read",
    }
}

async fn of_lake(home: &Home, account: &Account) -> Vec<Line> {
    let profile = account.profile();
    let kind = if is_practice(profile) { "practice, on this computer" } else { "real" };
    let mut lines = vec![
        fact("Lake", &cut(&format!("{} ({kind})", host_of(&profile.endpoints.front_door)))),
        fact("Lake's version when it was connected", &cut(&profile.lake_version)),
        fact("Lake's region", &cut(&profile.region)),
        fact("Sign-in service", &cut(&host_of(&profile.issuer))),
    ];
    let asked = tokio::time::timeout(QUESTION_LIMIT, async {
        tokio::join!(account.door.clock_ahead(), account.session.signed_in())
    });
    let Ok((clock, signed_in)) = asked.await else {
        lines.push(bad("Session", "the lake or its sign-in service takes too long"));
        return lines;
    };
    let private = Private::of(home, signed_in.as_ref().ok());
    lines.push(match clock {
        Ok(ahead) if ahead.abs() > CLOCK_TOLERANCE => bad("Clocks", &difference(ahead)),
        Ok(ahead) => good("Clocks", &difference(ahead)),
        Err(fault) => bad("Clocks", &private.clean(&fault.to_string())),
    });
    lines.push(fact("Session is kept in", in_vault(account.session.vault())));
    if account.session.is_locked() {
        lines.push(fact("Idle lock", "locked"));
    }
    match signed_in {
        Err(problem) => lines.push(bad("Session", &session_in_words(&problem, &private))),
        Ok(signed_in) => {
            lines.push(good("Session", &rights(&signed_in)));
            lines.extend(of_probes(account, &private).await);
        }
    }
    lines
}

async fn of_probes(account: &Account, private: &Private) -> Vec<Line> {
    let mut lines = Vec::new();
    let examined = tokio::time::timeout(
        PROBES_LIMIT,
        examine(account, |probe| {
            lines.push(of_probe(&probe, private));
            Ok::<(), AccountProblem>(())
        }),
    );
    match examined.await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => lines.push(bad("Further questions", "the session ended meanwhile")),
        Err(_) => lines.push(bad("Further questions", "not asked: the lake takes too long")),
    }
    lines
}

fn of_probe(probe: &Probe, private: &Private) -> Line {
    let how = match &probe.found {
        Finding::Allowed => "allowed".to_owned(),
        Finding::Refused => "refused".to_owned(),
        Finding::NoAnswer(reason) => format!("no answer: {}", private.clean(reason)),
    };
    let what = format!("Probe {}", probe.name);
    if probe.is_as_expected() {
        good(&what, &format!("{how}, as it should be"))
    } else {
        bad(&what, &format!("{how}, as it should not be"))
    }
}

fn rights(signed_in: &SignedIn) -> String {
    let claims = &signed_in.claims;
    let may = |right: &Option<lake::Source>| if right.is_some() { "yes" } else { "no" };
    let until = claims.expires_at.strftime("%H:%M UTC");
    format!(
        "signed in, token until {until}; may read: {}, may write: {}",
        may(&claims.read),
        may(&claims.write)
    )
}

fn in_vault(vault: &Vault) -> &'static str {
    match vault {
        Vault::Keyring => "the keyring",
        Vault::File(_) => "a file",
        Vault::Memory => "memory only",
    }
}

fn session_in_words(problem: &SessionProblem, private: &Private) -> String {
    match problem {
        SessionProblem::SignedOut => "nobody is signed in".to_owned(),
        SessionProblem::Ended => "the sign-in has ended".to_owned(),
        SessionProblem::IssuerUnreachable { reason, .. } => {
            format!("the sign-in service cannot be reached: {}", private.clean(reason))
        }
        SessionProblem::IssuerAnswer { .. } => "the sign-in service's answer is not sound".to_owned(),
        SessionProblem::Clock { off } => format!("this computer's clock is wrong: {}", private.clean(off)),
        SessionProblem::Keyring { reason } => format!("cannot be used: {}", private.clean(reason)),
        SessionProblem::File { .. } => "the session file cannot be used".to_owned(),
        SessionProblem::Vault { .. } => "the session cannot be kept".to_owned(),
        SessionProblem::Busy => "another program is renewing the sign-in and does not finish".to_owned(),
        _ => "there is none".to_owned(),
    }
}

fn difference(ahead: SignedDuration) -> String {
    let seconds = ahead.as_secs();
    match seconds {
        -2..=2 => "the lake's and this computer's agree".to_owned(),
        3.. => format!("the lake's is {seconds} s ahead of this computer's"),
        _ => format!("the lake's is {} s behind this computer's", seconds.unsigned_abs()),
    }
}

fn gibibytes(bytes: u64) -> String {
    if bytes < LITTLE_SPACE {
        return format!("{}, which is little", size_in_words(bytes));
    }
    format!("{:.1} GiB", bytes as f64 / LITTLE_SPACE as f64)
}

/// What names the steward on this computer.
struct Private(Vec<String>);

impl Private {
    fn of(home: &Home, signed_in: Option<&SignedIn>) -> Self {
        let mut names = vec![home.path().display().to_string()];
        names.extend(signed_in.and_then(|signed_in| signed_in.user.clone()));
        names.extend(signed_in.map(|signed_in| signed_in.claims.subject.clone()));
        Self(names.into_iter().filter(|name| !name.is_empty()).collect())
    }

    /// Others' words, cut short, without such names.
    fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in &self.0 {
            text = text.replace(name.as_str(), "…");
        }
        cut(&text)
    }
}

/// Printable characters only, on one line, at most so many.
fn cut(text: &str) -> String {
    let printable = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    printable.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::tests::profile;

    /// In the folder's name: where a user's name stands in real life.
    const CANARY: &str = "canary-anna-sample";

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(&dir.path().join(CANARY)).unwrap();
        (dir, home)
    }

    fn how<'a>(found: &'a Diagnostics, what: &str) -> &'a Line {
        found.lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("{what} is told"))
    }

    #[tokio::test]
    async fn a_lake_out_of_reach_is_told_without_names() {
        let (dir, home) = home();
        // Nothing listens on a port that was just let go.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        home.save_profile("far", profile(&format!("http://127.0.0.1:{port}"))).unwrap();
        let vault = Vault::File(dir.path().join(CANARY).join("session"));
        let account = Account::open(&home, None, vault).unwrap();
        let found = gather(&home, Some(&account), &[("Web view", "2.50\n(test)".to_owned())]).await;
        let text = found.to_text();
        assert_eq!(how(&found, "Home folder").standing, Standing::Good, "it can be written: {text}");
        assert_eq!(how(&found, "Known lakes").how, "1", "how many, not which");
        assert_eq!(
            how(&found, "Lake").how,
            format!("127.0.0.1:{port} (practice, on this computer)"),
            "{text}"
        );
        assert_eq!(how(&found, "Session").how, "nobody is signed in", "how it stands: {text}");
        assert_eq!(how(&found, "Session is kept in").how, "a file", "a file, not which");
        assert_eq!(how(&found, "Web view").how, "2.50 (test)", "on one line");
        assert!(text.contains("! Session: "), "what is not as it should be is marked: {text}");
        assert!(!text.contains(CANARY), "no name of a folder: {text}");
    }

    #[tokio::test]
    async fn damage_is_told_and_does_not_end_the_telling() {
        let (_dir, home) = home();
        std::fs::write(home.join("profiles.json"), "{").unwrap();
        std::fs::write(home.join("audit.jsonl"), "nonsense\n").unwrap();
        let found = gather(&home, None, &[]).await;
        let text = found.to_text();
        for what in ["Known lakes", "Audit trail"] {
            assert_eq!(how(&found, what).standing, Standing::Bad, "{what}: {text}");
        }
        assert!(how(&found, "Free disk space").how.contains("iB"), "in units: {text}");
        assert!(how(&found, "Submissions").how.starts_with("0 with 0 messages"), "none yet: {text}");
        assert!(!text.contains(CANARY), "no name of a folder: {text}");
    }

    #[test]
    fn what_others_worded_is_cut_short_and_freed_of_names() {
        let private = Private(vec!["/home/anna".to_owned(), "anna@example.org".to_owned()]);
        let told = private.clean("open /home/anna/x failed\nfor anna@example.org");
        assert_eq!(told, "open …/x failed for …", "names are left out, on one line");
        assert_eq!(private.clean(&"x".repeat(1_000)).len(), LONGEST, "cut short");
    }
}
