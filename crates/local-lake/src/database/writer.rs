use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{io, thread};

use lake::Fault;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{Settings, Tally, fault_of, unavailable};

/// Tells a caller how its job ended, once the fate of the transaction is known.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// What a job left behind: whether its savepoint is to be kept, and how to answer.
struct Done {
    keep: bool,
    answer: Answer,
}

type Job = Box<dyn FnOnce(&Connection) -> Done + Send>;

enum Order {
    Run(Job),
    Close(oneshot::Sender<Result<(), Fault>>),
}

/// The way to the writer thread. The thread ends, and the file is closed, when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    limit: Duration,
}

impl Writer {
    pub(super) fn start(connection: Connection, settings: Settings, tally: Arc<Tally>) -> io::Result<Self> {
        let (orders, queue) = mpsc::channel(settings.queue.max(1));
        let group = settings.group.max(1);
        thread::Builder::new()
            .name("lake-writer".to_owned())
            .spawn(move || Loop { connection, queue, group, tally }.run())?;
        Ok(Self { orders, limit: settings.limit })
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let order = Order::Run(Box::new(move |connection| perform(connection, job, answer)));
        let deadline = tokio::time::Instant::now() + self.limit;
        match timeout(self.limit, self.orders.send(order)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unavailable("it is closed")),
            Err(_) => return Err(unavailable("its queue is full")),
        }
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unavailable("the job was given up before it ran")),
            Err(_) => Err(unavailable("the commit takes too long")),
        }
    }

    pub(super) async fn close(&self) -> Result<(), Fault> {
        let (answer, answered) = oneshot::channel();
        let closing = async {
            if self.orders.send(Order::Close(answer)).await.is_err() {
                return Ok(()); // closed before
            }
            answered.await.unwrap_or(Ok(()))
        };
        timeout(self.limit, closing).await.unwrap_or_else(|_| Err(unavailable("closing takes too long")))
    }
}

fn perform<T: Send + 'static>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    answer: oneshot::Sender<Result<T, Fault>>,
) -> Done {
    let result = match catch_unwind(AssertUnwindSafe(|| job(connection))) {
        Ok(result) => result.map_err(|error| fault_of(&error)),
        Err(_) => Err(Fault::Refused {
            part: super::PART,
            reason: "a job panicked; its work was undone".to_owned(),
        }),
    };
    Done {
        keep: result.is_ok(),
        answer: Box::new(move |committed| {
            // A caller that has gone no longer wants its answer.
            drop(answer.send(result.and_then(|value| committed.map(|()| value))));
        }),
    }
}

struct Loop {
    connection: Connection,
    queue: mpsc::Receiver<Order>,
    group: usize,
    tally: Arc<Tally>,
}

impl Loop {
    fn run(mut self) {
        let mut closing = None;
        let mut answers = Vec::with_capacity(self.group);
        while closing.is_none() {
            let Some(first) = self.queue.blocking_recv() else { break };
            closing = self.commit_group(first, &mut answers);
        }
        self.queue.close();
        let closed = self.shut();
        if let Some(answer) = closing {
            drop(answer.send(closed));
        }
    }

    /// Runs one order and all that wait behind it, up to the group's size, in one transaction, and answers them.
    fn commit_group(
        &mut self,
        first: Order,
        answers: &mut Vec<Answer>,
    ) -> Option<oneshot::Sender<Result<(), Fault>>> {
        let mut next = match first {
            Order::Close(answer) => return Some(answer),
            Order::Run(job) => Some(job),
        };
        let mut closing = None;
        let mut failed = self.execute("BEGIN IMMEDIATE").err();
        while let Some(job) = next.take() {
            if let Err(fault) = self.run_job(job, failed.as_ref(), answers) {
                failed.get_or_insert(fault);
            }
            if answers.len() >= self.group {
                break;
            }
            match self.queue.try_recv() {
                Ok(Order::Run(job)) => next = Some(job),
                Ok(Order::Close(answer)) => closing = Some(answer),
                Err(_) => {}
            }
        }
        let committed = match failed {
            None => self.execute("COMMIT"),
            Some(fault) => Err(fault),
        };
        if !self.connection.is_autocommit() {
            // Nothing of a group that could not be committed may slip into the next one.
            if let Err(fault) = self.execute("ROLLBACK") {
                tracing::error!(%fault, "a failed transaction could not be undone");
            }
        }
        self.tally.commits.fetch_add(u64::from(committed.is_ok()), Ordering::Relaxed);
        self.tally.jobs.fetch_add(u64::try_from(answers.len()).unwrap_or(0), Ordering::Relaxed);
        for answer in answers.drain(..) {
            answer(committed.clone());
        }
        closing
    }

    /// Runs a job in its savepoint. `Err`: the whole transaction is lost (SQLite undoes it when the disk is full).
    fn run_job(&self, job: Job, failed: Option<&Fault>, answers: &mut Vec<Answer>) -> Result<(), Fault> {
        if failed.is_some() || self.execute("SAVEPOINT job").is_err() {
            // The answer will be the group's failure, whatever the job would have said.
            answers.push(skipped(job));
            return Err(unavailable("the transaction failed"));
        }
        let done = job(&self.connection);
        answers.push(done.answer);
        if self.connection.is_autocommit() {
            return Err(unavailable("the transaction was undone: the disk may be full"));
        }
        if !done.keep {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")
    }

    fn execute(&self, statement: &str) -> Result<(), Fault> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
            .map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => fault_of(&error),
                // Whatever stands in the way of a transaction, the jobs in it may be tried again.
                _ => unavailable(&fault_of(&error).to_string()),
            })
    }

    fn shut(self) -> Result<(), Fault> {
        self.connection.flush_prepared_statement_cache();
        let checkpoint = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|error| fault_of(&error));
        let closed = self.connection.close().map_err(|(_, error)| fault_of(&error));
        checkpoint.and(closed)
    }
}

/// Turns a job that cannot be run into its answer.
fn skipped(job: Job) -> Answer {
    drop(job); // its caller hears that the channel closed
    Box::new(|_| {})
}
