//! One lake under one steward's session: everything that asks the lake something begins here.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use lake::{Profile, Source};
use url::Url;

use crate::audit::{Action, Audit, AuditProblem};
use crate::front_door::{Fault, FrontDoor};
use crate::home::{Home, HomeProblem};
use crate::reading::{Clients, IdTokens, NoToken, ReadFault};
use crate::secret::Secret;
use crate::session::{Session, SessionProblem, SignedIn, SystemClock, Vault};

/// An opened profile with all that speaks to its lake. Opening asks nobody anything.
pub struct Account {
    /// The profile's local name.
    pub name: String,
    /// Who is signed in. After another sign-in take the account [anew](Account::anew): the readers hold the credentials of the one before.
    pub session: Arc<Session<SystemClock>>,
    /// Where messages are handed in.
    pub door: FrontDoor,
    /// Where bucket and catalog are read.
    pub clients: Clients,
    /// What was done, on this computer.
    pub audit: Audit,
}

/// Why the lake could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum AccountProblem {
    /// The home or its profiles.
    #[error(transparent)]
    Home(#[from] HomeProblem),
    /// The sign-in.
    #[error(transparent)]
    Session(#[from] SessionProblem),
    /// The front door.
    #[error("the front door at {url}: {fault}")]
    Door {
        /// Its address.
        url: String,
        /// What happened.
        #[source]
        fault: Fault,
    },
    /// Bucket or catalog.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The audit trail cannot be written, so nothing is shown.
    #[error(transparent)]
    Audit(#[from] AuditProblem),
    /// The steward may not do this in any institution.
    #[error(
        "this sign-in may not {right} messages of any institution. Ask the lake's administrator for the right to {right}"
    )]
    NoRight {
        /// `read` or `write`.
        right: &'static str,
    },
}

/// Forgets a lake of this home and ends the session with it: what is kept of that is cleared, and the sign-in service is told.
/// The lake is forgotten whatever becomes of the session; why that could not be ended is the answer.
pub async fn forget(home: &Home, name: &str, vault: Vault) -> Result<Option<SessionProblem>, HomeProblem> {
    let (_, profile) = home.profile(Some(name))?;
    home.forget_profile(name)?;
    // The same lake known by another address has the same session.
    let is_same =
        |other: &Profile| (&other.issuer, &other.client_id) == (&profile.issuer, &profile.client_id);
    if home.profiles()?.lakes.values().any(is_same) {
        return Ok(None);
    }
    Ok(match Session::new(home, profile, vault, SystemClock).sign_out().await {
        Ok((_, told)) => told.err(),
        Err(problem) => Some(problem),
    })
}

/// What a problem means for the steward's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What was named is not there or cannot be used.
    WrongUse,
    /// Not signed in, or not allowed.
    NotAllowed,
    /// The lake is out of reach.
    OutOfReach,
    /// It was tried and failed.
    Failed,
}

impl Account {
    /// Opens the profile of this name, or the one used last.
    pub fn open(home: &Home, name: Option<&str>, vault: Vault) -> Result<Self, AccountProblem> {
        let (name, profile) = home.profile(name)?;
        let address = profile.endpoints.front_door.clone();
        let strange = |fault| AccountProblem::Door { url: address.clone(), fault };
        let base = Url::parse(&address)
            .map_err(|error| strange(Fault::Unreachable { reason: error.to_string() }))?;
        let door = FrontDoor::new(base).map_err(strange)?;
        let session = Arc::new(Session::new(home, profile, vault, SystemClock));
        let clients = Clients::new(session.profile(), Arc::new(SessionTokens(Arc::clone(&session))));
        Ok(Self { name, session, door, clients, audit: Audit::of(home) })
    }

    /// The same lake and session, with readers that hold no credentials of whoever was signed in before.
    pub fn anew(&self) -> Self {
        let clients = Clients::new(self.profile(), Arc::new(SessionTokens(Arc::clone(&self.session))));
        let (name, session) = (self.name.clone(), Arc::clone(&self.session));
        Self { name, session, door: self.door.clone(), clients, audit: self.audit.clone() }
    }

    /// The lake.
    pub fn profile(&self) -> &Profile {
        self.session.profile()
    }

    /// A token that is good for at least two minutes, and what it says.
    pub async fn signed_in(&self) -> Result<SignedIn, AccountProblem> {
        Ok(self.session.signed_in().await?)
    }

    /// The institution whose data this session reads.
    pub async fn reads(&self) -> Result<Source, AccountProblem> {
        self.signed_in().await?.claims.read.ok_or(AccountProblem::NoRight { right: "read" })
    }

    /// The institution for which this session writes.
    pub async fn writes(&self) -> Result<Source, AccountProblem> {
        self.signed_in().await?.claims.write.ok_or(AccountProblem::NoRight { right: "write" })
    }

    /// Asks the front door; a token that it refuses is renewed once.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFn(&FrontDoor, &Secret) -> Result<T, Fault>,
    ) -> Result<T, AccountProblem> {
        let signed_in = self.signed_in().await?;
        let answer = match question(&self.door, &signed_in.id_token).await {
            Err(Fault::Unauthenticated) => {
                let renewed = self.session.renew_refused(&signed_in.id_token).await?;
                question(&self.door, &renewed.id_token).await
            }
            other => other,
        };
        answer.map_err(|fault| AccountProblem::Door { url: self.door.base().to_string(), fault })
    }

    /// Adds a line to the audit trail, as the steward who is signed in. `detail`: ids, keys and counts, never content.
    pub async fn record(&self, action: Action, detail: String) -> Result<(), AccountProblem> {
        let subject = self.session.signed_in().await.ok().map(|signed_in| signed_in.claims.subject);
        self.record_as(subject, action, detail).await
    }

    /// As [`Account::record`], of whoever was signed in before.
    pub async fn record_as(
        &self,
        subject: Option<String>,
        action: Action,
        detail: String,
    ) -> Result<(), AccountProblem> {
        let (audit, name) = (self.audit.clone(), self.name.clone());
        let written = tokio::task::spawn_blocking(move || {
            audit.record(Timestamp::now(), action, &name, subject.as_deref(), detail)
        });
        match written.await {
            Ok(written) => Ok(written?),
            Err(error) => Err(AuditProblem::broken(&self.audit, error).into()),
        }
    }
}

impl AccountProblem {
    /// What it means for the steward's next step.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Home(_) => Standing::WrongUse,
            Self::Session(problem) => problem.standing(),
            Self::NoRight { .. } => Standing::NotAllowed,
            Self::Door { fault: Fault::Unreachable { .. } | Fault::Certificate(_), .. } => {
                Standing::OutOfReach
            }
            Self::Door { fault: Fault::OtherVersion { .. }, .. } => Standing::Failed,
            Self::Door { .. } => Standing::NotAllowed,
            Self::Read(ReadFault::Forbidden { .. } | ReadFault::SignIn { .. }) => Standing::NotAllowed,
            Self::Read(ReadFault::Unreachable { .. }) => Standing::OutOfReach,
            Self::Read(_) | Self::Audit(_) => Standing::Failed,
        }
    }
}

impl SessionProblem {
    /// What it means for the steward's next step.
    pub fn standing(&self) -> Standing {
        match self {
            Self::IssuerUnreachable { .. } => Standing::OutOfReach,
            _ => Standing::NotAllowed,
        }
    }
}

/// The session as the identity pool's clients need it.
struct SessionTokens(Arc<Session<SystemClock>>);

impl IdTokens for SessionTokens {
    fn id_token(&self) -> BoxFuture<'_, Result<String, NoToken>> {
        async {
            match self.0.signed_in().await {
                Ok(signed_in) => Ok(signed_in.id_token.expose().to_owned()),
                Err(problem) if problem.standing() == Standing::OutOfReach => {
                    Err(NoToken::Unreachable(problem.to_string()))
                }
                Err(problem) => Err(NoToken::SignIn(problem.to_string())),
            }
        }
        .boxed()
    }
}
