//! What staging made of messages, from the catalog.

use std::time::{Duration, Instant};

use desk::account::Account;
use desk::queue::{Line, StagingState};
use futures::StreamExt;
use futures::stream;
use lake::Source;

use crate::stop::Stop;

/// How long the lake may take to stage a message after it was asked first.
const LIMIT: Duration = Duration::from_secs(300);
/// Questions under way at once.
const AT_ONCE: usize = 16;

/// Where messages stand, as the catalog tells.
pub(in crate::commands) struct Follow<'a> {
    account: &'a Account,
    stop: &'a Stop,
    source: Source,
    until: Instant,
}

impl<'a> Follow<'a> {
    /// Follows messages of the institution that the session reads.
    pub(super) fn new(account: &'a Account, stop: &'a Stop, source: Source) -> Self {
        Self { account, stop, source, until: Instant::now() + LIMIT }
    }

    /// Waits until each of these messages is staged, or was not in time; in their order.
    pub(super) async fn all(&self, lines: &[Line]) -> Vec<Option<StagingState>> {
        stream::iter(lines.iter().map(|line| self.one(line))).buffered(AT_ONCE).collect().await
    }

    async fn one(&self, line: &Line) -> Option<StagingState> {
        let message_id = line.message_id?;
        let mut pause = Duration::from_millis(10);
        loop {
            // A catalog that does not answer is asked again until the time is over.
            if let Ok(Some(head)) = self.account.clients.catalog.head(&self.source, message_id).await
                && let Some(staging) = StagingState::of(&head)
            {
                return Some(staging);
            }
            if self.stop.is_asked() || Instant::now() > self.until {
                return Some(StagingState::Waiting);
            }
            tokio::select! {
                () = self.stop.asked() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
