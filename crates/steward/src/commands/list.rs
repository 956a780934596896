//! `steward list [ZONE[/DATE]]`.

use std::str::FromStr;

use clap::Args;
use desk::account::Account;
use desk::browse::zone_in_words;
use jiff::civil::Date;
use lake::{Source, Zone};
use serde_json::json;

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Objects asked for at a time.
const PAGE: u16 = 500;

/// List what the lake's storage holds of my institution
///
/// Three zones: `ingestion` (received, as submitted), `staging` (ready to use, JSON), `error` (needs attention, why). In
/// each the days of receipt (UTC), in each day the objects.
#[derive(Args)]
#[command(after_help = "Examples:
  steward list                        the zones
  steward list ingestion              the days on which messages were received
  steward list staging/2026-03-04     what is ready of that day")]
pub(crate) struct List {
    /// A zone, or a zone and a day
    #[arg(value_name = "ZONE[/DATE]")]
    place: Option<Place>,
}

/// A zone, or a day in it.
#[derive(Clone, Copy, Debug)]
struct Place {
    zone: Zone,
    day: Option<Date>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim_end_matches('/');
        let (zone, day) = text.split_once('/').map_or((text, None), |(zone, day)| (zone, Some(day)));
        let zone = Zone::parse(zone).ok_or("a zone is `ingestion`, `staging` or `error`")?;
        let day = day.map(|day| words::parse_day(day.strip_prefix("date=").unwrap_or(day))).transpose()?;
        Ok(Self { zone, day })
    }
}

impl List {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        account::with_account(&context, async |account| {
            let source = account.reads().await?;
            match self.place {
                None => zones(&context, account, &source).await,
                Some(Place { zone, day: None }) => days(&context, account, &source, zone).await,
                Some(Place { zone, day: Some(day) }) => objects(&context, account, &source, zone, day).await,
            }
        })
        .await
    }
}

const ZONES: &[Column] = &[
    Column { heading: "ZONE", width: 10 },
    Column { heading: "WHAT", width: 16 },
    Column { heading: "DAYS", width: 6 },
    Column { heading: "NEWEST", width: 10 },
];

async fn zones(context: &Context, account: &Account, source: &Source) -> Result<Ending, Halt> {
    let mut data = context.data();
    let mut table = Table::new(ZONES);
    for zone in Zone::ALL {
        let days = account.clients.objects.days(zone, source).await?;
        let (count, newest) = (days.len(), days.iter().max());
        match data.format() {
            Format::Json => data.object(&json!({
                "key": zone.source_prefix(source), "zone": zone, "days": count, "newest": newest,
            }))?,
            Format::Table => {
                let newest = newest.map_or_else(String::new, Date::to_string);
                table.row(&mut data, &[zone.as_str(), zone_in_words(zone), &count.to_string(), &newest])?;
            }
        }
    }
    data.flush()?;
    Ok(Ending::AllWell)
}

const DAYS: &[Column] = &[Column { heading: "DAY (UTC)", width: 12 }, Column { heading: "UNDER", width: 40 }];

async fn days(context: &Context, account: &Account, source: &Source, zone: Zone) -> Result<Ending, Halt> {
    let mut data = context.data();
    let mut table = Table::new(DAYS);
    let mut days = account.clients.objects.days(zone, source).await?;
    days.sort_unstable();
    for day in days.into_iter().rev() {
        let key = zone.day_prefix(source, day);
        match data.format() {
            Format::Json => data.object(&json!({ "key": key, "zone": zone, "date": day }))?,
            Format::Table => table.row(&mut data, &[&day.to_string(), &key])?,
        }
    }
    data.flush()?;
    Ok(Ending::AllWell)
}

const OBJECTS: &[Column] = &[
    Column { heading: "SIZE", width: 9 },
    Column { heading: "WRITTEN", width: 25 },
    Column { heading: "KEY", width: 60 },
];

async fn objects(
    context: &Context,
    account: &Account,
    source: &Source,
    zone: Zone,
    day: Date,
) -> Result<Ending, Halt> {
    let mut data = context.data();
    let mut table = Table::new(OBJECTS);
    let mut next = None;
    loop {
        let page = account.clients.objects.page(zone, source, day, next, PAGE).await?;
        for object in page.objects {
            match data.format() {
                Format::Json => data.object(
                    &json!({ "key": object.key, "size": object.size, "modified": object.modified }),
                )?,
                Format::Table => {
                    let written = object.modified.map_or_else(String::new, words::local);
                    table.row(&mut data, &[&words::size(object.size), &written, &object.key])?;
                }
            }
        }
        data.flush()?;
        next = page.next;
        if context.stop.is_asked() {
            return Ok(Ending::Stopped);
        }
        if next.is_none() {
            return Ok(Ending::AllWell);
        }
    }
}
