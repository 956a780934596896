//! What the lake stored, what the catalog says and what the ledger knows, held against each other.

use futures::{Stream, StreamExt, TryStreamExt, stream};
use jiff::civil::Date;
use lake::{CatalogDetail, Head, MessageId, ObjectKey, Source, State, Zone};

use super::fetch::{Fetch, FetchProblem, place_of};
use super::find::objects_of;
use super::heads::{DayRange, HeadFilter, heads_of_days};
use crate::account::{Account, AccountProblem};
use crate::front_door::KnownState;
use crate::reading::{Entry, ReadFault};

/// Messages checked at a time.
const AT_ONCE: usize = 4;

/// What was found of one object or record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As recorded.
    Same,
    /// Other than recorded.
    Differs,
    /// Recorded, and not there.
    Missing,
    /// There, and not recorded.
    Orphan,
    /// This session may not see it.
    Unseen,
}

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An object of the lake bucket.
    Object(Zone),
    /// The message's entry in the catalog.
    Catalog,
    /// The front door's record of what it received.
    Ledger,
}

/// One thing checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What was found.
    pub mark: Mark,
    /// Of what.
    pub part: Part,
    /// Of which message.
    pub message_id: MessageId,
    /// The object's key.
    pub key: Option<String>,
    /// In words, unless all is as recorded.
    pub why: String,
}

/// Whether the ledger is asked: it answers those who may write only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    /// Ask it.
    Asked,
    /// It would refuse.
    Closed,
}

impl Mark {
    /// As in lists: `=`, `*`, `-`, `+`, `?`.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Differs => "*",
            Self::Missing => "-",
            Self::Orphan => "+",
            Self::Unseen => "?",
        }
    }
}

impl Part {
    /// In lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Object(zone) => zone.as_str(),
            Self::Catalog => "catalog",
            Self::Ledger => "ledger",
        }
    }
}

/// Checks one message: each object that the catalog names, objects that it does not name, the sum of its events, and the
/// ledger. `None` if the catalog has no such message.
pub async fn verify_message(
    account: &Account,
    source: &Source,
    message_id: MessageId,
    ledger: Ledger,
) -> Result<Option<Vec<Checked>>, AccountProblem> {
    let Some(entry) = account.clients.catalog.entry(source, message_id).await? else { return Ok(None) };
    let mut checked = vec![catalog(&entry)];
    let mut named = Vec::new();
    for place in entry.events.iter().filter_map(place_of) {
        named.push(place.key.clone());
        checked.push(object(account, message_id, &place.key, place.sha256, place.size).await?);
    }
    for zone in Zone::ALL {
        let prefix =
            format!("{}{message_id}.", zone.day_prefix(source, lake::day_of(entry.head.received_at)));
        let mut next = None;
        loop {
            let page = account.clients.objects.list(&prefix, next, 1000).await?;
            for found in page.objects.into_iter().filter(|found| !named.contains(&found.key)) {
                checked.push(orphan(zone, message_id, found.key, "no event of the catalog names it"));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
    }
    checked.push(in_ledger(account, &entry.head, ledger).await?);
    Ok(Some(checked))
}

/// Checks every message of a day, and every object of the day for a message that the catalog does not have.
pub fn verify_day<'a>(
    account: &'a Account,
    source: &'a Source,
    day: Date,
    ledger: Ledger,
) -> impl Stream<Item = Result<Checked, AccountProblem>> + 'a {
    let days = DayRange::default().newest_first(vec![day]);
    let messages = heads_of_days(&account.clients.catalog, source.clone(), days, HeadFilter::default())
        .map_err(AccountProblem::from)
        .map_ok(move |head| async move {
            let checked = verify_message(account, source, head.message_id, ledger).await?;
            Ok(stream::iter(checked.unwrap_or_default().into_iter().map(Ok)))
        })
        .try_buffered(AT_ONCE)
        .try_flatten();
    let strangers = stream::iter(Zone::ALL)
        .map(move |zone| objects_of(&account.clients.objects, zone, source, day))
        .flatten()
        .map_err(AccountProblem::from)
        .map_ok(move |listed| async move {
            let Some(key) = ObjectKey::parse(&listed.key) else { return Ok(None) };
            let known = account.clients.catalog.head(source, key.message_id).await?;
            let why = "the catalog has no such message";
            Ok(known.is_none().then(|| orphan(key.zone, key.message_id, listed.key, why)))
        })
        .try_buffered(AT_ONCE)
        .try_filter_map(async |found| Ok(found));
    messages.chain(strangers)
}

fn orphan(zone: Zone, message_id: MessageId, key: String, why: &str) -> Checked {
    Checked { mark: Mark::Orphan, part: Part::Object(zone), message_id, key: Some(key), why: why.to_owned() }
}

/// The head must be what its events add up to.
fn catalog(entry: &Entry) -> Checked {
    let mut sum: Option<Head> = None;
    for event in &entry.events {
        sum.get_or_insert_with(|| Head::new(event)).apply(event);
    }
    let is_ingested = entry.events.iter().any(|event| matches!(event.detail, CatalogDetail::Ingested { .. }));
    let (mark, why) = match sum {
        None => (Mark::Missing, "the message has no events".to_owned()),
        Some(_) if !is_ingested && entry.head.state != State::Stuck => {
            (Mark::Missing, "the event of its receipt is not there (yet)".to_owned())
        }
        Some(sum) if sum.state != entry.head.state => {
            (Mark::Differs, format!("its events add up to {}", sum.state.as_str()))
        }
        Some(_) => (Mark::Same, String::new()),
    };
    Checked { mark, part: Part::Catalog, message_id: entry.head.message_id, key: None, why }
}

async fn object(
    account: &Account,
    message_id: MessageId,
    key: &str,
    recorded: er7::Digest,
    size: u64,
) -> Result<Checked, AccountProblem> {
    let zone = ObjectKey::parse(key).map_or(Zone::Ingestion, |key| key.zone);
    let (mark, why) = match held_against(account, key, recorded).await {
        Ok(()) => (Mark::Same, String::new()),
        Err(FetchProblem::Read(ReadFault::Forbidden { .. } | ReadFault::Missing { .. })) => {
            // A missing key is refused like a forbidden one; a listing tells them apart.
            match account.clients.objects.list(key, None, 1).await {
                Ok(page) if page.objects.iter().any(|found| found.key == key) => {
                    (Mark::Unseen, "the lake does not show it to you".to_owned())
                }
                Ok(_) => (Mark::Missing, "the catalog names it, and the lake does not have it".to_owned()),
                Err(ReadFault::Forbidden { .. }) => {
                    (Mark::Unseen, "the lake does not show it to you".to_owned())
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(FetchProblem::Read(ReadFault::Damaged { reason, .. })) => (Mark::Differs, reason),
        Err(FetchProblem::Read(fault)) => return Err(fault.into()),
        Err(FetchProblem::Length { read, .. }) => {
            (Mark::Differs, format!("{read} bytes, recorded are {size}"))
        }
        Err(FetchProblem::Differs { .. }) => {
            (Mark::Differs, "its bytes are not those that were recorded".to_owned())
        }
    };
    Ok(Checked { mark, part: Part::Object(zone), message_id, key: Some(key.to_owned()), why })
}

async fn held_against(account: &Account, key: &str, recorded: er7::Digest) -> Result<(), FetchProblem> {
    Fetch::open(&account.clients, key, Some(recorded)).await?.prove().await.map(|_| ())
}

async fn in_ledger(account: &Account, head: &Head, ledger: Ledger) -> Result<Checked, AccountProblem> {
    let checked = |mark, why: &str| Checked {
        mark,
        part: Part::Ledger,
        message_id: head.message_id,
        key: None,
        why: why.to_owned(),
    };
    if ledger == Ledger::Closed {
        return Ok(checked(Mark::Unseen, "only those who may write can ask what was received"));
    }
    let known = account.ask(async |door, token| door.known(token, &[head.digest]).await).await?;
    Ok(match known.first() {
        Some(known) if known.state == KnownState::Settled && known.message_id == Some(head.message_id) => {
            checked(Mark::Same, "")
        }
        Some(known) if known.state == KnownState::Unknown => {
            checked(Mark::Missing, "the front door does not know that it received this")
        }
        Some(known) if known.state == KnownState::Pending => {
            checked(Mark::Differs, "the front door still takes it in")
        }
        _ => checked(Mark::Differs, "the front door knows these bytes as another message"),
    })
}
