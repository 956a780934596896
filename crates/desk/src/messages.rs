//! Messages for a table that asks for more as it is scrolled, and the history of one message.

use std::collections::VecDeque;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use lake::{CatalogEvent, Head, MessageId, Source};

use crate::account::{Account, AccountProblem};
use crate::browse::{
    DayPages, DayRange, EventKind, HeadFilter, Heads, event_in_words, event_kind, other_message, place_of,
};
use crate::reading::{CatalogReader, PageToken, ReadFault};

/// Messages asked for at a time.
const PAGE: u16 = 100;

/// Messages looked at in one [`MessageList::next`] at most, so that a filter that nothing matches gives the word back.
pub const LOOKED_AT_ONCE: u64 = 5_000;

/// Which messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of some days, newest first.
    Days {
        /// Which days, in UTC.
        days: DayRange,
        /// Which of them.
        filter: HeadFilter,
    },
    /// Those with something left to do (needs attention, stuck), newest first.
    Open {
        /// Which of them.
        filter: HeadFilter,
    },
    /// Those with this control id (MSH-10), newest first.
    ControlId(String),
}

/// A list that stands where it was left. At most a page a shard of it is in memory.
pub struct MessageList {
    reading: Box<dyn Reading>,
    filter: HeadFilter,
    days: DayRange,
    /// Found, and not given yet: if a [`MessageList::next`] is dropped half-way, nothing is lost.
    ready: VecDeque<Head>,
    looked_at: u64,
    looked_to: Option<Timestamp>,
    is_at_end: bool,
}

impl MessageList {
    /// Begins a list of the institution that this session reads. It keeps reading as that session, whatever becomes of
    /// `account`; after another sign-in open it anew.
    pub async fn open(account: &Account, which: Which) -> Result<Self, AccountProblem> {
        let source = account.reads().await?;
        let catalog = account.clients.catalog.clone();
        Ok(match which {
            // One partition of one index, however many days there are.
            Which::Days { days, filter } if let Some(control_id) = filter.control_id.clone() => {
                let reading = Paged::new(Index::ControlId { catalog, source, control_id });
                Self::new(Box::new(reading), days, filter)
            }
            Which::Days { days, filter } => {
                let within = days.newest_first(catalog.days(&source).await?);
                let reading = Heads::new(catalog, source, within, HeadFilter::default());
                Self::new(Box::new(reading), DayRange::default(), filter)
            }
            Which::Open { filter } => {
                let reading = Paged::new(Index::Open { catalog, source });
                Self::new(Box::new(reading), DayRange::default(), filter)
            }
            Which::ControlId(control_id) => {
                let reading = Paged::new(Index::ControlId { catalog, source, control_id });
                Self::new(Box::new(reading), DayRange::default(), HeadFilter::default())
            }
        })
    }

    fn new(reading: Box<dyn Reading>, days: DayRange, filter: HeadFilter) -> Self {
        let (ready, looked_to) = (VecDeque::new(), None);
        Self { reading, filter, days, ready, looked_at: 0, looked_to, is_at_end: false }
    }

    /// The next messages, at most `most`. Fewer, even none, before the end: [`LOOKED_AT_ONCE`] were looked at and few of
    /// them matched; ask again. After a fault the list stands where it stood: ask again.
    pub async fn next(&mut self, most: usize) -> Result<Vec<Head>, AccountProblem> {
        let stop = self.looked_at.saturating_add(LOOKED_AT_ONCE);
        while !self.is_at_end && self.ready.len() < most && self.looked_at < stop {
            let Some(head) = self.reading.next().await? else {
                self.is_at_end = true;
                break;
            };
            self.looked_at += 1;
            self.looked_to = Some(head.received_at);
            if self.days.holds(lake::day_of(head.received_at)) && self.filter.holds(&head) {
                self.ready.push_back(head);
            }
        }
        let given = self.ready.len().min(most);
        Ok(self.ready.drain(..given).collect())
    }

    /// Whether everything was given.
    pub fn is_done(&self) -> bool {
        self.is_at_end && self.ready.is_empty()
    }

    /// Messages looked at so far, matching or not.
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Up to which time of receipt the messages were looked at.
    pub fn looked_to(&self) -> Option<Timestamp> {
        self.looked_to
    }
}

/// Something to read messages from, one by one. After a fault it stands where it stood.
trait Reading: Send {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Head>, ReadFault>>;
}

impl<P: DayPages> Reading for Heads<P> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Head>, ReadFault>> {
        self.next().boxed()
    }
}

/// An index that is read page by page.
enum Index {
    Open { catalog: CatalogReader, source: Source },
    ControlId { catalog: CatalogReader, source: Source, control_id: String },
}

struct Paged {
    index: Index,
    page: VecDeque<Head>,
    next: Option<PageToken>,
    is_begun: bool,
}

impl Paged {
    fn new(index: Index) -> Self {
        Self { index, page: VecDeque::new(), next: None, is_begun: false }
    }

    async fn next_head(&mut self) -> Result<Option<Head>, ReadFault> {
        while self.page.is_empty() && (!self.is_begun || self.next.is_some()) {
            let next = self.next.clone();
            let page = match &self.index {
                Index::Open { catalog, source } => catalog.open(source, next, PAGE).await?,
                Index::ControlId { catalog, source, control_id } => {
                    catalog.by_control_id(source, control_id, next, PAGE).await?
                }
            };
            self.is_begun = true;
            self.page = page.heads.into();
            self.next = page.next;
        }
        Ok(self.page.pop_front())
    }
}

impl Reading for Paged {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Head>, ReadFault>> {
        self.next_head().boxed()
    }
}

/// The history of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What is known of it.
    pub head: Head,
    /// What happened, oldest first.
    pub events: Vec<TraceEvent>,
}

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// When it was recorded.
    pub at: Timestamp,
    /// What sort, for an icon.
    pub kind: EventKind,
    /// What happened, in words of the screen.
    pub sentence: String,
    /// The message that it is about besides this one: what it was sent instead of, or what was sent instead.
    pub other: Option<MessageId>,
    /// The key of the object that the lake stored then.
    pub key: Option<String>,
}

/// The history of one message of the institution that this session reads; none if it has no such message (yet).
pub async fn trace(account: &Account, message_id: MessageId) -> Result<Option<Trace>, AccountProblem> {
    let source = account.reads().await?;
    let reader = account.signed_in().await?.claims.subject;
    let entry = account.clients.catalog.entry(&source, message_id).await?;
    Ok(entry.map(|entry| {
        let events = entry.events.iter().map(|event| TraceEvent::of(event, &reader)).collect();
        Trace { head: entry.head, events }
    }))
}

impl TraceEvent {
    fn of(event: &CatalogEvent, reader: &str) -> Self {
        Self {
            at: event.recorded_at,
            kind: event_kind(event),
            sentence: event_in_words(event, Some(reader)),
            other: other_message(event),
            key: place_of(event).map(|place| place.key.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use lake::{CatalogDetail, State};

    use super::*;

    /// Gives so many messages, each state in turn, and breaks off once before each place in `faults`.
    struct InMemory {
        given: u64,
        count: u64,
        faults: Vec<u64>,
    }

    impl Reading for InMemory {
        fn next(&mut self) -> BoxFuture<'_, Result<Option<Head>, ReadFault>> {
            async {
                if let Some(place) = self.faults.iter().position(|fault| *fault == self.given) {
                    self.faults.remove(place);
                    let reason = "it broke off".to_owned();
                    return Err(ReadFault::Unreachable { service: "DynamoDB", reason });
                }
                if self.given == self.count {
                    return Ok(None);
                }
                self.given += 1;
                Ok(Some(head(self.given)))
            }
            .boxed()
        }
    }

    /// The older the higher the number.
    fn head(number: u64) -> Head {
        let at = Timestamp::from_second(1_800_000_000 - i64::try_from(number).unwrap()).unwrap();
        let mut head = Head::new(&CatalogEvent {
            source: Source::parse("north").unwrap(),
            message_id: MessageId::mint(at, [0; 10]),
            received_at: at,
            digest: None,
            raw_digest: None,
            recorded_at: at,
            attempt: 1,
            detail: CatalogDetail::Restage { requested_by: "s".to_owned() },
        });
        if number.is_multiple_of(10) {
            head.state = State::Attention;
        }
        head
    }

    fn list(count: u64, faults: &[u64], filter: HeadFilter) -> MessageList {
        let reading = InMemory { given: 0, count, faults: faults.to_vec() };
        MessageList::new(Box::new(reading), DayRange::default(), filter)
    }

    fn attention() -> HeadFilter {
        HeadFilter { state: Some(State::Attention), ..HeadFilter::default() }
    }

    #[tokio::test]
    async fn a_list_gives_every_message_once_piece_by_piece() {
        let mut list = list(25, &[], HeadFilter::default());
        let mut ids = Vec::new();
        for expected in [10, 10, 5] {
            assert!(!list.is_done(), "there is more");
            let heads = list.next(10).await.unwrap();
            assert_eq!(heads.len(), expected, "as many as were asked for, while there are");
            ids.extend(heads.iter().map(|head| head.received_at));
        }
        assert!(list.is_done(), "everything was given");
        assert!(list.next(10).await.unwrap().is_empty(), "and nothing comes after");
        assert_eq!(list.looked_at(), 25, "each was looked at once");
        let expected: Vec<_> = (1..=25).map(|number| head(number).received_at).collect();
        assert_eq!(ids, expected, "in order, none twice");
    }

    #[tokio::test]
    async fn after_a_fault_the_list_goes_on_where_it_stood() {
        let mut list = list(30, &[0, 7, 30], HeadFilter::default());
        let mut given = Vec::new();
        let mut faults = 0;
        while !list.is_done() {
            match list.next(10).await {
                Ok(heads) => given.extend(heads.iter().map(|head| head.received_at)),
                Err(_) => faults += 1,
            }
        }
        assert_eq!(faults, 3, "each fault is told");
        let expected: Vec<_> = (1..=30).map(|number| head(number).received_at).collect();
        assert_eq!(given, expected, "nothing is lost or given twice");
    }

    #[tokio::test]
    async fn a_filter_that_little_matches_gives_the_word_back() {
        let mut list = list(
            LOOKED_AT_ONCE + 100,
            &[],
            HeadFilter { message_type: Some("ORU".to_owned()), ..HeadFilter::default() },
        );
        assert!(list.next(10).await.unwrap().is_empty(), "nothing matched so far");
        assert!(!list.is_done(), "but that is not the end");
        assert_eq!(list.looked_at(), LOOKED_AT_ONCE, "so many were looked at");
        let reached = head(LOOKED_AT_ONCE).received_at;
        assert_eq!(list.looked_to(), Some(reached), "and it says how far back");
        assert!(list.next(10).await.unwrap().is_empty() && list.is_done(), "now it is the end");
    }

    #[tokio::test]
    async fn only_what_the_filter_holds_is_given() {
        let mut list = list(100, &[], attention());
        let heads = list.next(100).await.unwrap();
        assert_eq!(heads.len(), 10, "every tenth");
        assert!(heads.iter().all(|head| head.state == State::Attention), "all of that state");
        assert!(list.is_done(), "and no more");
    }
}
