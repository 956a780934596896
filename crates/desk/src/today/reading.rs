//! All that the first screen counts, read side by side, each part no further than its bound.

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use jiff::civil::Date;
use lake::{Head, Source, State};

use super::silence::{Before, silent};
use super::tally::Tally;
use super::{Coverage, MOST_BEFORE, MOST_OPEN, MOST_TODAY, Open, Today, TodayProgress, Window};
use crate::browse::{DayPages, HeadFilter, heads_of_days};
use crate::reading::{CatalogReader, HeadPage, PageToken, ReadFault};

/// Messages asked for at a time: about what DynamoDB gives in one answer.
const PAGE: u16 = 1_000;
/// How often it is told how far the counting has come.
const TOLD_EVERY: u64 = 1_000;
/// With how many days before the day is compared.
const DAYS_BEFORE: i64 = 7;

/// What is to be counted.
pub(super) struct Asked {
    pub(super) institution: Source,
    pub(super) window: Window,
    pub(super) now: Timestamp,
    /// The days before, where they are known already.
    pub(super) before: Option<Before>,
    pub(super) most: Most,
}

/// How many messages are counted at most.
#[derive(Clone, Copy)]
pub(super) struct Most {
    pub(super) today: usize,
    pub(super) open: usize,
    pub(super) of_each_day_before: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { today: MOST_TODAY, open: MOST_OPEN, of_each_day_before: MOST_BEFORE }
    }
}

/// Where the pages come from: the catalog.
pub(super) trait TodayPages: DayPages {
    /// A page of what is left to do, newest first.
    fn open_page<'a>(
        &'a self,
        source: &'a Source,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>>;
}

/// The catalog in pages for counting, larger than those for a table.
pub(super) struct LargePages<'a>(pub(super) &'a CatalogReader);

impl DayPages for LargePages<'_> {
    fn shards(&self) -> u32 {
        self.0.shards()
    }

    fn day_page<'a>(
        &'a self,
        source: &'a Source,
        day: Date,
        shard: u32,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        self.0.day(source, day, shard, next, PAGE).boxed()
    }
}

impl TodayPages for LargePages<'_> {
    fn open_page<'a>(
        &'a self,
        source: &'a Source,
        next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        self.0.open(source, next, PAGE).boxed()
    }
}

/// A message read, and for what.
enum Read {
    Today(Head),
    Open(Head),
    Before(Date, Head),
}

/// Counts everything.
pub(super) async fn counted<P: TodayPages>(
    lake: &P,
    asked: Asked,
    mut tell: impl FnMut(TodayProgress) + Send,
) -> Result<Today, ReadFault> {
    let Asked { institution, window, now, before, most } = asked;
    let source = &institution;
    let days_before = match &before {
        Some(_) => Vec::new(),
        None => days_before(window.day),
    };
    let of_day =
        |day: Date| heads_of_days(lake, source.clone(), [day].into_iter().collect(), HeadFilter::default());
    let today = of_day(window.day).take(most.today.saturating_add(1)).map_ok(Read::Today);
    let open = open_heads(lake, source).take(most.open.saturating_add(1)).map_ok(Read::Open);
    let earlier = stream::iter(days_before).flat_map(|day| {
        let heads = of_day(day).take(most.of_each_day_before.saturating_add(1));
        heads.map_ok(move |head| Read::Before(day, head)).boxed()
    });
    let mut all = stream::select(today.boxed(), stream::select(open.boxed(), earlier.boxed()));

    let mut counting = Counting { most, ..Counting::default() };
    let mut progress = TodayProgress::default();
    while let Some(read) = all.try_next().await? {
        counting.add(read);
        progress.read += 1;
        if progress.read.is_multiple_of(TOLD_EVERY) {
            tell(progress);
        }
    }
    drop(all);
    tell(progress);

    let before = before.unwrap_or(counting.before);
    let coverage = counting.today_reach.coverage();
    let silent = silent(&before, &counting.today, &window, coverage, now);
    let (received, senders) = counting.today.sums();
    let open = Open { coverage: counting.open_reach.coverage(), ..counting.open };
    Ok(Today { institution, window, counted_at: now, received, coverage, open, senders, silent, before })
}

/// The days to compare with, newest first.
fn days_before(day: Date) -> Vec<Date> {
    (1..=DAYS_BEFORE).filter_map(|back| day.checked_sub(jiff::Span::new().days(back)).ok()).collect()
}

fn open_heads<'a, P: TodayPages>(
    lake: &'a P,
    source: &'a Source,
) -> impl Stream<Item = Result<Head, ReadFault>> + Send + 'a {
    let first = Some(None::<PageToken>);
    let pages = stream::try_unfold(first, move |next| async move {
        let Some(token) = next else { return Ok::<_, ReadFault>(None) };
        let page = lake.open_page(source, token).await?;
        Ok(Some((stream::iter(page.heads.into_iter().map(Ok)), page.next.map(Some))))
    });
    pages.try_flatten()
}

/// The counts so far.
struct Counting {
    most: Most,
    today: Tally,
    today_reach: Reach,
    open: Open,
    open_reach: Reach,
    before: Before,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            most: Most::default(),
            today: Tally::default(),
            today_reach: Reach::default(),
            open: Open { attention: 0, stuck: 0, coverage: Coverage::All },
            open_reach: Reach::default(),
            before: Before::default(),
        }
    }
}

impl Counting {
    fn add(&mut self, read: Read) {
        match read {
            Read::Today(head) => {
                if self.today_reach.holds(&head, self.most.today) {
                    self.today.add(&head);
                }
            }
            Read::Open(head) => {
                if self.open_reach.holds(&head, self.most.open) {
                    match head.state {
                        State::Stuck => self.open.stuck += 1,
                        _ => self.open.attention += 1,
                    }
                }
            }
            Read::Before(day, head) => self.before.add(day, &head, self.most.of_each_day_before),
        }
    }
}

/// How far back a reading has come, newest first.
#[derive(Default)]
struct Reach {
    counted: u64,
    oldest: Option<Timestamp>,
    has_more: bool,
}

impl Reach {
    /// Whether a message still counts; the first that does not shows that there are more.
    fn holds(&mut self, head: &Head, most: usize) -> bool {
        if self.counted >= most as u64 {
            self.has_more = true;
            return false;
        }
        self.counted += 1;
        self.oldest = Some(head.received_at);
        true
    }

    fn coverage(&self) -> Coverage {
        match self.oldest {
            Some(since) if self.has_more => Coverage::Newest { messages: self.counted, since },
            _ => Coverage::All,
        }
    }
}

#[cfg(test)]
mod tests;
