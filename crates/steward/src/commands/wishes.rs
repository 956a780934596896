//! `steward restage`, `set-aside` and `redeliver`: what a steward asks the lake to do about a message.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use desk::account::{Account, AccountProblem, Standing};
use desk::audit::Action;
use desk::front_door::Fault;
use lake::{MessageId, SetAsideReason};
use serde_json::json;

use super::{Context, account, words};
use crate::arguments::Format;
use crate::ending::{Ending, Halt};
use crate::output::{Column, Table};

/// Ask for another attempt at making messages ready to use
#[derive(Args)]
#[command(after_help = "Example:
  steward restage 019cb3c1-7d00-7000-8000-000000000000")]
pub(crate) struct Restage {
    /// The messages' ids
    #[arg(required = true, value_name = "MESSAGE_ID", value_parser = words::parse_id)]
    messages: Vec<MessageId>,
}

/// Close messages that need attention without sending a fix
#[derive(Args)]
#[command(after_help = "Examples:
  steward set-aside 019cb3c1-7d00-7000-8000-000000000000 --reason test-message
  steward set-aside 019cb3c1-7d00-7000-8000-000000000000 --reason other --note 'agreed with the ward'")]
pub(crate) struct SetAside {
    /// The messages' ids
    #[arg(required = true, value_name = "MESSAGE_ID", value_parser = words::parse_id)]
    messages: Vec<MessageId>,
    /// Why
    #[arg(long, value_name = "R")]
    reason: Reason,
    /// In your own words, without patient data; the history keeps it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Ask for failed deliveries inside the lake again (stuck messages)
#[derive(Args)]
#[command(after_help = "Example:
  steward redeliver 019cb3c1-7d00-7000-8000-000000000000")]
pub(crate) struct Redeliver {
    /// The messages' ids
    #[arg(required = true, value_name = "MESSAGE_ID", value_parser = words::parse_id)]
    messages: Vec<MessageId>,
}

/// Why a message is set aside.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
    /// It was only a test
    TestMessage,
    /// The sending system has sent it again itself
    ResentBySender,
    /// Nobody needs it
    NotNeeded,
    /// Something else; say what with --note
    Other,
}

impl From<Reason> for SetAsideReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::TestMessage => Self::TestMessage,
            Reason::ResentBySender => Self::ResentBySender,
            Reason::NotNeeded => Self::NotNeeded,
            Reason::Other => Self::Other,
        }
    }
}

/// What is asked for.
enum Wish {
    Restage,
    SetAside(SetAsideReason, Option<String>),
    Redeliver,
}

impl Restage {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        ask_for_all(&context, &self.messages, &Wish::Restage).await
    }
}

impl SetAside {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        if matches!(self.reason, Reason::Other)
            && self.note.as_ref().is_none_or(|note| note.trim().is_empty())
        {
            context.say.problem("for `--reason other` say what: --note TEXT");
            return Ok(Ending::WrongUse);
        }
        ask_for_all(&context, &self.messages, &Wish::SetAside(self.reason.into(), self.note)).await
    }
}

impl Redeliver {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        ask_for_all(&context, &self.messages, &Wish::Redeliver).await
    }
}

const COLUMNS: &[Column] = &[
    Column { heading: "MESSAGE", width: 36 },
    Column { heading: "RESULT", width: 10 },
    Column { heading: "WHY", width: 60 },
];

async fn ask_for_all(context: &Context, messages: &[MessageId], wish: &Wish) -> Result<Ending, Halt> {
    account::with_account(context, async |account| {
        account.writes().await?;
        let mut data = context.data();
        let mut table = Table::new(COLUMNS);
        let mut failed = 0;
        for message_id in messages.iter().collect::<BTreeSet<_>>() {
            if context.stop.is_asked() {
                data.flush()?;
                return Ok(Ending::Stopped);
            }
            account.record(Action::Change, format!("{} {message_id}", wish.name())).await?;
            let (result, why) = match ask(account, *message_id, wish).await {
                Ok(()) => ("asked", String::new()),
                Err(problem) if problem.standing() == Standing::OutOfReach => return Err(problem.into()),
                Err(AccountProblem::Door { fault: Fault::Refused { reason }, .. }) => {
                    account.record(Action::Refused, format!("{} {message_id}", wish.name())).await?;
                    failed += 1;
                    ("refused", reason)
                }
                Err(problem) => return Err(problem.into()),
            };
            match data.format() {
                Format::Json => data.object(&json!({
                    "message_id": message_id, "asked": wish.name(), "result": result, "reason": why,
                }))?,
                Format::Table => table.row(&mut data, &[&message_id.to_string(), result, &why])?,
            }
            data.flush()?;
        }
        Ok(if failed == 0 { Ending::AllWell } else { Ending::SomeFailed })
    })
    .await
}

async fn ask(account: &Account, message_id: MessageId, wish: &Wish) -> Result<(), AccountProblem> {
    account
        .ask(async |door, token| match wish {
            Wish::Restage => door.restage(token, message_id).await,
            Wish::SetAside(reason, note) => door.set_aside(token, message_id, *reason, note.as_deref()).await,
            Wish::Redeliver => door.redeliver(token, message_id).await,
        })
        .await
}

impl Wish {
    fn name(&self) -> &'static str {
        match self {
            Self::Restage => "restage",
            Self::SetAside(..) => "set-aside",
            Self::Redeliver => "redeliver",
        }
    }
}
