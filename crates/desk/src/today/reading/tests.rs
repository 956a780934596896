//! The first screen over a lake in memory.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use lake::{CatalogDetail, CatalogEvent, MessageId};
use proptest::prelude::*;

use super::*;
use crate::today::ByState;

const SHARDS: u32 = 3;

/// A lake of one page a shard.
#[derive(Default)]
struct InMemory {
    heads: Vec<Head>,
    pages: AtomicU64,
}

impl DayPages for InMemory {
    fn shards(&self) -> u32 {
        SHARDS
    }

    fn day_page<'a>(
        &'a self,
        _source: &'a Source,
        day: Date,
        shard: u32,
        _next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let of_shard = |head: &&Head| shard_of(head) == shard && lake::day_of(head.received_at) == day;
        let heads = newest_first(self.heads.iter().filter(of_shard).cloned().collect());
        async move { Ok(HeadPage { heads, next: None }) }.boxed()
    }
}

impl TodayPages for InMemory {
    fn open_page<'a>(
        &'a self,
        _source: &'a Source,
        _next: Option<PageToken>,
    ) -> BoxFuture<'a, Result<HeadPage, ReadFault>> {
        self.pages.fetch_add(1, Ordering::Relaxed);
        let heads = newest_first(self.heads.iter().filter(|head| head.state.is_open()).cloned().collect());
        async move { Ok(HeadPage { heads, next: None }) }.boxed()
    }
}

fn shard_of(head: &Head) -> u32 {
    head.message_id.to_string().bytes().map(u32::from).sum::<u32>() % SHARDS
}

fn newest_first(mut heads: Vec<Head>) -> Vec<Head> {
    heads.sort_by_key(|head| std::cmp::Reverse((head.received_at, head.message_id)));
    heads
}

fn noon() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

/// A message so long before noon, in a state, of a sender.
fn head(before: SignedDuration, state: State, sender: &str, number: u8) -> Head {
    let at = noon().checked_sub(before).unwrap();
    let mut head = Head::new(&CatalogEvent {
        source: Source::parse("north").unwrap(),
        message_id: MessageId::mint(at, [number; 10]),
        received_at: at,
        digest: None,
        raw_digest: None,
        recorded_at: at,
        attempt: 1,
        detail: CatalogDetail::Restage { requested_by: "s".to_owned() },
    });
    head.state = state;
    head.sending_application = (!sender.is_empty()).then(|| sender.to_owned());
    head
}

fn asked(most: Most) -> Asked {
    let institution = Source::parse("north").unwrap();
    Asked { institution, window: Window::at(noon()), now: noon(), before: None, most }
}

fn lake_of(heads: Vec<Head>) -> InMemory {
    InMemory { heads, ..InMemory::default() }
}

async fn count(lake: &InMemory, most: Most) -> Today {
    counted(lake, asked(most), |_| {}).await.unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[tokio::test]
async fn the_first_screen_tells_what_came_and_what_is_left_to_do() {
    let lake = lake_of(vec![
        head(hours(1), State::Ready, "LAB", 1),
        head(hours(2), State::Attention, "LAB", 2),
        head(hours(3), State::Received, "ADT", 3),
        head(hours(30), State::Stuck, "ADT", 4),
        head(hours(24 * 90), State::Attention, "LAB", 5),
    ]);
    let today = count(&lake, Most::default()).await;
    let expected = ByState { total: 3, on_the_way: 1, ready: 1, attention: 1, ..ByState::default() };
    assert_eq!(today.received, expected, "of this day only");
    assert_eq!((today.open.attention, today.open.stuck), (2, 1), "what is left to do, of all days");
    assert_eq!((today.coverage, today.open.coverage), (Coverage::All, Coverage::All), "all was counted");
    let senders: Vec<_> = today.senders.named.iter().map(|from| from.sender.in_words()).collect();
    assert_eq!(senders, ["LAB", "ADT"], "most messages first");
    let lab = today.senders.named.first().unwrap();
    assert_eq!(
        (lab.messages.total, lab.messages.attention),
        (2, 1),
        "its messages and what is wrong with them"
    );
    assert_eq!(lab.last_received, noon() - hours(1), "when it was last heard");
}

#[tokio::test]
async fn a_sender_that_stopped_is_named_with_what_is_usual_of_it() {
    let mut heads = vec![head(hours(1), State::Ready, "ADT", 0)];
    for day in 1..=7 {
        heads.push(head(hours(24 * day), State::Ready, "ADT", 1));
        // Ten, twenty, … a day: the median is 40.
        for message in 0..(10 * u8::try_from(day).unwrap()) {
            heads.push(head(hours(24 * day), State::Ready, "LAB", message + 2));
        }
    }
    heads.push(head(hours(24 * 3), State::Ready, "SCAN", 200));
    heads.push(head(hours(24 * 9), State::Ready, "GONE LONG AGO", 201));
    let today = count(&lake_of(heads), Most::default()).await;
    let silent: Vec<_> = today
        .silent
        .iter()
        .map(|one| (one.sender.in_words(), one.usual_a_day, one.days_heard, one.expected_by_now))
        .collect();
    // Noon in UTC: half of the day has passed.
    let expected = [("LAB".to_owned(), 40, 7, 20), ("SCAN".to_owned(), 1, 1, 0)];
    assert_eq!(silent, expected, "the most unusual silence first; ADT is heard, the oldest is forgotten");
    assert_eq!(today.silent.first().unwrap().last_received, noon() - hours(24), "when it was last heard");
}

#[tokio::test]
async fn counting_is_bounded_and_says_where_it_stopped() {
    let heads = (0..100).map(|number| head(hours(0), State::Attention, "LAB", number)).collect();
    let most = Most { today: 10, open: 20, of_each_day_before: 5 };
    let today = count(&lake_of(heads), most).await;
    assert_eq!(today.received.total, 10, "no more than the bound");
    assert_eq!(today.coverage, Coverage::Newest { messages: 10, since: noon() }, "and it says so");
    assert_eq!((today.open.attention, today.open.stuck), (20, 0), "the same of what is left to do");
    assert!(matches!(today.open.coverage, Coverage::Newest { messages: 20, .. }), "more than twenty");

    let heads = (0..100).map(|number| head(hours(24), State::Ready, "LAB", number)).collect();
    let today = count(&lake_of(heads), most).await;
    assert_eq!(today.before.messages, 5, "and of each day before");
    let cut: Vec<_> = today.before.days_cut_short.iter().map(Date::to_string).collect();
    assert_eq!(cut, ["2026-03-09"], "the day is named");
}

#[tokio::test]
async fn a_full_bound_with_nothing_beyond_it_is_all() {
    let heads = (0..10).map(|number| head(hours(0), State::Attention, "LAB", number)).collect();
    let most = Most { today: 10, open: 10, of_each_day_before: 1 };
    let today = count(&lake_of(heads), most).await;
    assert_eq!((today.coverage, today.open.coverage), (Coverage::All, Coverage::All), "ten of ten");
}

#[tokio::test]
async fn counting_again_keeps_the_days_before() {
    let heads: Vec<Head> = (0..8).map(|day| head(hours(24 * day), State::Ready, "LAB", 1)).collect();
    let lake = lake_of(heads);
    let first = count(&lake, Most::default()).await;
    let first_pages = lake.pages.swap(0, Ordering::Relaxed);
    let again = Asked { before: Some(first.before.clone()), ..asked(Most::default()) };
    let again = counted(&lake, again, |_| {}).await.unwrap();
    assert_eq!(again, first, "the same screen");
    let pages = lake.pages.load(Ordering::Relaxed);
    assert_eq!(
        (first_pages, pages),
        (u64::from(8 * SHARDS) + 1, u64::from(SHARDS) + 1),
        "one day instead of eight"
    );
}

#[tokio::test]
async fn progress_is_told_and_ends_with_all_that_was_read() {
    let heads = (0..2_500_u32)
        .map(|number| {
            let bytes = u8::try_from(number % 250).unwrap();
            head(SignedDuration::from_secs(i64::from(number)), State::Ready, "LAB", bytes)
        })
        .collect();
    let mut told = Vec::new();
    let lake = lake_of(heads);
    counted(&lake, asked(Most::default()), |progress| told.push(progress.read)).await.unwrap();
    assert_eq!(told, [1_000, 2_000, 2_500], "about every thousand, and at the end");
}

#[test]
fn the_day_is_told_in_local_time() {
    let window = Window::at(noon());
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let told = window.in_words(&berlin);
    assert_eq!(told, "10 March 2026 (UTC), here 10 March 01:00 to 11 March 01:00 CET", "an ordinary day");
    let changing = Window::of("2026-03-29".parse().unwrap()).in_words(&berlin);
    assert_eq!(
        changing, "29 March 2026 (UTC), here 29 March 01:00 CET to 30 March 02:00 CEST",
        "the day on which summer time begins"
    );
    let utc = Window::of("2026-03-29".parse().unwrap());
    assert_eq!(utc.until.duration_since(utc.from), hours(24), "a day of the lake has 24 hours always");
}

fn sum(parts: impl Iterator<Item = ByState>) -> ByState {
    parts.fold(ByState::default(), |mut sum, part| {
        sum += part;
        sum
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn sums_add_up(
        messages in prop::collection::vec((0_i64..240, 0_usize..6, 0_usize..5, any::<u8>()), 0..120),
        bound in 1_usize..150,
    ) {
        let senders = ["LAB", "ADT", "SCAN", "RIS", ""];
        let heads: Vec<Head> = messages
            .iter()
            .map(|(before, state, sender, number)| {
                head(hours(*before), State::ALL[*state], senders[*sender], *number)
            })
            .collect();
        let of_today = heads.iter().filter(|head| lake::day_of(head.received_at) == Window::at(noon()).day);
        let (of_today, open) = (of_today.count(), heads.iter().filter(|head| head.state.is_open()).count());
        let most = Most { today: bound, open: bound, of_each_day_before: bound };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let today = runtime.block_on(count(&lake_of(heads), most));

        let parts = today.received;
        let of_states = parts.on_the_way + parts.ready + parts.attention + parts.stuck + parts.set_aside
            + parts.replaced;
        prop_assert_eq!(parts.total, of_states, "the states add up to the total");
        let mut of_senders = sum(today.senders.named.iter().map(|from| from.messages));
        of_senders += today.senders.others;
        prop_assert_eq!(parts, of_senders, "and so do the senders, state by state");
        prop_assert_eq!(parts.total, of_today.min(bound) as u64, "nothing is counted twice or left out");
        prop_assert_eq!(today.coverage == Coverage::All, of_today <= bound, "what is beyond is said");
        prop_assert_eq!(today.open.attention + today.open.stuck, open.min(bound) as u64, "what is left to do");
        prop_assert_eq!(today.open.coverage == Coverage::All, open <= bound, "and what is beyond that");
        let heard: Vec<_> = today.senders.named.iter().map(|from| &from.sender).collect();
        for silent in &today.silent {
            prop_assert!(!heard.contains(&&silent.sender), "nobody is both heard and silent");
            prop_assert!((1..=7).contains(&silent.days_heard), "of seven days");
            prop_assert!(silent.usual_a_day >= 1 && silent.expected_by_now <= silent.usual_a_day, "sound numbers");
        }
    }
}
