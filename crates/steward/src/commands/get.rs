//! `steward get`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use desk::account::Account;
use desk::audit::Action;
use desk::browse::{Fetch, Proof, key_of, recorded_digest};
use lake::{MessageId, ObjectKey, Zone};

use super::{Context, account};
use crate::ending::{Ending, Halt};
use crate::output::{Data, printable};

/// Write an object of the lake to standard output, or to a file
///
/// The bytes are as the lake stored them, held against their recorded fingerprint while they stream: if they differ, that is
/// said and the exit status is 1. On a terminal the lines of a message are shown as lines and control characters made visible.
/// Every access is put on record (`steward audit`).
#[derive(Args)]
#[command(after_help = "Examples:
  steward get 019cb3c1-7d00-7000-8000-000000000000 --zone ingestion > message.hl7
  steward get 019cb3c1-7d00-7000-8000-000000000000 --zone staging | jq .segments
  steward get ingestion/protocol=hl7v2/source=S/date=2026-03-04/019cb3c1-….er7 --to message.hl7")]
pub(crate) struct Get {
    /// A key as `steward list` shows it, or a message's id
    #[arg(value_name = "KEY|MESSAGE_ID")]
    what: String,
    /// With a message's id: `ingestion` (as submitted), `staging` (JSON) or `error` (why not)
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    zone: Option<Zone>,
    /// With a message's id: which attempt at staging; else the latest
    #[arg(long, value_name = "N", requires = "zone")]
    attempt: Option<u32>,
    /// Write to this new file instead
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

fn parse_zone(text: &str) -> Result<Zone, String> {
    Zone::parse(text).ok_or_else(|| "a zone is `ingestion`, `staging` or `error`".to_owned())
}

/// Every key of the lake begins so.
fn looks_like_a_key(text: &str) -> bool {
    text.split_once("/protocol=").is_some_and(|(zone, _)| Zone::parse(zone).is_some())
}

impl Get {
    pub(super) async fn run(self, context: Context) -> Result<Ending, Halt> {
        let message_id = MessageId::parse(&self.what).ok();
        if message_id.is_some() && self.zone.is_none() {
            context
                .say
                .problem("which of the message's objects? Name it: --zone ingestion, staging or error");
            return Ok(Ending::WrongUse);
        }
        // Nothing else is asked for, or put on record: somebody may name a file of theirs by mistake.
        if message_id.is_none() && !looks_like_a_key(&self.what) {
            context.say.problem(&format!(
                "{:?} is neither a key, as `steward list` shows them, nor a message's id",
                self.what
            ));
            return Ok(Ending::WrongUse);
        }
        account::with_account(&context, async |account| {
            let (key, recorded) = match (message_id, self.zone) {
                (Some(message_id), Some(zone)) => self.named_by_id(account, message_id, zone).await?,
                _ => self.named_by_key(account).await?,
            };
            self.fetch(&context, account, &key, recorded).await
        })
        .await
    }

    async fn named_by_id(
        &self,
        account: &Account,
        message_id: MessageId,
        zone: Zone,
    ) -> Result<(String, Option<er7::Digest>), Halt> {
        let source = account.reads().await?;
        let entry = account.clients.catalog.entry(&source, message_id).await?;
        let entry =
            entry.ok_or_else(|| Halt::Failed(format!("your institution has no message {message_id}")))?;
        let key = key_of(&entry.head, zone, self.attempt).ok_or_else(|| {
            let state = entry.head.state.as_str();
            Halt::Failed(format!("the message has nothing in {} (its state is {state})", zone.as_str()))
        })?;
        let key = key.to_string();
        let recorded = recorded_digest(&entry, &key);
        Ok((key, recorded))
    }

    async fn named_by_key(&self, account: &Account) -> Result<(String, Option<er7::Digest>), Halt> {
        let source = account.reads().await?;
        let recorded = match ObjectKey::parse(&self.what).filter(|key| key.source == source) {
            Some(key) => {
                let entry = account.clients.catalog.entry(&source, key.message_id).await?;
                entry.and_then(|entry| recorded_digest(&entry, &self.what))
            }
            // Another institution's: the lake itself refuses it.
            None => None,
        };
        Ok((self.what.clone(), recorded))
    }

    async fn fetch(
        &self,
        context: &Context,
        account: &Account,
        key: &str,
        recorded: Option<er7::Digest>,
    ) -> Result<Ending, Halt> {
        let mut fetch = Fetch::open(&account.clients, key, recorded).await?;
        // Recorded before anything is shown: what is not on record is not shown.
        account.record(Action::Get, key.to_owned()).await?;
        let proof = match &self.to {
            Some(path) => {
                account.record(Action::Export, key.to_owned()).await?;
                let proof = to_file(context, fetch, path).await?;
                context.say.note(&format!("{} bytes written", proof.1));
                proof.0
            }
            None => {
                let mut out = Out { data: context.data(), is_terminal: std::io::stdout().is_terminal() };
                while let Some(bytes) = fetch.next().await? {
                    out.write(&bytes)?;
                    if context.stop.is_asked() {
                        return Ok(Ending::Stopped);
                    }
                }
                out.data.flush()?;
                fetch.finish()?
            }
        };
        match proof {
            Proof::Catalog(_) => context.say.detail("the bytes have the fingerprint that the lake recorded"),
            Proof::Storage(_) => {
                context.say.note(
                    "the catalog does not name these bytes; they have the checksum of the lake's storage",
                );
            }
            Proof::Nothing(_) => {
                context.say.note("nobody recorded a fingerprint to hold these bytes against")
            }
        }
        Ok(Ending::AllWell)
    }
}

/// Writes to a new file that gets its name only when all is well.
async fn to_file(context: &Context, mut fetch: Fetch, path: &std::path::Path) -> Result<(Proof, u64), Halt> {
    let unusable =
        |error: std::io::Error| Halt::Setup(format!("{} cannot be written: {error}", path.display()));
    if path.exists() {
        return Err(Halt::Setup(format!("{} is there already; name a new file", path.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unusable)?;
    let mut written = 0;
    while let Some(bytes) = fetch.next().await? {
        file.write_all(&bytes).map_err(unusable)?;
        written += bytes.len() as u64;
        if context.stop.is_asked() {
            return Err(Halt::Failed("stopped; nothing was written".to_owned()));
        }
    }
    let proof = fetch.finish()?;
    file.as_file().sync_all().map_err(unusable)?;
    file.persist_noclobber(path).map_err(|error| unusable(error.error))?;
    Ok((proof, written))
}

/// Standard output: bytes as they are, but on a terminal made fit for it.
struct Out {
    data: Data,
    is_terminal: bool,
}

impl Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if !self.is_terminal {
            return self.data.write(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        for line in text.split_inclusive(['\r', '\n']) {
            let ends = line.ends_with(['\r', '\n']);
            self.data.write(printable(line.trim_end_matches(['\r', '\n'])).as_bytes())?;
            if ends {
                self.data.write(b"\n")?;
            }
        }
        Ok(())
    }
}
