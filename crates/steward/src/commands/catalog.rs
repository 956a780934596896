//! `steward catalog`, `trace` and `errors`.

use std::pin::pin;

use clap::Args;
use desk::browse::{
    Cause, DayRange, Groups, HeadFilter, asked_by, event_in_words, heads_by_control_id, heads_of_days,
    open_heads, other_message, state_in_words,
};
use desk::reading::ReadFault;
use futures::{Stream, TryStreamExt};
use jiff::civil::Date;
use lake::{Head, MessageId, Source, State};
use serde_json::{Value, json};

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Data, Table, printable};

/// List messages of my institution, newest first
#[derive(Args)]
#[command(after_help = "Examples:
  steward catalog --from 2026-03-01 --to 2026-03-04
  steward catalog --state attention --type 'ADT^A01'
  steward catalog --control-id MSG00042
  steward catalog --limit 20 --output json

Days are those of receipt, counted in UTC as in the lake.")]
pub(crate) struct Catalog {
    /// From this day on
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    from: Option<Date>,
    /// Up to this day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    to: Option<Date>,
    /// Only in this state: received, ready, attention, stuck, set-aside or replaced
    #[arg(long, value_name = "S", value_parser = parse_state)]
    state: Option<State>,
    /// Only of this type: `ADT`, or `ADT^A01`
    #[arg(long = "type", value_name = "T")]
    message_type: Option<String>,
    /// Only from this sending application or facility
    #[arg(long, value_name = "X")]
    sender: Option<String>,
    /// Only with this control id (MSH-10)
    #[arg(long, value_name = "X")]
    control_id: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Show everything that is known of one message, oldest first
#[derive(Args)]
#[command(after_help = "Example:
  steward trace 019cb3c1-7d00-7000-8000-000000000000")]
pub(crate) struct Trace {
    /// The message's id
    #[arg(value_name = "MESSAGE_ID", value_parser = words::parse_id)]
    message_id: MessageId,
}

/// Show the messages that need attention, by cause and sender
#[derive(Args)]
#[command(after_help = "Examples:
  steward errors
  steward errors --from 2026-03-01 --output json     one message a line, with its error")]
pub(crate) struct Errors {
    /// Received from this day on (UTC)
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = words::parse_day)]
    from: Option<Date>,
}

fn parse_state(text: &str) -> Result<State, String> {
    let known = State::ALL.into_iter().find(|state| state.as_str() == text);
    known.ok_or_else(|| "a state is received, ready, attention, stuck, set-aside or replaced".to_owned())
}

const HEADS: &[Column] = &[
    Column { heading: "RECEIVED", width: 24 },
    Column { heading: "STATE", width: 15 },
    Column { heading: "TYPE", width: 9 },
    Column { heading: "CONTROL ID", width: 18 },
    Column { heading: "MESSAGE", width: 36 },
    Column { heading: "SENDER", width: 24 },
];

impl Catalog {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            context.say.problem("--from is after --to");
            return Ok(Ending::WrongUse);
        }
        account::with_account(&context, async |account| {
            let source = account.reads().await?;
            let catalog = &account.clients.catalog;
            let range = DayRange { from: self.from, to: self.to };
            let filter = self.filter();
            match &self.control_id {
                // One page of one index, however many days there are.
                Some(control_id) => {
                    let found = heads_by_control_id(catalog, source, control_id.clone());
                    let within = found.try_filter(|head| {
                        std::future::ready(range.holds(lake::day_of(head.received_at)) && filter.holds(head))
                    });
                    self.show(&context, within).await
                }
                None => {
                    let days = range.newest_first(catalog.days(&source).await?);
                    self.show(&context, heads_of_days(catalog, source, days, filter)).await
                }
            }
        })
        .await
    }

    fn filter(&self) -> HeadFilter {
        HeadFilter {
            state: self.state,
            message_type: self.message_type.clone(),
            sender: self.sender.clone(),
            control_id: self.control_id.clone(),
        }
    }

    async fn show(
        &self,
        context: &Context,
        heads: impl Stream<Item = Result<Head, ReadFault>>,
    ) -> Result<Ending, Halt> {
        let mut rows = Rows::new(context);
        let mut heads = pin!(heads);
        while self.limit.is_none_or(|limit| rows.shown < limit) {
            let Some(head) = heads.try_next().await? else { break };
            rows.show(&head)?;
            if context.stop.is_asked() {
                rows.data.flush()?;
                return Ok(Ending::Stopped);
            }
        }
        rows.end(context)
    }
}

/// Heads, one a line.
struct Rows {
    data: Data,
    table: Table,
    shown: u64,
}

impl Rows {
    fn new(context: &Context) -> Self {
        Self { data: context.data(), table: Table::new(HEADS), shown: 0 }
    }

    fn show(&mut self, head: &Head) -> Result<(), Halt> {
        self.shown += 1;
        match self.data.format() {
            Format::Json => self.data.object(&shown(head))?,
            Format::Table => {
                let (received, kind) = (words::local(head.received_at), words::kind(head));
                let control_id = head.control_id.as_deref().unwrap_or_default();
                let (id, sender) = (head.message_id.to_string(), words::sender(head));
                let state = state_in_words(head.state);
                self.table.row(&mut self.data, &[&received, state, &kind, control_id, &id, &sender])?;
            }
        }
        if self.shown.is_multiple_of(100) {
            self.data.flush()?;
        }
        Ok(())
    }

    fn end(mut self, context: &Context) -> Result<Ending, Halt> {
        self.data.flush()?;
        if self.shown == 0 {
            context.say.note("No messages.");
        }
        Ok(Ending::AllWell)
    }
}

/// A head as other programs see it: without what only the core needs to add its events up.
fn shown(head: &Head) -> Value {
    let mut value = json!(head);
    if let Some(fields) = value.as_object_mut() {
        for inner in ["restage_attempt", "set_aside_attempt", "revision"] {
            fields.remove(inner);
        }
    }
    value
}

const EVENTS: &[Column] = &[
    Column { heading: "RECORDED", width: 24 },
    Column { heading: "EVENT", width: 26 },
    Column { heading: "WHAT", width: 60 },
];

impl Trace {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        account::with_account(&context, async |account| {
            let source: Source = account.reads().await?;
            let entry = account.clients.catalog.entry(&source, self.message_id).await?;
            let Some(entry) = entry else {
                let id = self.message_id;
                return Err(Halt::Failed(format!("your institution has no message {id} (yet)")));
            };
            let mut data = context.data();
            match data.format() {
                Format::Json => {
                    data.object(&json!({ "head": shown(&entry.head), "events": entry.events }))?
                }
                Format::Table => {
                    let head = &entry.head;
                    data.heading(&format!(
                        "{} of {source}: {}",
                        self.message_id,
                        state_in_words(head.state)
                    ))?;
                    data.line(&about(head))?;
                    data.line(&format!("fingerprint {}", head.digest))?;
                    let why = desk::browse::cause_in_words(head);
                    if !why.is_empty() {
                        data.line(&format!("why: {why}"))?;
                    }
                    let reader = account.signed_in().await?.claims.subject;
                    let mut table = Table::new(EVENTS);
                    for event in &entry.events {
                        let (at, name) = (words::local(event.recorded_at), event.name());
                        table.row(&mut data, &[&at, &name, &told(event, &reader)])?;
                    }
                }
            }
            data.flush()?;
            Ok(Ending::AllWell)
        })
        .await
    }
}

/// What kind of message, from whom.
fn about(head: &Head) -> String {
    let (kind, sender) = (words::kind(head), words::sender(head));
    let mut about = vec![if kind.is_empty() { "of no known type".to_owned() } else { kind }];
    about.extend((!sender.is_empty()).then(|| format!("from {sender}")));
    about.extend(head.control_id.as_ref().map(|id| format!("control id {id}")));
    about.push(words::size(head.size));
    printable(&about.join(", "))
}

/// An event in words, with the ids that belong to it.
fn told(event: &lake::CatalogEvent, reader: &str) -> String {
    let mut told = event_in_words(event, Some(reader));
    if let Some(other) = other_message(event) {
        told.push_str(&format!(" (message {other})"));
    }
    if let Some(who) = asked_by(event).filter(|who| *who != reader) {
        told.push_str(&format!(" (by {who})"));
    }
    told
}

const GROUPS: &[Column] = &[
    Column { heading: "COUNT", width: 6 },
    Column { heading: "NEWEST", width: 24 },
    Column { heading: "SENDER", width: 24 },
    Column { heading: "WHY", width: 60 },
];

impl Errors {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        account::with_account(&context, async |account| {
            let source = account.reads().await?;
            let mut data = context.data();
            let mut groups = Groups::default();
            let mut count = 0u64;
            let mut heads = pin!(open_heads(&account.clients.catalog, source));
            while let Some(head) = heads.try_next().await? {
                // Newest first: what follows is older still.
                if self.from.is_some_and(|from| lake::day_of(head.received_at) < from) {
                    break;
                }
                count += 1;
                match data.format() {
                    Format::Json => data.object(&with_error(&head))?,
                    Format::Table => groups.add(&head),
                }
                if context.stop.is_asked() {
                    data.flush()?;
                    return Ok(Ending::Stopped);
                }
            }
            if data.format() == Format::Table {
                show_groups(&mut data, &groups)?;
            }
            data.flush()?;
            if count == 0 {
                context.say.note("Nothing needs attention.");
            }
            Ok(Ending::AllWell)
        })
        .await
    }
}

fn with_error(head: &Head) -> Value {
    let mut value = shown(head);
    let described = head.error_code.as_deref().and_then(er7::codes::describe);
    if let Some(fields) = value.as_object_mut() {
        let hint = described.map(|code| code.hint);
        fields.insert("reason".to_owned(), json!(desk::browse::cause_in_words(head)));
        fields.insert("hint".to_owned(), json!(hint));
    }
    value
}

fn show_groups(data: &mut Data, groups: &Groups) -> Result<(), Halt> {
    let mut table = Table::new(GROUPS);
    for (Cause { sender, .. }, group) in groups.largest_first() {
        table.row(data, &[&group.count.to_string(), &words::local(group.newest), sender, &group.why])?;
        let ids: Vec<String> = group.message_ids.iter().map(ToString::to_string).collect();
        if !group.control_ids.is_empty() {
            data.line(&printable(&format!("        control ids: {}", group.control_ids.join(", "))))?;
        }
        data.line(&format!("        messages: {}", ids.join(", ")))?;
    }
    if groups.others > 0 {
        data.line(&format!("and {} messages of further causes and senders", groups.others))?;
    }
    Ok(())
}
