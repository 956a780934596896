//! Messages of a range of days, newest first, whatever the number of shards: one page a shard in memory.

use std::collections::VecDeque;

use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, Stream, TryStreamExt, stream};
use jiff::civil::Date;
use lake::{Head, Source, State};

use crate::reading::{CatalogReader, HeadPage, PageToken, ReadFault};

/// Messages asked for at a time.
const PAGE: u16 = 100;

/// A range of UTC days, both ends included; an end left out is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

impl DayRange {
    /// Whether a day lies within.
    pub fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Those of these days that lie within, newest first.
    pub fn newest_first(&self, days: Vec<Date>) -> VecDeque<Date> {
        let mut within: Vec<Date> = days.into_iter().filter(|day| self.holds(*day)).collect();
        within.sort_unstable_by(|one, other| other.cmp(one));
        within.dedup();
        within.into()
    }
}

/// Which messages of the chosen days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadFilter {
    /// Only in this state.
    pub state: Option<State>,
    /// Only of this type: `ADT`, or with the event `ADT^A01`.
    pub message_type: Option<String>,
    /// Only of this sending application or facility; letters of either case.
    pub sender: Option<String>,
    /// Only with this control id.
    pub control_id: Option<String>,
}

impl HeadFilter {
    /// Whether a message is among them.
    pub fn holds(&self, head: &Head) -> bool {
        let same = |found: &Option<String>, wanted: &str| {
            found.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        };
        self.state.is_none_or(|state| head.state == state)
            && self.message_type.as_ref().is_none_or(|wanted| match wanted.split_once('^') {
                Some((kind, event)) => same(&head.message_type, kind) && same(&head.trigger_event, event),
                None => same(&head.message_type, wanted),
            })
            && self.sender.as_ref().is_none_or(|sender| {
                same(&head.sending_application, sender) || same(&head.sending_facility, sender)
            })
            && self.control_id.as_ref().is_none_or(|wanted| head.control_id.as_ref() == Some(wanted))
    }
}

/// Where pages of one shard of a day come from: the catalog.
pub trait DayPages: Send + Sync {
    /// How many shards a day has.
    fn shards(&self) -> u32;

    /// A page of one shard of one day, newest first.
    fn day_page<'a>(
        &'a self,
        source: &'a Source,
        day: Date,
        shard: u32,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>>;
}

impl<P: DayPages + ?Sized> DayPages for &P {
    fn shards(&self) -> u32 {
        (**self).shards()
    }

    fn day_page<'a>(
        &'a self,
        source: &'a Source,
        day: Date,
        shard: u32,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        (**self).day_page(source, day, shard, next)
    }
}

impl DayPages for CatalogReader {
    fn shards(&self) -> u32 {
        CatalogReader::shards(self)
    }

    fn day_page<'a>(
        &'a self,
        source: &'a Source,
        day: Date,
        shard: u32,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        self.day(source, day, shard, next, PAGE).boxed()
    }
}

/// The messages of some days, newest first, as a stream.
pub fn heads_of_days<'p, P: DayPages + 'p>(
    pages: P,
    source: Source,
    days: VecDeque<Date>,
    filter: HeadFilter,
) -> impl Stream<Item = Result<Head, ReadFault>> + Send + 'p {
    let heads = Heads::new(pages, source, days, filter);
    stream::try_unfold(heads, |mut heads| async move { Ok(heads.next().await?.map(|head| (head, heads))) })
}

/// Where the reading of some days stands. After a fault it stands where it stood before.
pub(crate) struct Heads<P> {
    pages: P,
    source: Source,
    days: VecDeque<Date>,
    filter: HeadFilter,
    day: Option<Date>,
    shards: Vec<Shard>,
}

/// One shard of the day at hand.
struct Shard {
    number: u32,
    page: VecDeque<Head>,
    next: Option<PageToken>,
    is_begun: bool,
}

impl<P: DayPages> Heads<P> {
    pub(crate) fn new(pages: P, source: Source, days: VecDeque<Date>, filter: HeadFilter) -> Self {
        Self { pages, source, days, filter, day: None, shards: Vec::new() }
    }

    /// The next message; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Head>, ReadFault> {
        loop {
            if self.shards.is_empty() {
                let Some(day) = self.days.pop_front() else { return Ok(None) };
                self.day = Some(day);
                let shard = |number| Shard { number, page: VecDeque::new(), next: None, is_begun: false };
                self.shards = (0..self.pages.shards().max(1)).map(shard).collect();
            }
            self.fill().await?;
            match self.newest() {
                Some(head) if self.filter.holds(&head) => return Ok(Some(head)),
                Some(_) => {}
                None => self.shards.clear(),
            }
        }
    }

    /// Makes sure that every shard that has more shows its newest.
    async fn fill(&mut self) -> Result<(), ReadFault> {
        let Some(day) = self.day else { return Ok(()) };
        loop {
            let empty = |shard: &Shard| shard.page.is_empty() && (!shard.is_begun || shard.next.is_some());
            let wanted: Vec<_> = self.shards.iter_mut().filter(|shard| empty(shard)).collect();
            if wanted.is_empty() {
                return Ok(());
            }
            let (pages, source) = (&self.pages, &self.source);
            try_join_all(wanted.into_iter().map(async |shard| {
                let page = pages.day_page(source, day, shard.number, shard.next.clone()).await?;
                shard.is_begun = true;
                shard.page = page.heads.into();
                shard.next = page.next;
                Ok::<(), ReadFault>(())
            }))
            .await?;
        }
    }

    fn newest(&mut self) -> Option<Head> {
        let position = |shard: &Shard| shard.page.front().map(|head| (head.received_at, head.message_id));
        let newest = self.shards.iter_mut().max_by_key(|shard| position(shard))?;
        newest.page.pop_front()
    }
}

/// The messages with something left to do (needs attention, stuck), newest first, as a stream.
pub fn open_heads(
    catalog: &CatalogReader,
    source: Source,
) -> impl Stream<Item = Result<Head, ReadFault>> + '_ {
    one_by_one(move |next| {
        let source = source.clone();
        async move { catalog.open(&source, next, PAGE).await }.boxed()
    })
}

/// The messages with this control id (MSH-10), newest first, as a stream.
pub fn heads_by_control_id(
    catalog: &CatalogReader,
    source: Source,
    control_id: String,
) -> impl Stream<Item = Result<Head, ReadFault>> + '_ {
    one_by_one(move |next| {
        let (source, control_id) = (source.clone(), control_id.clone());
        async move { catalog.by_control_id(&source, &control_id, next, PAGE).await }.boxed()
    })
}

/// The messages of all pages that `fetch` gives, one page in memory.
fn one_by_one<'a>(
    fetch: impl Fn(Option<PageToken>) -> BoxFuture<'a, Result<HeadPage, ReadFault>> + 'a,
) -> impl Stream<Item = Result<Head, ReadFault>> + 'a {
    let first = Some(None::<PageToken>);
    let pages = stream::try_unfold((fetch, first), |(fetch, next)| async move {
        let Some(token) = next else { return Ok::<_, ReadFault>(None) };
        let page = fetch(token).await?;
        let next = page.next.map(Some);
        Ok(Some((stream::iter(page.heads.into_iter().map(Ok)), (fetch, next))))
    });
    pages.try_flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lake::{CatalogDetail, CatalogEvent, MessageId};

    use super::*;

    /// Three shards, pages of two.
    struct InMemory(Vec<Head>);

    impl DayPages for InMemory {
        fn shards(&self) -> u32 {
            3
        }

        fn day_page<'a>(
            &'a self,
            _source: &'a Source,
            day: Date,
            shard: u32,
            _next: Option<PageToken>,
        ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
            let of_day = self.0.iter().filter(|head| lake::day_of(head.received_at) == day);
            let of_shard = of_day.enumerate().filter(|(place, _)| *place % 3 == shard as usize);
            let heads: Vec<Head> = of_shard.map(|(_, head)| head.clone()).collect();
            async move { Ok(HeadPage { heads, next: None }) }.boxed()
        }
    }

    fn head(at: &str) -> Head {
        let at: Timestamp = at.parse().unwrap();
        let source = Source::parse("a").unwrap();
        let message_id = MessageId::mint(at, [0; 10]);
        Head::new(&CatalogEvent {
            source,
            message_id,
            received_at: at,
            digest: None,
            raw_digest: None,
            recorded_at: at,
            attempt: 1,
            detail: CatalogDetail::Restage { requested_by: "s".to_owned() },
        })
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn shards_are_merged_newest_first_and_days_follow_each_other() {
        let newest_first: Vec<String> = (1..=9)
            .rev()
            .map(|second| format!("2026-03-04T00:00:0{second}Z"))
            .chain((1..=4).rev().map(|second| format!("2026-03-02T00:00:0{second}Z")))
            .collect();
        let lake = InMemory(newest_first.iter().map(|at| head(at)).collect());
        let days = DayRange::default().newest_first(vec![day("2026-03-02"), day("2026-03-04")]);
        let source = Source::parse("a").unwrap();
        let found = heads_of_days(&lake, source, days, HeadFilter::default());
        let found: Vec<Head> = found.try_collect().await.unwrap();
        let times: Vec<String> = found.iter().map(|head| head.received_at.to_string()).collect();
        assert_eq!(times, newest_first, "every message once, newest first");
    }

    #[test]
    fn a_range_holds_both_its_ends() {
        let days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"].map(day).to_vec();
        let range = DayRange { from: Some(day("2026-03-02")), to: Some(day("2026-03-03")) };
        assert_eq!(
            Vec::from(range.newest_first(days.clone())),
            [day("2026-03-03"), day("2026-03-02")],
            "only the days within, newest first"
        );
        assert_eq!(DayRange::default().newest_first(days).len(), 4, "an open range holds all");
    }

    #[test]
    fn a_filter_holds_type_sender_and_state_together() {
        let mut adt = head("2026-03-04T00:00:01Z");
        (adt.message_type, adt.trigger_event) = (Some("ADT".to_owned()), Some("A01".to_owned()));
        adt.sending_facility = Some("North".to_owned());
        let of_type =
            |kind: &str| HeadFilter { message_type: Some(kind.to_owned()), ..HeadFilter::default() };
        assert!(of_type("ADT").holds(&adt) && of_type("adt^a01").holds(&adt), "by type, or type and event");
        assert!(!of_type("ADT^A02").holds(&adt) && !of_type("ORU").holds(&adt), "not of another");
        let from = |sender: &str| HeadFilter { sender: Some(sender.to_owned()), ..HeadFilter::default() };
        assert!(from("NORTH").holds(&adt) && !from("SOUTH").holds(&adt), "by sending facility");
        let ready = HeadFilter { state: Some(State::Ready), ..HeadFilter::default() };
        assert!(!ready.holds(&adt), "a message that waits is not ready");
    }
}
