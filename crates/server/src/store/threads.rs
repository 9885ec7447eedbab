//! The threads that own the connections: one writer with group commit, some readers.
//!
//! ```text
//! use case → queue → BEGIN · SAVEPOINT a · SAVEPOINT b · … · COMMIT (one fsync) → a, b, … acknowledged
//! ```
//!
//! Whatever waits in the queue joins the batch: the busier the server, the more writes one fsync carries. A use case that
//! refuses is rolled back to its own savepoint; its neighbours stay. Nobody is answered before the commit has come back.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::oneshot;

use super::StoreError;
use super::connection::{Connection, Transaction};

/// More would make the first of the batch wait for no gain.
const BATCH: usize = 256;

/// Told after the commit, or why there was none.
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Outcome {
    /// Whether the use case's own writes stay.
    keep: bool,
    acknowledge: Acknowledge,
}

type Job = Box<dyn FnOnce(&mut dyn Transaction) -> Outcome + Send>;

/// How the writer's batches were, for whoever watches.
#[derive(Clone, Debug)]
pub(crate) struct Commits {
    /// Writes in a batch.
    pub(crate) sizes: Histogram,
    /// Seconds that a batch took, with its fsync.
    pub(crate) seconds: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        Self {
            sizes: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]),
            seconds: Histogram::new([0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0]),
        }
    }
}

/// The queue of one or more threads. Dropping it ends them once their queue is empty.
pub(crate) struct Lane {
    jobs: Option<mpsc::Sender<Job>>,
    threads: Vec<thread::JoinHandle<()>>,
    commits: Commits,
}

impl Lane {
    /// How its batches were; readers have none.
    pub(crate) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// One thread that writes.
    pub(crate) fn writer(connection: impl Connection) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let commits = Commits::default();
        let told = commits.clone();
        let writer = thread::Builder::new().name("store-writer".into());
        let thread = writer.spawn(move || write(connection, &queue, &told))?;
        Ok(Self { jobs: Some(jobs), threads: vec![thread], commits })
    }

    /// A thread a connection, which share a queue.
    pub(crate) fn readers(connections: Vec<impl Connection>) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        let start = |connection| {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name("store-reader".into()).spawn(move || read(connection, &queue))
        };
        let threads = connections.into_iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self { jobs: Some(jobs), threads, commits: Commits::default() })
    }

    /// Runs a use case in a transaction and waits for its commit. `committed` runs after the commit, in the order of
    /// the commits, before the caller goes on.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        use_case: impl FnOnce(&mut dyn Transaction) -> Result<R, StoreError> + Send + 'static,
        committed: impl FnOnce(&R) + Send + 'static,
    ) -> Result<R, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = use_case(transaction);
            Outcome {
                keep: result.is_ok(),
                acknowledge: Box::new(move |commit| acknowledge(answer, result, commit, committed)),
            }
        });
        let queued = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if !queued {
            return Err(gone());
        }
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the storage ended badly");
            }
        }
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the storage has ended".to_owned())
}

fn acknowledge<R>(
    answer: oneshot::Sender<Result<R, StoreError>>,
    result: Result<R, StoreError>,
    commit: Result<(), StoreError>,
    committed: impl FnOnce(&R),
) {
    let result = match (result, commit) {
        (Ok(value), Ok(())) => {
            committed(&value);
            Ok(value)
        }
        (Ok(_), Err(error)) | (Err(error), _) => Err(error),
    };
    // Whoever asked may have given up waiting.
    answer.send(result).ok();
}

fn write(mut connection: impl Connection, queue: &mpsc::Receiver<Job>, commits: &Commits) {
    while let Ok(first) = queue.recv() {
        let batch: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(BATCH - 1)).collect();
        let mut waiting = Vec::with_capacity(batch.len());
        let begun = Instant::now();
        commits.sizes.observe(batch.len() as f64);
        let committed = write_batch(&mut connection, batch, &mut waiting);
        commits.seconds.observe(begun.elapsed().as_secs_f64());
        settle(&mut connection, committed, waiting);
    }
}

fn write_batch(
    connection: &mut impl Connection,
    batch: Vec<Job>,
    waiting: &mut Vec<Acknowledge>,
) -> Result<(), StoreError> {
    let begun = connection.begin_write().or_else(|_| connection.revive().and_then(|()| connection.begin_write()));
    for job in batch {
        // After a failed BEGIN each job still has to run, to get hold of whom to tell; its statements change nothing then.
        let outcome = if begun.is_ok() { within_savepoint(connection, job)? } else { job(&mut Closed) };
        waiting.push(outcome.acknowledge);
    }
    begun?;
    connection.control("COMMIT")
}

fn within_savepoint(connection: &mut impl Connection, job: Job) -> Result<Outcome, StoreError> {
    // A failure here dooms the batch: the job is told so with all others.
    let opened = connection.control("SAVEPOINT use_case");
    if opened.is_err() {
        return Ok(Outcome { keep: false, ..job(&mut Closed) });
    }
    let outcome = job(connection);
    if !outcome.keep
        && let Err(error) = connection.control("ROLLBACK TO SAVEPOINT use_case")
    {
        (outcome.acknowledge)(Err(repeat(&error)));
        return Err(error);
    }
    if let Err(error) = connection.control("RELEASE SAVEPOINT use_case") {
        (outcome.acknowledge)(Err(repeat(&error)));
        return Err(error);
    }
    Ok(outcome)
}

fn settle(connection: &mut impl Connection, committed: Result<(), StoreError>, waiting: Vec<Acknowledge>) {
    if let Err(error) = &committed {
        tracing::error!("a batch of writes failed: {error}");
        if let Err(error) = connection.revive() {
            tracing::error!("the database can't be reached: {error}");
        }
    }
    for acknowledge in waiting {
        acknowledge(committed.as_ref().copied().map_err(repeat));
    }
}

fn repeat(error: &StoreError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

fn read(mut connection: impl Connection, queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        read_one(&mut connection, job);
    }
}

fn read_one(connection: &mut impl Connection, job: Job) {
    let begun = connection.begin_read().or_else(|_| connection.revive().and_then(|()| connection.begin_read()));
    let outcome = match &begun {
        Ok(()) => job(connection),
        Err(_) => job(&mut Closed),
    };
    let ended = begun.and_then(|()| connection.control("COMMIT"));
    if ended.is_err()
        && let Err(error) = connection.revive()
    {
        tracing::error!("the database can't be reached: {error}");
    }
    (outcome.acknowledge)(ended);
}

/// Stands in for a connection that is not there.
struct Closed;

impl Transaction for Closed {
    fn execute(&mut self, _: &str, _: &[super::connection::Value]) -> Result<u64, StoreError> {
        Err(StoreError::Unavailable("the database can't be reached".to_owned()))
    }

    fn query(&mut self, _: &str, _: &[super::connection::Value]) -> Result<Vec<super::connection::Row>, StoreError> {
        Err(StoreError::Unavailable("the database can't be reached".to_owned()))
    }
}
