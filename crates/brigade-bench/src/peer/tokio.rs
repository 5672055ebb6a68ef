//! tokio: its channels with the blocking and the awaited calls, its task pool as a pool for
//! jobs, and its pool for blocking jobs held to the same number of threads.

use super::{Channels, ONE_RECEIVER, PANICS_ON_ZERO, Peer, TASKS_SELECT};
use crate::channel::batches::{BlockingBatches, MOST, TaskBatches};
use crate::channel::broadcast::{self as broadcast_table, Broadcasting, LISTENERS};
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::oneshot::{self as table, Oneshot, OneshotTraffic};
use crate::pool::{self, PoolTraffic, Workers};
use crate::run::{Absent, Work};
use std::future::ready;
use std::ops::Range;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{
    Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel,
};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: TokioMpsc::NAME,
    work: |workload| {
        let Route { shape, capacity } = workload.route;
        Ok(match capacity {
            Some(capacity) => {
                workload.batches_anywhere(move || Ends::one_receiver(shape, channel(capacity)))
            }
            None => {
                workload.batches_anywhere(move || Ends::one_receiver(shape, unbounded_channel()))
            }
        })
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: "tokio oneshot",
    work: |traffic| Ok(table::work::<TokioOneshot>(traffic)),
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: TokioMpsc::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| channel(CAPACITY))))
    },
};

pub(super) const BROADCAST: Peer<Broadcasting> = Peer {
    name: "tokio broadcast",
    work: |question| {
        Ok(question.anywhere(|| {
            let (sender, first) = broadcast::channel(broadcast_table::CAPACITY);
            let mut receivers = vec![first];
            receivers.resize_with(LISTENERS, || sender.subscribe());
            (sender, receivers)
        }))
    },
};

pub(super) struct TokioMpsc;

pub(super) const SPAWN_POOL: Peer<PoolTraffic> = Peer {
    name: "tokio spawn",
    work: |traffic| Ok(pool::work::<Spawn>(traffic)),
};

pub(super) const BLOCKING_POOL: Peer<PoolTraffic> = Peer {
    name: "tokio spawn_blocking",
    work: |traffic| Ok(pool::work::<SpawnBlocking>(traffic)),
};

impl Channels for TokioMpsc {
    const NAME: &'static str = "tokio mpsc";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let Route { shape, capacity } = workload.route;
        if shape.receivers > 1 {
            return Err(ONE_RECEIVER);
        }
        match capacity {
            Some(0) => Err(PANICS_ON_ZERO),
            Some(capacity) => {
                Ok(workload.anywhere(move || Ends::one_receiver(shape, channel::<M>(capacity))))
            }
            None => {
                Ok(workload.anywhere(move || Ends::one_receiver(shape, unbounded_channel::<M>())))
            }
        }
    }
}

impl<M: Message> BlockingSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.blocking_send(message).is_ok()
    }
}

impl<M: Message> BlockingSender for UnboundedSender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.send(message).is_ok()
    }
}

impl<M: Message> BlockingReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.blocking_recv()
    }
}

impl<M: Message> BlockingReceiver for UnboundedReceiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.blocking_recv()
    }
}

impl<M: Message> TaskSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<M: Message> TaskSender for UnboundedSender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl<M: Message> TaskReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}

impl<M: Message> TaskReceiver for UnboundedReceiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.blocking_recv_many(batch, MOST) > 0
    }
}

impl TaskBatches for Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.recv_many(batch, MOST).await > 0
    }
}

impl BlockingBatches for UnboundedReceiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.blocking_recv_many(batch, MOST) > 0
    }
}

impl TaskBatches for UnboundedReceiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.recv_many(batch, MOST).await > 0
    }
}

struct TokioOneshot;

impl Oneshot for TokioOneshot {
    type Sender = oneshot::Sender<usize>;
    type Receiver = oneshot::Receiver<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        oneshot::channel()
    }

    #[inline]
    fn send(sender: Self::Sender, message: usize) -> bool {
        sender.send(message).is_ok()
    }

    #[inline]
    fn recv(receiver: Self::Receiver) -> Option<usize> {
        receiver.blocking_recv().ok()
    }
}

impl BlockingSender for broadcast::Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl BlockingReceiver for broadcast::Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.blocking_recv().ok()
    }
}

impl TaskSender for broadcast::Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl TaskReceiver for broadcast::Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<usize>> + Send {
        self.recv()
    }
}

/// Jobs as tasks of the runtime.
struct Spawn(Runtime);

impl Workers for Spawn {
    type Inside = ();

    fn start(threads: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(threads).build();
        Self(runtime.expect("the system gives the runtime its threads"))
    }

    fn inside(&self) {}

    #[inline]
    fn execute_inside((): &(), job: impl FnOnce() + Send + 'static) {
        drop(tokio::spawn(async move { job() }));
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
    type Inside = ();

    fn start(threads: usize) -> Self {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads)
            .build();
        Self(runtime.expect("the system gives the runtime what it needs"))
    }

    fn inside(&self) {}

    #[inline]
    fn execute_inside((): &(), job: impl FnOnce() + Send + 'static) {
        drop(tokio::task::spawn_blocking(job));
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
