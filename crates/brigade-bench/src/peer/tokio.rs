//! tokio: its mpsc channel with the blocking and the awaited calls, its task pool as a pool for
//! jobs, and its pool for blocking jobs held to the same number of threads.

use super::{ChannelPeer, PoolPeer};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, Shape, TaskReceiver, TaskSender,
    Traffic,
    tasks::{self, TaskTraffic},
    threads,
};
use crate::pool::{self, Workers};
use crate::run::{Absent, Work};
use std::future::ready;
use std::ops::Range;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{
    Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel,
};
use tokio::task::JoinHandle;

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "tokio mpsc",
    threads,
    tasks,
};

pub(super) const SPAWN_POOL: PoolPeer = PoolPeer {
    name: "tokio spawn",
    work: pool::work::<Spawn>,
};

pub(super) const BLOCKING_POOL: PoolPeer = PoolPeer {
    name: "tokio spawn_blocking",
    work: pool::work::<SpawnBlocking>,
};

const ONE_RECEIVER: Absent = Absent("its channels have one receiver");

fn threads(route: Route, traffic: Traffic) -> Result<Work, Absent> {
    let Route { shape, capacity } = route;
    if shape == Shape::Mpmc {
        return Err(ONE_RECEIVER);
    }
    Ok(match capacity {
        Some(capacity) => threads::work(traffic, move || {
            Ends::one_receiver(shape, channel(capacity))
        }),
        None => threads::work(traffic, move || {
            Ends::one_receiver(shape, unbounded_channel())
        }),
    })
}

fn tasks(route: Route, traffic: TaskTraffic) -> Result<Work, Absent> {
    let Route { shape, capacity } = route;
    if shape == Shape::Mpmc {
        return Err(ONE_RECEIVER);
    }
    Ok(match capacity {
        Some(capacity) => tasks::work(traffic, move || {
            Ends::one_receiver(shape, channel(capacity))
        }),
        None => tasks::work(traffic, move || {
            Ends::one_receiver(shape, unbounded_channel())
        }),
    })
}

impl BlockingSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.blocking_send(message).is_ok()
    }
}

impl BlockingSender for UnboundedSender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl BlockingReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.blocking_recv()
    }
}

impl BlockingReceiver for UnboundedReceiver<usize> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.blocking_recv()
    }
}

impl TaskSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl TaskSender for UnboundedSender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl TaskReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}

impl TaskReceiver for UnboundedReceiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}

/// Jobs as tasks of the runtime.
struct Spawn(Runtime);

impl Workers for Spawn {
    fn start(threads: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(threads).build();
        Self(runtime.expect("the system gives the runtime its threads"))
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        drop(self.0.spawn(async move { job() }));
    }

    fn answers(&self, questions: Range<usize>) -> Vec<usize> {
        let jobs = questions
            .map(|question| self.0.spawn(async move { pool::answer(question) }))
            .collect();
        take_all(&self.0, jobs)
    }

    fn answer(&self, question: usize) -> usize {
        let job = self.0.spawn(async move { pool::answer(question) });
        self.0.block_on(job).expect("the job does not panic")
    }
}

/// Jobs as blocking calls. The runtime beside them runs in the thread that waits for a result and
/// adds no thread of its own.
struct SpawnBlocking(Runtime);

impl Workers for SpawnBlocking {
    fn start(threads: usize) -> Self {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads)
            .build();
        Self(runtime.expect("the system gives the runtime what it needs"))
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        drop(self.0.spawn_blocking(job));
    }

    fn answers(&self, questions: Range<usize>) -> Vec<usize> {
        let jobs = questions
            .map(|question| self.0.spawn_blocking(move || pool::answer(question)))
            .collect();
        take_all(&self.0, jobs)
    }

    fn answer(&self, question: usize) -> usize {
        let job = self.0.spawn_blocking(move || pool::answer(question));
        self.0.block_on(job).expect("the job does not panic")
    }
}

fn take_all(runtime: &Runtime, jobs: Vec<JoinHandle<usize>>) -> Vec<usize> {
    runtime.block_on(async {
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            answers.push(job.await.expect("the job does not panic"));
        }
        answers
    })
}
