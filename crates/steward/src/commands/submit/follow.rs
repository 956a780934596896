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
        let mut silence = None;
        loop {
            let left = LIMIT.saturating_sub(self.seen().moved.elapsed());
            if self.stop.is_asked() || left.is_zero() {
                let given_up = &mut self.seen().given_up;
                given_up.messages += 1;
                given_up.silence = given_up.silence.take().or(silence);
                return Some(StagingState::Waiting);
            }
            let answer = tokio::select! {
                answer = self.account.clients.catalog.head(&self.source, message_id) => answer,
                () = self.stop.asked() => continue,
                () = tokio::time::sleep(left) => {
                    silence = Some("an answer did not come".to_owned());
                    continue;
                }
            };
            // A catalog that does not answer is asked again until the time is over.
            match answer {
                Ok(head) => {
                    silence = None;
                    if let Some(staging) = head.as_ref().and_then(StagingState::of) {
                        self.seen().moved = Instant::now();
                        return Some(staging);
                    }
                }
                Err(fault) => silence = Some(fault.to_string()),
            }
            tokio::select! {
                () = self.stop.asked() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
