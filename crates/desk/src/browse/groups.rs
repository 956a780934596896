//! What needs attention, grouped by cause and sender: counts and a few examples, however many messages there are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lake::{Head, MessageId, State};

/// Most groups that are told apart; what is beyond is counted together.
const GROUPS: usize = 1_000;
/// Control ids and message ids kept of each group.
const EXAMPLES: usize = 5;

/// Why, and from whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The error's code; none for what is stuck.
    pub error_code: Option<String>,
    /// MSH-3 and MSH-4 of the sender.
    pub sender: String,
}

/// The messages of one cause and sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// When the newest came.
    pub newest: Timestamp,
    /// When the oldest came.
    pub oldest: Timestamp,
    /// Some of their control ids.
    pub control_ids: Vec<String>,
    /// Some of their ids.
    pub message_ids: Vec<MessageId>,
    /// In words, why.
    pub why: String,
}

/// All groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    by_cause: BTreeMap<Cause, Group>,
    /// Messages of further groups.
    pub others: u64,
}

impl Cause {
    /// The cause of one message.
    pub fn of(head: &Head) -> Self {
        let sender = [&head.sending_application, &head.sending_facility];
        let sender: Vec<&str> = sender.into_iter().flatten().map(String::as_str).collect();
        let error_code = head.error_code.clone().filter(|_| head.state != State::Stuck);
        Self { error_code, sender: sender.join(", ") }
    }
}

impl Groups {
    /// Adds one message.
    pub fn add(&mut self, head: &Head) {
        let cause = Cause::of(head);
        if self.by_cause.len() >= GROUPS && !self.by_cause.contains_key(&cause) {
            self.others += 1;
            return;
        }
        let group = self.by_cause.entry(cause).or_insert_with(|| Group {
            count: 0,
            newest: head.received_at,
            oldest: head.received_at,
            control_ids: Vec::new(),
            message_ids: Vec::new(),
            why: super::cause_in_words(head),
        });
        group.count += 1;
        group.newest = group.newest.max(head.received_at);
        group.oldest = group.oldest.min(head.received_at);
        if group.message_ids.len() < EXAMPLES {
            group.message_ids.push(head.message_id);
            group.control_ids.extend(head.control_id.clone());
        }
    }

    /// The groups, largest first.
    pub fn largest_first(&self) -> Vec<(&Cause, &Group)> {
        let mut groups: Vec<_> = self.by_cause.iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse((group.count, group.newest)));
        groups
    }
}
