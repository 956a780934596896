//! The account of a submission, at the same cost whatever its size: from counts that the file itself keeps with every change.

use rusqlite::params;

use super::outcome::{Counts, MessageState};
use super::staging::StagingCounts;
use super::store::{Queue, QueueProblem};
use super::submissions::SubmissionId;

/// How the messages of a submission stand at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// By what became of them.
    pub counts: Counts,
    /// Those that taking the submission up again can change.
    pub open: u64,
    /// Those of the open ones that wait to be handed over; of the others it is not known what became.
    pub to_send: u64,
    /// Those in the lake, by what staging made of them.
    pub staging: StagingCounts,
}

impl Queue {
    /// The counts of a submission, checked: what was found in files is what is accounted for. With them, how many
    /// messages taking it up again can change.
    pub fn counted(&self, id: SubmissionId) -> Result<(Counts, u64), QueueProblem> {
        let standing = self.standing(id)?;
        Ok((standing.counts, standing.open))
    }

    /// How the messages of a submission stand, checked as in [`Queue::counted`].
    pub fn standing(&self, id: SubmissionId) -> Result<Standing, QueueProblem> {
        let standing = self.standing_unchecked(id)?;
        let counts = &standing.counts;
        if counts.found != counts.accounted() {
            return Err(QueueProblem::DoesNotAddUp { found: counts.found, accounted: counts.accounted() });
        }
        Ok(standing)
    }

    /// How the messages of a submission stand: for lists, in which one that does not add up hides no other.
    pub(crate) fn standing_unchecked(&self, id: SubmissionId) -> Result<Standing, QueueProblem> {
        let mut standing = Standing::default();
        type Counted = (i64, i64, i64);
        let read = || -> rusqlite::Result<(Vec<Counted>, Counted)> {
            let standings = self
                .connection
                .prepare_cached(
                    "SELECT state, staging, sum(messages) FROM standings WHERE submission = ?1 GROUP BY state, staging",
                )?
                .query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let totals = self
                .connection
                .prepare_cached("SELECT coalesce(sum(files), 0), coalesce(sum(not_hl7), 0), coalesce(sum(found), 0) FROM totals WHERE submission = ?1")?
                .query_row(params![id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok((standings, totals))
        };
        let (standings, (files, not_hl7, found)) = read().map_err(self.problem())?;
        for (state, staging, messages) in standings {
            let messages = messages.unsigned_abs();
            let Some(state) = MessageState::of(state) else { continue };
            standing.counts.add(state, messages);
            standing.open += if state.is_open() { messages } else { 0 };
            match state {
                MessageState::Waiting | MessageState::NotSentYet => standing.to_send += messages,
                MessageState::Ingested => standing.staging.add(staging, messages),
                _ => {}
            }
        }
        let counts = &mut standing.counts;
        (counts.files, counts.not_hl7, counts.found) =
            (files.unsigned_abs(), not_hl7.unsigned_abs(), found.unsigned_abs());
        Ok(standing)
    }
}
