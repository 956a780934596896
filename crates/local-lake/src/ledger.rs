//! The front door's ledger on SQLite: a row a digest and institution, a row a settled message.

use jiff::Timestamp;
use lake::{
    Claimed, Digest, Fault, KnownState, Ledger, LedgerRecord, MessageId, NewClaim, Replaces, SettledMessage,
    Source,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::database::{Database, nanoseconds, timestamp};

/// The tables, for [`Database::open`]. A settled claim has a `raw_digest`; one that was given up has no `owner`.
pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ledger (
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    message_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    owner BLOB,
    lease_until INTEGER NOT NULL,
    raw_digest BLOB,
    PRIMARY KEY (source, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_unsettled ON ledger (lease_until) WHERE raw_digest IS NULL;
CREATE TABLE IF NOT EXISTS message (
    message_id TEXT NOT NULL,
    source TEXT NOT NULL,
    digest BLOB NOT NULL,
    raw_digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    replaces TEXT,
    replaces_known INTEGER,
    PRIMARY KEY (message_id, source)
) WITHOUT ROWID;
";

/// Most digests that may be asked for at once.
const KNOWN_AT_ONCE: usize = 100;

const MESSAGE_COLUMNS: &str = "digest, raw_digest, size, received_at, attempt, replaces, replaces_known";

/// The ledger. Clones share it.
#[derive(Clone)]
pub struct LocalLedger {
    database: Database,
}

impl LocalLedger {
    /// A ledger on a database that has its tables ([`SCHEMA`]).
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Ends the leases of claims that an earlier process left behind: one process holds a data folder, so when a lake
    /// starts no other claimant is alive, and their senders need not wait. Ids and times of receipt stay. How many there were.
    pub async fn end_leases(&self) -> Result<usize, Fault> {
        self.database
            .write(|connection| {
                connection.execute(
                    "UPDATE ledger SET owner = NULL, lease_until = 0 WHERE raw_digest IS NULL AND lease_until > 0",
                    [],
                )
            })
            .await
    }
}

impl Ledger for LocalLedger {
    async fn claim(&self, claim: &NewClaim) -> Result<Claimed, Fault> {
        let new = claim.clone();
        self.database.write(move |connection| claim_row(connection, &new)).await
    }

    async fn settle(
        &self,
        source: &Source,
        owner: [u8; 16],
        message_id: MessageId,
        settled: &SettledMessage,
    ) -> Result<bool, Fault> {
        let (source, settled) = (source.clone(), settled.clone());
        self.database
            .write(move |connection| settle_row(connection, &source, owner, message_id, &settled))
            .await
    }

    async fn release(&self, source: &Source, digest: &Digest, owner: [u8; 16]) -> Result<(), Fault> {
        let (source, digest) = (source.clone(), *digest);
        // Id and time of receipt stay for the next claimant: the event may be on its way under them.
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE ledger SET owner = NULL, lease_until = 0 \
                         WHERE source = ?1 AND digest = ?2 AND owner = ?3 AND raw_digest IS NULL",
                    )?
                    .execute(params![source.as_str(), digest.as_bytes(), owner])
                    .map(|_| ())
            })
            .await
    }

    async fn known(&self, source: &Source, digests: &[Digest]) -> Result<Vec<Option<LedgerRecord>>, Fault> {
        if digests.len() > KNOWN_AT_ONCE {
            let reason = format!("at most {KNOWN_AT_ONCE} digests at once, not {}", digests.len());
            return Err(Fault::Refused { part: "the ledger", reason });
        }
        let (source, digests) = (source.clone(), digests.to_vec());
        self.database
            .read(move |connection| {
                digests
                    .iter()
                    .map(|digest| Ok(find(connection, &source, digest)?.map(|row| row.record)))
                    .collect()
            })
            .await
    }

    async fn message(&self, source: &Source, message_id: MessageId) -> Result<Option<SettledMessage>, Fault> {
        let source = source.clone();
        self.database
            .read(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "SELECT {MESSAGE_COLUMNS} FROM message WHERE message_id = ?1 AND source = ?2"
                    ))?
                    .query_row(params![message_id.to_string(), source.as_str()], read_message)
                    .optional()
            })
            .await
    }

    async fn mint_attempt(
        &self,
        source: &Source,
        message_id: MessageId,
    ) -> Result<Option<SettledMessage>, Fault> {
        let source = source.clone();
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached(&format!(
                        "UPDATE message SET attempt = attempt + 1 WHERE message_id = ?1 AND source = ?2 \
                         RETURNING {MESSAGE_COLUMNS}"
                    ))?
                    .query_row(params![message_id.to_string(), source.as_str()], read_message)
                    .optional()
            })
            .await
    }
}

/// A row of the ledger.
struct Known {
    record: LedgerRecord,
    owner: Option<[u8; 16]>,
    lease_until: Timestamp,
}

fn claim_row(connection: &Connection, new: &NewClaim) -> rusqlite::Result<Claimed> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO ledger (source, digest, message_id, received_at, owner, lease_until) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            new.source.as_str(),
            new.digest.as_bytes(),
            new.message_id.to_string(),
            nanoseconds(new.received_at),
            new.owner,
            nanoseconds(new.lease_until),
        ])?;
    if inserted == 1 {
        return Ok(Claimed::Mine { message_id: new.message_id, received_at: new.received_at });
    }
    let known = find(connection, &new.source, &new.digest)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let LedgerRecord { message_id, received_at, state, .. } = known.record;
    if state == KnownState::Settled {
        return Ok(Claimed::Settled(known.record));
    }
    // The same owner asks again when it did not hear the first answer.
    if known.owner != Some(new.owner) && known.lease_until > new.received_at {
        return Ok(Claimed::Pending { lease_until: known.lease_until });
    }
    connection
        .prepare_cached("UPDATE ledger SET owner = ?3, lease_until = ?4 WHERE source = ?1 AND digest = ?2")?
        .execute(params![
            new.source.as_str(),
            new.digest.as_bytes(),
            new.owner,
            nanoseconds(new.lease_until)
        ])?;
    Ok(Claimed::Mine { message_id, received_at })
}

fn settle_row(
    connection: &Connection,
    source: &Source,
    owner: [u8; 16],
    message_id: MessageId,
    settled: &SettledMessage,
) -> rusqlite::Result<bool> {
    let id = message_id.to_string();
    let mine = connection
        .prepare_cached(
            "UPDATE ledger SET raw_digest = coalesce(raw_digest, ?5) \
             WHERE source = ?1 AND digest = ?2 AND owner = ?3 AND message_id = ?4",
        )?
        .execute(params![
            source.as_str(),
            settled.digest.as_bytes(),
            owner,
            id,
            settled.raw_digest.as_bytes()
        ])?;
    if mine == 0 {
        return Ok(false);
    }
    connection
        .prepare_cached(&format!(
            "INSERT INTO message (message_id, source, {MESSAGE_COLUMNS}) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING"
        ))?
        .execute(params![
            id,
            source.as_str(),
            settled.digest.as_bytes(),
            settled.raw_digest.as_bytes(),
            settled.size,
            nanoseconds(settled.received_at),
            settled.attempt,
            settled.replaces.as_ref().map(|replaces| replaces.message_id.to_string()),
            settled.replaces.as_ref().map(|replaces| replaces.known),
        ])?;
    Ok(true)
}

fn find(connection: &Connection, source: &Source, digest: &Digest) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT message_id, received_at, owner, lease_until, raw_digest FROM ledger \
             WHERE source = ?1 AND digest = ?2",
        )?
        .query_row(params![source.as_str(), digest.as_bytes()], |row| {
            let raw_digest = row.get::<_, Option<[u8; 32]>>(4)?.map(Digest::from_bytes);
            let state = if raw_digest.is_some() { KnownState::Settled } else { KnownState::Pending };
            Ok(Known {
                record: LedgerRecord {
                    digest: *digest,
                    raw_digest,
                    message_id: read_id(row, 0)?,
                    received_at: timestamp(row.get(1)?),
                    state,
                },
                owner: row.get(2)?,
                lease_until: timestamp(row.get(3)?),
            })
        })
        .optional()
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<SettledMessage> {
    let replaces = match row.get_ref(5)?.as_str_or_null()? {
        None => None,
        Some(_) => Some(Replaces { message_id: read_id(row, 5)?, known: row.get(6)? }),
    };
    Ok(SettledMessage {
        digest: Digest::from_bytes(row.get(0)?),
        raw_digest: Digest::from_bytes(row.get(1)?),
        size: row.get(2)?,
        received_at: timestamp(row.get(3)?),
        attempt: row.get(4)?,
        replaces,
    })
}

fn read_id(row: &Row<'_>, column: usize) -> rusqlite::Result<MessageId> {
    MessageId::parse(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}
