//! What this session may and may not do, found out by asking for it. No probe can change anything, even where a lake
//! is set up wrongly and allows what it should refuse.

use lake::{MessageId, ObjectKey, Source, Zone};

use crate::account::{Account, AccountProblem};
use crate::front_door::Fault;
use crate::reading::ReadFault;
use crate::secret::Secret;

/// What a lake that is set up rightly does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It allows it.
    Allowed,
    /// It refuses it.
    Refused,
}

/// What it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It allowed it.
    Allowed,
    /// It refused it.
    Refused,
    /// It gave no sound answer.
    NoAnswer(String),
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its stable name.
    pub name: &'static str,
    /// What was asked for, in words.
    pub asked: String,
    /// What should come of it.
    pub expected: Expectation,
    /// What came of it.
    pub found: Finding,
}

impl Probe {
    /// Whether the lake did as it should.
    pub fn is_as_expected(&self) -> bool {
        matches!(
            (self.expected, &self.found),
            (Expectation::Allowed, Finding::Allowed) | (Expectation::Refused, Finding::Refused)
        )
    }
}

/// Asks everything, telling each answer as it comes.
pub async fn examine<E>(account: &Account, mut tell: impl FnMut(Probe) -> Result<(), E>) -> Result<(), E>
where
    E: From<AccountProblem>,
{
    let claims = account.signed_in().await.map_err(E::from)?.claims;
    let Some(foreign) = foreign_to([claims.read.as_ref(), claims.write.as_ref()]) else { return Ok(()) };
    let own = claims.read.clone().unwrap_or_else(|| foreign.clone());
    let reads = if claims.read.is_some() { Expectation::Allowed } else { Expectation::Refused };
    let writes = if claims.write.is_some() { Expectation::Allowed } else { Expectation::Refused };
    let examination = Examination { account, own, foreign };

    tell(examination.describe_itself().await)?;
    tell(examination.ask_without_sign_in().await)?;
    tell(examination.ask_the_ledger(writes).await)?;
    tell(examination.list("list-own", &examination.own, reads).await)?;
    tell(examination.list("list-foreign", &examination.foreign, Expectation::Refused).await)?;
    tell(examination.list_all().await)?;
    tell(examination.read_foreign_object().await)?;
    tell(examination.query("query-own", &examination.own, reads).await)?;
    tell(examination.query("query-foreign", &examination.foreign, Expectation::Refused).await)?;
    tell(examination.scan().await)?;
    tell(examination.write_object().await)?;
    tell(examination.write_catalog().await)
}

/// An institution that is not one's own: of three names at most two are.
fn foreign_to(own: [Option<&Source>; 2]) -> Option<Source> {
    let names = ["somebody-else", "another-institution", "a-third-institution"];
    names.iter().filter_map(|name| Source::parse(name).ok()).find(|name| !own.contains(&Some(name)))
}

struct Examination<'a> {
    account: &'a Account,
    own: Source,
    foreign: Source,
}

impl Examination<'_> {
    async fn describe_itself(&self) -> Probe {
        let found = match self.account.door.profile().await {
            Ok(_) => Finding::Allowed,
            Err(fault) => of_fault(fault),
        };
        probe("lake", "the lake describes itself", Expectation::Allowed, found)
    }

    async fn ask_without_sign_in(&self) -> Probe {
        let nobody = Secret::new("nobody".to_owned());
        let found = of_answer(self.account.door.known(&nobody, &[er7::raw_digest(b"")]).await);
        probe("front-door-unsigned", "ask the front door without a sign-in", Expectation::Refused, found)
    }

    /// The front door answers this to those only from whom it would take messages.
    async fn ask_the_ledger(&self, expected: Expectation) -> Probe {
        let asked = self.account.ask(async |door, token| door.known(token, &[er7::raw_digest(b"")]).await);
        let found = match asked.await {
            Ok(_) => Finding::Allowed,
            Err(AccountProblem::Door { fault, .. }) => of_fault(fault),
            Err(problem) => Finding::NoAnswer(problem.to_string()),
        };
        probe("write", "hand messages to the front door", expected, found)
    }

    async fn list(&self, name: &'static str, source: &Source, expected: Expectation) -> Probe {
        let prefix = Zone::Ingestion.source_prefix(source);
        let found = of_answer(self.account.clients.objects.try_to_list(&prefix).await);
        probe(name, &format!("list the objects of {source}"), expected, found)
    }

    async fn list_all(&self) -> Probe {
        let found = of_answer(self.account.clients.objects.try_to_list("").await);
        probe("list-all", "list the whole bucket", Expectation::Refused, found)
    }

    async fn read_foreign_object(&self) -> Probe {
        let found = match self.account.clients.objects.open(&nowhere(&self.foreign), None).await {
            Ok(_) => Finding::Allowed,
            // To be told that it is not there is to be told something.
            Err(ReadFault::Missing { .. }) => Finding::Allowed,
            Err(fault) => of_answer::<()>(Err(fault)),
        };
        let asked = format!("read an object of {}", self.foreign);
        probe("read-foreign", &asked, Expectation::Refused, found)
    }

    async fn query(&self, name: &'static str, source: &Source, expected: Expectation) -> Probe {
        let found = of_answer(self.account.clients.catalog.days(source).await);
        probe(name, &format!("look messages of {source} up in the catalog"), expected, found)
    }

    async fn scan(&self) -> Probe {
        let found = of_answer(self.account.clients.catalog.try_to_scan().await);
        probe("scan", "read the whole catalog", Expectation::Refused, found)
    }

    async fn write_object(&self) -> Probe {
        let found = of_answer(self.account.clients.objects.try_to_write(&nowhere(&self.own)).await);
        probe("write-object", "write to the bucket past the front door", Expectation::Refused, found)
    }

    async fn write_catalog(&self) -> Probe {
        let found = of_answer(self.account.clients.catalog.try_to_write(&self.own).await);
        probe("write-catalog", "change the catalog", Expectation::Refused, found)
    }
}

fn probe(name: &'static str, asked: &str, expected: Expectation, found: Finding) -> Probe {
    Probe { name, asked: asked.to_owned(), expected, found }
}

/// The key of a message that there cannot be: of the first millisecond of 1970.
fn nowhere(source: &Source) -> String {
    let at = jiff::Timestamp::UNIX_EPOCH;
    ObjectKey::ingestion(source, at, MessageId::mint(at, [0; 10])).to_string()
}

trait Sorted {
    fn sorted(self) -> Finding;
}

impl Sorted for ReadFault {
    fn sorted(self) -> Finding {
        match self {
            Self::Forbidden { .. } | Self::SignIn { .. } => Finding::Refused,
            other => Finding::NoAnswer(other.to_string()),
        }
    }
}

impl Sorted for Fault {
    fn sorted(self) -> Finding {
        of_fault(self)
    }
}

fn of_answer<T>(answer: Result<T, impl Sorted>) -> Finding {
    answer.map_or_else(Sorted::sorted, |_| Finding::Allowed)
}

fn of_fault(fault: Fault) -> Finding {
    match fault {
        Fault::Unauthenticated | Fault::Refused { .. } => Finding::Refused,
        Fault::Unreachable { reason } => Finding::NoAnswer(reason),
        other => Finding::NoAnswer(other.to_string()),
    }
}
