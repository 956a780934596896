//! The tables of the queue's file, and the way from one version of them to the next. A new file goes the whole way, so that
//! an old one ends exactly as a new one does.

use rusqlite::{OptionalExtension, Transaction};

/// `PRAGMA application_id`: "LKSQ".
const APPLICATION_ID: i64 = 0x4c4b_5351;
/// `PRAGMA user_version`: raised by a change that older programs cannot read.
const VERSION: i64 = 2;

/// What a file is that is not brought to this version.
#[derive(Debug)]
pub(super) enum Strange {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// Not a queue.
    Damaged,
    /// A later program wrote it.
    Newer(i64),
}

impl From<rusqlite::Error> for Strange {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings a file, which may be empty, to this version.
pub(super) fn bring_up(transaction: &Transaction<'_>) -> Result<(), Strange> {
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let has_tables =
        transaction.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional()?.is_some();
    let found = pragma("user_version")?;
    if has_tables && pragma("application_id")? != APPLICATION_ID {
        return Err(Strange::Damaged);
    }
    if found > VERSION {
        return Err(Strange::Newer(found));
    }
    if !has_tables {
        transaction.execute_batch(FIRST)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if !has_tables || found < 2 {
        transaction.execute_batch(SECOND)?;
    }
    if found < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(())
}

/// Paths, spans, digests, outcomes. There is no column for content, and never will be.
const FIRST: &str = "
CREATE TABLE submissions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  lake TEXT NOT NULL,             -- the profile's name here
  front_door TEXT NOT NULL,       -- where it answered: a name may come to mean another lake
  source TEXT,                    -- the institution it goes to; NULL where the sender had no right
  folder BLOB NOT NULL,           -- what relative paths are relative to
  paths TEXT NOT NULL,            -- as named, a JSON list; one that is no text as a list of its bytes
  send_anyway INTEGER NOT NULL,   -- 1: files without any MSH too
  replaces TEXT,
  begun_at INTEGER NOT NULL,      -- all times: milliseconds since 1970, UTC
  ended_at INTEGER,
  stage TEXT NOT NULL             -- scanning, scanned, ended, cancelled
);
CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  size INTEGER NOT NULL,
  modified INTEGER NOT NULL,      -- nanoseconds since 1970
  device INTEGER,
  inode INTEGER,
  kind TEXT,                      -- NULL until read to its end
  encoding TEXT,
  messages INTEGER NOT NULL DEFAULT 0,
  UNIQUE (submission, path, size, modified)
);
CREATE TABLE problems (
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  path BLOB NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (submission, path, reason)
);
CREATE TABLE senders (
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  name TEXT NOT NULL,             -- MSH-3 and MSH-4
  messages INTEGER NOT NULL,
  PRIMARY KEY (submission, name)
);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,        -- which message of the file, from 0
  span_start INTEGER NOT NULL,
  span_end INTEGER NOT NULL,
  whole INTEGER NOT NULL,         -- what is sent: 0 the span as text, 1 the whole file, 2 the span's bytes as they are
  bytes INTEGER NOT NULL,         -- as submitted
  digest BLOB,                    -- NULL where the bytes could not be had
  looks_wrong INTEGER NOT NULL,   -- 1: staging would not take it
  state INTEGER NOT NULL,
  reason TEXT,
  message_id TEXT,
  received_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  tried_at INTEGER,               -- the latest try began
  unsure_since INTEGER,           -- the first try began of which it is not known what became
  UNIQUE (file, number)
);
CREATE INDEX messages_waiting ON messages (submission, id) WHERE state = 0;
CREATE INDEX messages_unsure ON messages (submission, id) WHERE state IN (1, 8);
CREATE INDEX messages_by_state ON messages (submission, state);
CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id IS NOT NULL;
";

/// For a program that stays open: what waits for a yes, what staging made of messages, and counts that cost the same at any
/// size. `standings` counts the messages of each block of 1,024 rows by where they stand, `totals` counts files; triggers
/// keep both, so that no program can change a message without its being counted.
const SECOND: &str = "
ALTER TABLE submissions ADD COLUMN held TEXT;             -- review, paused, stopped; NULL: may be sent
ALTER TABLE submissions ADD COLUMN waits TEXT;            -- why the latest run left what waits
ALTER TABLE submissions ADD COLUMN review TEXT;           -- JSON, once looked through
ALTER TABLE submissions ADD COLUMN message_bytes INTEGER; -- the largest message that the lake takes, where it was known
ALTER TABLE problems ADD COLUMN kind TEXT NOT NULL DEFAULT 'unreadable'; -- or counts-differ
ALTER TABLE messages ADD COLUMN staging INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN error_code TEXT;
UPDATE messages SET reason = NULL WHERE state = 0;

DROP INDEX messages_waiting;
DROP INDEX messages_unsure;
DROP INDEX messages_by_state;
CREATE INDEX messages_of_submission ON messages (submission);
CREATE INDEX messages_by_standing ON messages (submission, state, staging);
CREATE INDEX messages_in_doubt ON messages (submission, state) WHERE unsure_since IS NOT NULL;
CREATE INDEX messages_unsettled ON messages (submission, message_id, staging) WHERE state = 2 AND staging <> 1;
CREATE INDEX files_without_messages ON files (submission) WHERE messages = 0;

CREATE TABLE standings (
  submission INTEGER NOT NULL REFERENCES submissions(id) ON DELETE CASCADE,
  state INTEGER NOT NULL,
  staging INTEGER NOT NULL,
  block INTEGER NOT NULL,         -- a message's row, divided by 1,024
  messages INTEGER NOT NULL,
  PRIMARY KEY (submission, state, staging, block)
) WITHOUT ROWID;
CREATE TABLE totals (
  submission INTEGER PRIMARY KEY REFERENCES submissions(id) ON DELETE CASCADE,
  files INTEGER NOT NULL,
  not_hl7 INTEGER NOT NULL,
  left_out INTEGER NOT NULL,      -- without any message, whatever their kind
  found INTEGER NOT NULL          -- messages in them
);
INSERT INTO standings
  SELECT submission, state, staging, id >> 10, count(*) FROM messages GROUP BY 1, 2, 3, 4;
INSERT INTO totals
  SELECT id, count(path), coalesce(sum(kind = 'not-hl7' AND messages = 0), 0), coalesce(sum(messages = 0), 0), coalesce(sum(messages), 0)
  FROM (SELECT submissions.id AS id, path, kind, messages FROM submissions LEFT JOIN files ON submission = submissions.id) GROUP BY id;

CREATE TRIGGER submission_begun AFTER INSERT ON submissions BEGIN
  INSERT INTO totals VALUES (new.id, 0, 0, 0, 0);
END;
CREATE TRIGGER message_found AFTER INSERT ON messages BEGIN
  INSERT INTO standings VALUES (new.submission, new.state, new.staging, new.id >> 10, 1)
    ON CONFLICT DO UPDATE SET messages = messages + 1;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state, staging ON messages
WHEN old.state <> new.state OR old.staging <> new.staging BEGIN
  UPDATE standings SET messages = messages - 1
    WHERE submission = old.submission AND state = old.state AND staging = old.staging AND block = old.id >> 10;
  INSERT INTO standings VALUES (new.submission, new.state, new.staging, new.id >> 10, 1)
    ON CONFLICT DO UPDATE SET messages = messages + 1;
END;
CREATE TRIGGER message_dropped AFTER DELETE ON messages BEGIN
  UPDATE standings SET messages = messages - 1
    WHERE submission = old.submission AND state = old.state AND staging = old.staging AND block = old.id >> 10;
END;
CREATE TRIGGER file_found AFTER INSERT ON files BEGIN
  UPDATE totals SET
    files = files + 1,
    not_hl7 = not_hl7 + (new.kind IS 'not-hl7' AND new.messages = 0),
    left_out = left_out + (new.messages = 0),
    found = found + new.messages
  WHERE submission = new.submission;
END;
CREATE TRIGGER file_read AFTER UPDATE OF kind, messages ON files BEGIN
  UPDATE totals SET
    not_hl7 = not_hl7 - (old.kind IS 'not-hl7' AND old.messages = 0) + (new.kind IS 'not-hl7' AND new.messages = 0),
    left_out = left_out - (old.messages = 0) + (new.messages = 0),
    found = found - old.messages + new.messages
  WHERE submission = new.submission;
END;
";
