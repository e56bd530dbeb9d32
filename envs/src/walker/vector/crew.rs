//! The threads that step the walkers.
//!
//! Each thread but the caller's waits for a shard, works on it and hands it back: shards change owners, and nothing is shared.

use super::VectorError;
use super::shard::Shard;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// How long a thread keeps looking for what it waits for before it sleeps: to be woken costs about as much, and a fifth of a
/// step if each step does it twice.
const WATCH: Duration = Duration::from_micros(100);

/// What is done with every shard.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    /// Begins the episodes that were assigned.
    Begin,
    /// Takes a step.
    Step,
}

/// All walkers, in shards, and one worker for each shard but the first.
#[derive(Debug)]
pub(super) struct Crew {
    // Boxed, because they move from thread to thread.
    #[allow(clippy::vec_box)]
    shards: Vec<Box<Shard>>,
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    /// None once the worker is to end.
    jobs: Option<SyncSender<(Job, Box<Shard>)>>,
    done: Receiver<Box<Shard>>,
    thread: Option<JoinHandle<()>>,
}

impl Crew {
    /// A crew for shards of walkers that follow one another.
    #[allow(clippy::vec_box)]
    pub(super) fn new(shards: Vec<Box<Shard>>) -> Result<Self, VectorError> {
        let workers = shards.iter().skip(1).map(|_| Worker::start()).collect::<Result<_, _>>();
        Ok(Self { shards, workers: workers.map_err(VectorError::Thread)? })
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().map(|shard| &**shard)
    }

    pub(super) fn shards_mut(&mut self) -> impl Iterator<Item = &mut Shard> {
        self.shards.iter_mut().map(|shard| &mut **shard)
    }

    /// The shard of a walker.
    pub(super) fn shard(&self, walker: usize) -> &Shard {
        &self.shards[self.place(walker)]
    }

    /// The shard of a walker.
    pub(super) fn shard_mut(&mut self, walker: usize) -> &mut Shard {
        let place = self.place(walker);
        &mut self.shards[place]
    }

    fn place(&self, walker: usize) -> usize {
        self.shards.partition_point(|shard| shard.walkers().end <= walker)
    }

    /// Does a job in every shard and waits for all of them.
    ///
    /// # Panics
    /// If a worker panicked, with its panic.
    pub(super) fn run(&mut self, job: Job) {
        for worker in self.workers.iter().rev() {
            let shard = self.shards.pop().expect("there is a shard for each worker");
            let jobs = worker.jobs.as_ref().expect("workers end only when the crew does");
            // A worker that has ended is found out below, by what it does not hand back.
            drop(jobs.send((job, shard)));
        }
        self.shards[0].run(job);
        for worker in &mut self.workers {
            match watch(&worker.done) {
                Ok(shard) => self.shards.push(shard),
                Err(_) => worker.pass_on_panic(),
            }
        }
    }
}

impl Worker {
    fn start() -> Result<Self, std::io::Error> {
        let (jobs, todo) = sync_channel::<(Job, Box<Shard>)>(1);
        let (finished, done) = sync_channel(1);
        let thread = std::thread::Builder::new().name("walkers".to_owned()).spawn(move || {
            while let Ok((job, mut shard)) = watch(&todo) {
                shard.run(job);
                if finished.send(shard).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), done, thread: Some(thread) })
    }

    fn pass_on_panic(&mut self) -> ! {
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => panic!("a thread of the walkers ended after a panic"),
        }
    }
}

/// Receives, without sleeping where it need not wait for long.
fn watch<T>(from: &Receiver<T>) -> Result<T, RecvError> {
    let started = Instant::now();
    loop {
        match from.try_recv() {
            Ok(received) => return Ok(received),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) if started.elapsed() < WATCH => core::hint::spin_loop(),
            Err(TryRecvError::Empty) => return from.recv(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, has been or will be passed on by whoever waits for its work.
            drop(thread.join());
        }
    }
}
