//! The lake and the session that a command works with.

use desk::account::{Account, AccountProblem, Standing};
use desk::audit::Action;
use desk::browse::FetchProblem;
use desk::reading::ReadFault;

use super::Context;
use crate::ending::{Ending, Halt};

/// Opens the profile that was asked for, or the one used last; it is then the one used last. Nobody is asked anything yet.
pub(crate) fn open(context: &Context) -> Result<Account, Halt> {
    let home = context.home()?;
    let account = Account::open(&home, context.profile_name(), context.vault())?;
    if context.profile_name().is_some() && home.profiles()?.last.as_ref() != Some(&account.name) {
        home.use_profile(&account.name)?;
    }
    Ok(account)
}

/// Opens it and makes sure that somebody is signed in.
pub(crate) async fn open_signed_in(context: &Context) -> Result<Account, Halt> {
    let account = open(context)?;
    account.signed_in().await?;
    Ok(account)
}

/// Opens it for somebody who is signed in and does the work; what the lake refuses is put on record.
pub(super) async fn with_account(
    context: &Context,
    work: impl AsyncFnOnce(&Account) -> Result<Ending, Halt>,
) -> Result<Ending, Halt> {
    let account = open_signed_in(context).await?;
    let ended = work(&account).await;
    if let Err(Halt::Account(problem)) = &ended
        && problem.standing() == Standing::NotAllowed
    {
        record_refusal(&account, problem).await?;
    }
    ended
}

/// Puts on record what the lake refused: by key, id or right, never by value.
pub(super) async fn record_refusal(account: &Account, problem: &AccountProblem) -> Result<(), Halt> {
    let what = match problem {
        AccountProblem::Read(ReadFault::Forbidden { what }) => what.clone(),
        AccountProblem::NoRight { right } => format!("no right to {right}"),
        AccountProblem::Door { .. } => "front door".to_owned(),
        _ => "sign-in".to_owned(),
    };
    Ok(account.record(Action::Refused, what).await?)
}

impl From<desk::home::HomeProblem> for Halt {
    fn from(problem: desk::home::HomeProblem) -> Self {
        Self::Account(AccountProblem::Home(problem))
    }
}

impl From<desk::session::SessionProblem> for Halt {
    fn from(problem: desk::session::SessionProblem) -> Self {
        Self::Account(AccountProblem::Session(problem))
    }
}

impl From<desk::audit::AuditProblem> for Halt {
    fn from(problem: desk::audit::AuditProblem) -> Self {
        Self::Account(AccountProblem::Audit(problem))
    }
}

impl From<ReadFault> for Halt {
    fn from(fault: ReadFault) -> Self {
        Self::Account(AccountProblem::Read(fault))
    }
}

impl From<FetchProblem> for Halt {
    fn from(problem: FetchProblem) -> Self {
        match problem {
            FetchProblem::Read(fault) => fault.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}
