//! What a change of many rows does to the counts that the queue's file keeps (see `schema`): summed up first, written once.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::outcome::MessageState;

/// What changes, by submission.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Messages more or fewer, by submission, state, staging and block.
    messages: BTreeMap<(i64, i64, i64, i64), i64>,
    files: BTreeMap<i64, Files>,
}

/// Files more or fewer.
#[derive(Debug, Default)]
struct Files {
    all: i64,
    not_hl7: i64,
    left_out: i64,
    found: i64,
}

/// What of a file's row is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileCount<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) messages: i64,
}

impl Tally {
    /// A message stands there now that was not there before.
    pub(super) fn found(&mut self, submission: i64, row: i64, state: MessageState) {
        self.add((submission, state as i64, 0), row, 1);
    }

    /// A message that stood there, by its numbers for state and staging, is gone.
    pub(super) fn dropped(&mut self, submission: i64, row: i64, (state, staging): (i64, i64)) {
        self.add((submission, state, staging), row, -1);
    }

    /// A message stood in `from`, whatever its staging, and stands in `to` now.
    pub(super) fn moved(&mut self, submission: i64, row: i64, from: (i64, i64), to: MessageState) {
        self.add((submission, from.0, from.1), row, -1);
        self.add((submission, to as i64, from.1), row, 1);
    }

    fn add(&mut self, (submission, state, staging): (i64, i64, i64), row: i64, messages: i64) {
        *self.messages.entry((submission, state, staging, row >> 10)).or_default() += messages;
    }

    /// A file's row became this; what it was, if it was there.
    pub(super) fn file(&mut self, submission: i64, before: Option<FileCount<'_>>, now: FileCount<'_>) {
        let files = self.files.entry(submission).or_default();
        files.all += i64::from(before.is_none());
        for (count, sign) in [(before, -1), (Some(now), 1)] {
            let Some(FileCount { kind, messages }) = count else { continue };
            files.not_hl7 += sign * i64::from(kind == Some("not-hl7") && messages == 0);
            files.left_out += sign * i64::from(messages == 0);
            files.found += sign * messages;
        }
    }

    pub(super) fn write(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut add = transaction.prepare_cached(
            "INSERT INTO standings VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET messages = messages + excluded.messages",
        )?;
        for ((submission, state, staging, block), messages) in self.messages {
            if messages != 0 {
                add.execute([submission, state, staging, block, messages])?;
            }
        }
        for (submission, Files { all, not_hl7, left_out, found }) in self.files {
            transaction
                .prepare_cached(
                    "UPDATE totals SET files = files + ?2, not_hl7 = not_hl7 + ?3, left_out = left_out + ?4, found = found + ?5
                     WHERE submission = ?1",
                )?
                .execute(params![submission, all, not_hl7, left_out, found])?;
        }
        Ok(())
    }
}
