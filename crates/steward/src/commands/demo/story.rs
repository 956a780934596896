//! The acts, played against the real front door, and what S3 and the catalog say afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use desk::front_door::{FrontDoor, Try};
use desk::reading::{Clients, IdTokens, NoToken};
use desk::samples::{self, Sample};
use desk::secret::Secret;
use er7::split::{Piece, Splitter};
use futures::FutureExt;
use futures::future::BoxFuture;
use lake::{Head, MessageId, Outcome, Source, State};
use local_lake::LocalLake;
use serde::Serialize;

use super::plan::{ACTS, Act, Then, WithoutHeader};
use crate::arguments::Format;
use crate::commands::Context;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Data, Table};

/// How long the lake may take to stage what was submitted.
const STAGING_LIMIT: Duration = Duration::from_secs(60);

/// One submission and what became of it.
#[derive(Serialize)]
struct Told {
    user: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    file: &'static str,
    index: usize,
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<er7::Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    findings: BTreeMap<String, u32>,
    reason: String,
    next_step: String,
    shows: &'static str,
    as_told: bool,
    #[serde(skip)]
    act: &'static Act,
}

pub(super) async fn tell(context: &Context, lake: &LocalLake) -> Result<Ending, Halt> {
    let broken = |problem: String| Halt::Setup(problem);
    let url = lake.profile().endpoints.front_door.parse().map_err(|error| broken(format!("{error}")))?;
    let door = FrontDoor::new(url).map_err(|error| broken(error.to_string()))?;
    context
        .say
        .note(&format!("A fresh lake runs at {}; four sample users submit synthetic messages.", door.base()));
    let mut told = Vec::new();
    for act in ACTS {
        let sample = samples::ALL.iter().find(|sample| sample.name.starts_with(act.sample));
        let sample = sample.ok_or_else(|| broken(format!("there is no sample {}", act.sample)))?;
        told.extend(play(act, sample, &door, lake).await?);
    }
    follow(&mut told, lake).await?;
    show(context, &told)
}

/// Hands over every message of the act's file, as its user.
async fn play(
    act: &'static Act,
    sample: &Sample,
    door: &FrontDoor,
    lake: &LocalLake,
) -> Result<Vec<Told>, Halt> {
    let token = match act.user {
        Some(user) => token_of(lake, user).await?,
        None => Secret::new(String::new()),
    };
    let mut messages = messages_in(sample)?;
    if messages.is_empty() && act.without_header == WithoutHeader::Sent {
        messages.push(Bytes::from_static(sample.bytes));
    }
    if messages.is_empty() {
        return Ok(vec![line(act, sample, 0, None, "not HL7", String::new())]);
    }
    let mut told = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        let digest = er7::digest(&message);
        let tried = door.submit(&token, message, digest, None).await;
        let (outcome, reason) = match &tried {
            Try::Answered(outcome) => (outcome.word(), why(outcome)),
            Try::Unauthenticated => ("unauthenticated", "nobody is signed in".to_owned()),
            Try::NotSent { reason, .. } => ("not_sent", reason.clone()),
            Try::Unconfirmed { reason } => ("unconfirmed", reason.clone()),
        };
        let mut line = line(act, sample, index, Some(digest), outcome, reason);
        if let Try::Answered(outcome) = tried {
            line.next_step = outcome.next_step().to_owned();
            if let Outcome::Ingested { message_id, source, .. } = outcome {
                (line.message_id, line.source) = (Some(message_id), Some(source));
            }
        }
        told.push(line);
    }
    Ok(told)
}

fn line(
    act: &'static Act,
    sample: &Sample,
    index: usize,
    digest: Option<er7::Digest>,
    outcome: &str,
    reason: String,
) -> Told {
    Told {
        user: act.user,
        source: None,
        file: sample.name,
        index,
        outcome: outcome.to_owned(),
        message_id: None,
        digest,
        state: None,
        error_code: None,
        findings: BTreeMap::new(),
        reason,
        next_step: String::new(),
        shows: act.shows,
        as_told: outcome == act.outcome,
        act,
    }
}

fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Denied { reason } | Outcome::Invalid { reason, .. } => reason.clone(),
        Outcome::Duplicate { first_received_at: Some(at), .. } => format!("the lake has it since {at:.0}"),
        _ => String::new(),
    }
}

fn messages_in(sample: &Sample) -> Result<Vec<Bytes>, Halt> {
    let mut messages = Vec::new();
    for piece in Splitter::new(sample.bytes) {
        match piece.map_err(|error| Halt::Setup(error.to_string()))? {
            Piece::Message(message) => messages.push(Bytes::from(message.into_bytes())),
            _other => {}
        }
    }
    Ok(messages)
}

async fn token_of(lake: &LocalLake, user: &str) -> Result<Secret, Halt> {
    let failed = |what: String| Halt::Setup(what);
    let tokens = lake.issuer().issue_tokens(user).await.map_err(|fault| failed(fault.to_string()))?;
    let id_token = tokens.and_then(|tokens| tokens.id_token);
    let id_token = id_token.ok_or_else(|| failed(format!("there is no sample user {user}")))?;
    Ok(Secret::new(id_token.expose().to_owned()))
}

/// Waits until every ingested message is ready or needs attention, reading the catalog as the institution's own users may.
async fn follow(told: &mut [Told], lake: &LocalLake) -> Result<(), Halt> {
    for user in ["admin@example.com", "other@example.com"] {
        let token = FixedToken(token_of(lake, user).await?);
        let catalog = Clients::new(lake.profile(), Arc::new(token)).catalog;
        let source = lake.issuer().users().named(user).and_then(|user| user.read.clone());
        let theirs = told.iter_mut().filter(|line| line.source == source && line.message_id.is_some());
        for line in theirs {
            let (Some(source), Some(message_id)) = (line.source.clone(), line.message_id) else { continue };
            let head = settled_head(&catalog, &source, message_id).await?;
            line.as_told = line.as_told
                && match line.act.then {
                    Then::Nothing => false,
                    Then::Ready => head.state == State::Ready,
                    Then::Attention(code) => {
                        head.state == State::Attention && head.error_code.as_deref() == Some(code)
                    }
                };
            let described = head.error_code.as_deref().and_then(er7::codes::describe);
            if let Some(code) = described {
                (line.reason, line.next_step) = (code.what.to_owned(), code.hint.to_owned());
            }
            line.state = Some(head.state);
            line.error_code = head.error_code;
            line.findings = head.finding_codes;
        }
    }
    Ok(())
}

async fn settled_head(
    catalog: &desk::reading::CatalogReader,
    source: &Source,
    message_id: MessageId,
) -> Result<Head, Halt> {
    let limit = Instant::now() + STAGING_LIMIT;
    let mut pause = Duration::from_millis(5);
    loop {
        let head = catalog.head(source, message_id).await.map_err(|fault| Halt::Setup(fault.to_string()))?;
        match head {
            Some(head) if head.ingested && head.state != State::Received => return Ok(head),
            _ if Instant::now() > limit => {
                let waited = STAGING_LIMIT.as_secs();
                return Err(Halt::Setup(format!("message {message_id} was not staged within {waited} s")));
            }
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

const COLUMNS: &[Column] = &[
    Column { heading: "WHO", width: 6 },
    Column { heading: "FILE", width: 21 },
    Column { heading: "OUTCOME", width: 15 },
    Column { heading: "THEN", width: 15 },
    Column { heading: "WHAT IT SHOWS", width: 40 },
];

fn show(context: &Context, told: &[Told]) -> Result<Ending, Halt> {
    let mut data = context.data();
    match data.format() {
        Format::Json => {
            for line in told {
                data.object(line)?;
            }
        }
        Format::Table => table(&mut data, told)?,
    }
    data.flush()?;
    let wrong = told.iter().filter(|line| !line.as_told).count();
    context.say.note(&sum(told));
    if wrong == 0 {
        context.say.note("All came out as told.");
        Ok(Ending::AllWell)
    } else {
        context.say.problem(&format!("{wrong} came out otherwise than told."));
        Ok(Ending::SomeFailed)
    }
}

/// A row for each act, or for each message where those of one act differ; then why some need attention.
fn table(data: &mut Data, told: &[Told]) -> Result<(), Halt> {
    let mut table = Table::new(COLUMNS);
    let alike = |one: &Told, other: &Told| {
        std::ptr::eq(one.act, other.act)
            && (&one.outcome, one.state, one.as_told) == (&other.outcome, other.state, other.as_told)
    };
    for group in told.chunk_by(alike) {
        let [line, ..] = group else { continue };
        let outcome = match group.len() {
            1 => line.outcome.clone(),
            count => format!("{count} {}", line.outcome),
        };
        let mark = if line.as_told { "" } else { "NOT AS TOLD: " };
        let who = line.user.and_then(|user| user.split('@').next()).unwrap_or("nobody");
        let shows = format!("{mark}{}", line.shows);
        table.row(data, &[who, line.file, &outcome, then(line), &shows])?;
    }
    let troubled = || told.iter().filter(|line| line.state == Some(State::Attention));
    if troubled().next().is_some() {
        data.line("")?;
        data.heading("WHAT NEEDS ATTENTION, AND WHAT TO DO")?;
    }
    for line in troubled() {
        data.line(&format!("{}: {}\n  {}", line.file, line.reason, line.next_step))?;
    }
    Ok(())
}

fn then(line: &Told) -> &'static str {
    match line.state {
        Some(State::Ready) => "ready to use",
        Some(State::Attention) => "needs attention",
        Some(other) => other.as_str(),
        None => "",
    }
}

/// The account: every message is in one place, and the places add up.
fn sum(told: &[Told]) -> String {
    let count = |outcome: &str| told.iter().filter(|line| line.outcome == outcome).count();
    let (ingested, duplicate, denied) = (count("ingested"), count("duplicate"), count("denied"));
    let not_sent = count("unauthenticated") + count("not_sent");
    let (invalid, unconfirmed) = (count("invalid"), count("unconfirmed"));
    let found = told.len() - count("not HL7");
    let state = |state: State| told.iter().filter(|line| line.state == Some(state)).count();
    format!(
        "{found} messages found = {ingested} ingested + {duplicate} duplicate + {denied} denied + {invalid} invalid + \
         {not_sent} not sent + {unconfirmed} unconfirmed; {} file is not HL7.\nOf the {ingested} ingested, {} are ready to \
         use and {} need attention.",
        count("not HL7"),
        state(State::Ready),
        state(State::Attention),
    )
}

/// The token of a sample user, for as long as the demonstration takes.
struct FixedToken(Secret);

impl IdTokens for FixedToken {
    fn id_token(&self) -> BoxFuture<'_, Result<String, NoToken>> {
        async { Ok(self.0.expose().to_owned()) }.boxed()
    }
}
