//! Counting heads: by state, and by sending system.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lake::{Head, State};
use serde::Serialize;

use crate::browse::sender_in_words;

/// Most senders that are named; the messages of further ones are counted together.
const NAMED: usize = 1_000;

/// Messages by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByState {
    /// All: the sum of the others.
    pub total: u64,
    /// Received and still on the way.
    pub on_the_way: u64,
    /// Ready to use.
    pub ready: u64,
    /// Needs attention.
    pub attention: u64,
    /// Stuck.
    pub stuck: u64,
    /// Set aside.
    pub set_aside: u64,
    /// Replaced by a fix.
    pub replaced: u64,
}

/// A sending system: MSH-3 and MSH-4.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Sender {
    /// MSH-3.
    pub application: Option<String>,
    /// MSH-4.
    pub facility: Option<String>,
}

/// What came from one sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FromSender {
    /// Which.
    pub sender: Sender,
    /// Its messages.
    pub messages: ByState,
    /// When the newest was received.
    pub last_received: Timestamp,
}

/// What came, by sender.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Senders {
    /// At most a thousand, most messages first.
    pub named: Vec<FromSender>,
    /// The messages of all further senders.
    pub others: ByState,
}

/// The counts of one day.
#[derive(Default)]
pub(super) struct Tally {
    all: ByState,
    senders: BTreeMap<Sender, (ByState, Timestamp)>,
}

impl ByState {
    /// Counts a message.
    pub fn add(&mut self, state: State) {
        self.total += 1;
        *match state {
            State::Received => &mut self.on_the_way,
            State::Ready => &mut self.ready,
            State::Attention => &mut self.attention,
            State::Stuck => &mut self.stuck,
            State::SetAside => &mut self.set_aside,
            State::Replaced => &mut self.replaced,
        } += 1;
    }
}

impl std::ops::AddAssign for ByState {
    fn add_assign(&mut self, more: Self) {
        self.total += more.total;
        self.on_the_way += more.on_the_way;
        self.ready += more.ready;
        self.attention += more.attention;
        self.stuck += more.stuck;
        self.set_aside += more.set_aside;
        self.replaced += more.replaced;
    }
}

impl Sender {
    /// The sender of a message.
    pub fn of(head: &Head) -> Self {
        Self { application: head.sending_application.clone(), facility: head.sending_facility.clone() }
    }

    /// As the screen names it.
    pub fn in_words(&self) -> String {
        sender_in_words(self.application.as_deref(), self.facility.as_deref())
    }
}

impl Tally {
    pub(super) fn add(&mut self, head: &Head) {
        self.all.add(head.state);
        let (messages, last_received) =
            self.senders.entry(Sender::of(head)).or_insert_with(|| (ByState::default(), head.received_at));
        messages.add(head.state);
        *last_received = head.received_at.max(*last_received);
    }

    pub(super) fn has(&self, sender: &Sender) -> bool {
        self.senders.contains_key(sender)
    }

    /// All, and by sender.
    pub(super) fn sums(self) -> (ByState, Senders) {
        let mut named: Vec<FromSender> = self
            .senders
            .into_iter()
            .map(|(sender, (messages, last_received))| FromSender { sender, messages, last_received })
            .collect();
        named.sort_by_key(|from| std::cmp::Reverse((from.messages.total, from.last_received)));
        let mut others = ByState::default();
        for from in named.split_off(named.len().min(NAMED)) {
            others += from.messages;
        }
        (self.all, Senders { named, others })
    }
}
