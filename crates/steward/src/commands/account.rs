//! The lake and the session that a command works with.

use desk::account::{Account, AccountProblem};

use super::Context;
use crate::ending::Halt;

/// Opens the profile that was asked for, or the one used last. Nobody is asked anything yet.
pub(crate) fn open(context: &Context) -> Result<Account, Halt> {
    Ok(Account::open(&context.home()?, context.profile_name(), context.vault())?)
}

/// Opens it and makes sure that somebody is signed in.
pub(crate) async fn open_signed_in(context: &Context) -> Result<Account, Halt> {
    let account = open(context)?;
    account.signed_in().await?;
    Ok(account)
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

impl From<desk::reading::ReadFault> for Halt {
    fn from(fault: desk::reading::ReadFault) -> Self {
        Self::Account(AccountProblem::Read(fault))
    }
}
