use lake::{HubEvent, MessageId, Source};
use rusqlite::{Connection, OptionalExtension, params};

use super::Depth;

/// A delivery's id carries its subscriber's number in the upper bits, so that each queue is a range of the table:
/// published at its end, taken from its start, without an index beside it.
const NUMBER_SHIFT: u32 = 44;

/// `due_at` (nanoseconds since 1970) is set once a delivery has failed and waits to be tried again.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS subscriber (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY,
    tries INTEGER NOT NULL,
    due_at INTEGER,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (id >> 44, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subscriber INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at INTEGER NOT NULL,
    reported INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS dead_letter_message ON dead_letter (source, message_id);
CREATE INDEX IF NOT EXISTS dead_letter_unreported ON dead_letter (id) WHERE reported = 0;
";

/// A delivery to be made.
pub(super) struct Delivery {
    pub(super) id: i64,
    pub(super) tries: u32,
    pub(super) body: Vec<u8>,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    First,
    Retry,
}

/// How a try ended, for its row.
pub(super) enum Settlement {
    /// Acknowledged.
    Done,
    /// To be tried again.
    Again { tries: u32, due_at: i64 },
    /// Failed for good. Without an event the row could not be read; nobody can be told of it.
    Dead { event: Option<Box<HubEvent>>, reason: String },
}

/// A dead letter that nobody was told of.
pub(super) struct Unreported {
    pub(super) id: i64,
    pub(super) subscriber: String,
    pub(super) reason: String,
    pub(super) body: Vec<u8>,
}

/// The number of a subscriber, which is given one if it has none, and the next id in its queue.
pub(super) fn ensure_subscriber(connection: &Connection, name: &str) -> rusqlite::Result<(i64, i64)> {
    connection.execute("INSERT INTO subscriber (name) VALUES (?1) ON CONFLICT DO NOTHING", [name])?;
    let number: i64 =
        connection.query_row("SELECT id FROM subscriber WHERE name = ?1", [name], |row| row.get(0))?;
    let (first, end) = (first_id(number), first_id(number + 1));
    let last: Option<i64> = connection.query_row(
        "SELECT max(last) FROM (SELECT max(id) AS last FROM delivery WHERE id >= ?1 AND id < ?2 \
         UNION ALL SELECT max(id) FROM dead_letter WHERE id >= ?1 AND id < ?2)",
        [first, end],
        |row| row.get(0),
    )?;
    Ok((number, last.map_or(first, |last| last + 1)))
}

/// The smallest id of a subscriber's queue.
pub(super) fn first_id(number: i64) -> i64 {
    number << NUMBER_SHIFT
}

pub(super) fn insert(connection: &Connection, id: i64, body: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO delivery (id, tries, body) VALUES (?1, 0, ?2)")?
        .execute(params![id, body])
        .map(|_| ())
}

/// Deliveries behind `after` that were never tried since the lane began, oldest first.
pub(super) fn fresh(
    connection: &Connection,
    number: i64,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, tries, body FROM delivery WHERE id > ?1 AND id < ?2 AND due_at IS NULL ORDER BY id LIMIT ?3",
    )?;
    statement.query_map(params![after, first_id(number + 1), limit], |row| read(row, Kind::First))?.collect()
}

/// Deliveries whose wait is over, longest first.
pub(super) fn due(
    connection: &Connection,
    number: i64,
    now: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, tries, body FROM delivery \
         WHERE id >> 44 = ?1 AND due_at IS NOT NULL AND due_at <= ?2 ORDER BY due_at LIMIT ?3",
    )?;
    statement.query_map(params![number, now, limit], |row| read(row, Kind::Retry))?.collect()
}

/// When the next wait is over that is not over yet.
pub(super) fn next_due(connection: &Connection, number: i64, now: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT due_at FROM delivery \
             WHERE id >> 44 = ?1 AND due_at IS NOT NULL AND due_at > ?2 ORDER BY due_at LIMIT 1",
        )?
        .query_row(params![number, now], |row| row.get(0))
        .optional()
}

pub(super) fn settle(
    connection: &Connection,
    number: i64,
    id: i64,
    settlement: &Settlement,
    now: i64,
) -> rusqlite::Result<()> {
    match settlement {
        Settlement::Done => remove(connection, id),
        Settlement::Again { tries, due_at } => connection
            .prepare_cached("UPDATE delivery SET tries = ?2, due_at = ?3 WHERE id = ?1")?
            .execute(params![id, tries, due_at])
            .map(|_| ()),
        Settlement::Dead { event, reason } => {
            let source = event.as_ref().map(|event| event.source.to_string()).unwrap_or_default();
            let message = event.as_ref().map(|event| event.message_id.to_string()).unwrap_or_default();
            connection
                .prepare_cached(
                    "INSERT INTO dead_letter (id, source, message_id, subscriber, reason, died_at, reported, body) \
                     SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, body FROM delivery WHERE id = ?1",
                )?
                .execute(params![id, source, message, number, reason, now, event.is_none()])?;
            remove(connection, id)
        }
    }
}

/// Puts the dead letters of a message back into their queues; their number.
pub(super) fn revive(
    connection: &Connection,
    source: &Source,
    message_id: MessageId,
    next_id: impl Fn(i64) -> Option<i64>,
) -> rusqlite::Result<u32> {
    let mut statement = connection
        .prepare_cached("SELECT id, subscriber FROM dead_letter WHERE source = ?1 AND message_id = ?2")?;
    let dead: Vec<(i64, i64)> = statement
        .query_map(params![source.as_str(), message_id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut count = 0;
    for (id, subscriber) in dead {
        // A queue that this version no longer knows keeps its letters.
        let Some(new_id) = next_id(subscriber) else { continue };
        connection
            .prepare_cached(
                "INSERT INTO delivery (id, tries, body) SELECT ?2, 0, body FROM dead_letter WHERE id = ?1",
            )?
            .execute([id, new_id])?;
        connection.prepare_cached("DELETE FROM dead_letter WHERE id = ?1")?.execute([id])?;
        count += 1;
    }
    Ok(count)
}

pub(super) fn unreported(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Unreported>> {
    let mut statement = connection.prepare_cached(
        "SELECT dead_letter.id, subscriber.name, reason, body FROM dead_letter \
         JOIN subscriber ON subscriber.id = dead_letter.subscriber \
         WHERE reported = 0 AND dead_letter.id > ?1 ORDER BY dead_letter.id LIMIT ?2",
    )?;
    statement
        .query_map(params![after, limit], |row| {
            Ok(Unreported {
                id: row.get(0)?,
                subscriber: row.get(1)?,
                reason: row.get(2)?,
                body: row.get(3)?,
            })
        })?
        .collect()
}

pub(super) fn mark_reported(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE dead_letter SET reported = 1 WHERE id = ?1")?.execute([id]).map(|_| ())
}

pub(super) fn depth(connection: &Connection, number: i64, name: &'static str) -> rusqlite::Result<Depth> {
    let range = [first_id(number), first_id(number + 1)];
    let waiting = connection
        .prepare_cached("SELECT count(*) FROM delivery WHERE id >= ?1 AND id < ?2")?
        .query_row(range, |row| row.get(0))?;
    let retrying = connection
        .prepare_cached("SELECT count(*) FROM delivery WHERE id >> 44 = ?1 AND due_at IS NOT NULL")?
        .query_row([number], |row| row.get(0))?;
    let dead = connection
        .prepare_cached("SELECT count(*) FROM dead_letter WHERE id >= ?1 AND id < ?2")?
        .query_row(range, |row| row.get(0))?;
    Ok(Depth { subscriber: name, waiting, retrying, dead })
}

fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM delivery WHERE id = ?1")?.execute([id]).map(|_| ())
}

fn read(row: &rusqlite::Row<'_>, kind: Kind) -> rusqlite::Result<Delivery> {
    Ok(Delivery { id: row.get(0)?, tries: row.get(1)?, body: row.get(2)?, kind })
}
