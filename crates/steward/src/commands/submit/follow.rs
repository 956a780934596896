//! What staging made of messages, from the catalog.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use desk::account::Account;
use desk::queue::{Line, StagingState};
use futures::StreamExt;
use futures::stream;
use lake::Source;

use crate::ending::Ending;
use crate::stop::Stop;

/// How long it is waited while the lake stages none of the messages.
const LIMIT: Duration = Duration::from_secs(300);
/// How long one answer is waited for.
const ONE_ANSWER: Duration = Duration::from_secs(30);
/// Questions under way at once.
const AT_ONCE: usize = 16;

/// Where messages stand, as the catalog tells.
pub(in crate::commands) struct Follow<'a> {
    account: &'a Account,
    stop: &'a Stop,
    source: Source,
    seen: Mutex<Seen>,
}

struct Seen {
    /// When the lake last told of a message that was staged.
    moved: Instant,
    given_up: GivenUp,
}

/// Messages that were not waited for to their end.
#[derive(Clone, Default)]
pub(super) struct GivenUp {
    /// How many.
    pub(super) messages: u64,
    /// Why the catalog did not answer, if it did not.
    silence: Option<String>,
}

impl GivenUp {
    /// Why, in words.
    pub(super) fn why(&self) -> String {
        match &self.silence {
            Some(why) => format!("the lake's catalog does not answer ({why})"),
            None => format!("the lake made none ready for {} minutes", LIMIT.as_secs() / 60),
        }
    }

    /// How a command ends whose messages are all in the lake otherwise.
    pub(super) fn ending(&self) -> Ending {
        if self.silence.is_some() { Ending::OutOfReach } else { Ending::SomeFailed }
    }
}

impl<'a> Follow<'a> {
    /// Follows messages of the institution that the session reads.
    pub(super) fn new(account: &'a Account, stop: &'a Stop, source: Source) -> Self {
        let seen = Seen { moved: Instant::now(), given_up: GivenUp::default() };
        Self { account, stop, source, seen: Mutex::new(seen) }
    }

    /// Waits until each of these messages is staged, or it is not waited any longer; in their order.
    pub(super) async fn all(&self, lines: &[Line]) -> Vec<Option<StagingState>> {
        stream::iter(lines.iter().map(|line| self.one(line))).buffered(AT_ONCE).collect().await
    }

    /// What was not waited for.
    pub(super) fn given_up(&self) -> GivenUp {
        self.seen().given_up.clone()
    }

    async fn one(&self, line: &Line) -> Option<StagingState> {
        let message_id = line.message_id?;
        let mut pause = Duration::from_millis(10);
        loop {
            // Each is asked about once at least, however long the others took.
            let answer = tokio::select! {
                answer = self.account.clients.catalog.head(&self.source, message_id) => Some(answer),
                () = self.stop.asked() => None,
                () = tokio::time::sleep(ONE_ANSWER) => None,
            };
            let silence = match answer {
                Some(Ok(head)) => {
                    if let Some(staging) = head.as_ref().and_then(StagingState::of) {
                        self.seen().moved = Instant::now();
                        return Some(staging);
                    }
                    None
                }
                Some(Err(fault)) => Some(fault.to_string()),
                None => Some("an answer did not come".to_owned()),
            };
            if self.gives_up(silence) {
                return Some(StagingState::Waiting);
            }
            tokio::select! {
                () = self.stop.asked() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Whether a message that is not staged yet is not waited for any longer; it is counted then.
    fn gives_up(&self, silence: Option<String>) -> bool {
        let mut seen = self.seen();
        let is_over = seen.moved.elapsed() > LIMIT;
        // Where nobody answers, nobody is asked about each of the others for as long.
        let is_silent = silence.is_some() && seen.given_up.silence.is_some();
        let gives_up = self.stop.is_asked() || is_over || is_silent;
        if gives_up {
            seen.given_up.messages += 1;
            seen.given_up.silence = seen.given_up.silence.take().or(silence);
        }
        gives_up
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
