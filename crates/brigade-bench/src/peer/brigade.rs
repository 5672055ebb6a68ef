//! Ours: the same handles for every shape, for threads and for tasks, and the pool as it comes.

use super::{Channels, OURS, Peer};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::broadcast::Broadcasting;
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::oneshot::OneshotTraffic;
use crate::pool::{self, PoolTraffic, Workers};
use crate::run::{Absent, Work};
use brigade::channel::{Receiver, Sender, bounded, unbounded};
use brigade::pool::{Job, Pool};
use std::ops::Range;

pub(super) const POOL: Peer<PoolTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(pool::work::<Pool>(traffic)),
};

/// It takes what is there one by one.
pub(super) const BATCHES: Peer<Workload> = Peer {
    name: OURS,
    work: |workload| {
        let route = workload.route;
        Ok(workload.batches_anywhere(move || open(route)))
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: OURS,
    work: |_| Err(Absent("it has no channel for one message yet")),
};

/// In threads the place for its own way to select; in tasks its futures under `tokio::select!`.
pub(super) const SELECT: Peer<Selecting> = Peer {
    name: OURS,
    work: |question| {
        if !question.in_tasks {
            return Err(Absent("it does not select in threads yet"));
        }
        Ok(question.tasks(|| four(|| bounded(CAPACITY))))
    },
};

pub(super) const BROADCAST: Peer<Broadcasting> = Peer {
    name: OURS,
    work: |_| Err(Absent("it has no broadcast channel yet")),
};

/// Remove it, and the check of it, and we are in every row.
const NO_RENDEZVOUS: Absent = Absent("it has no channel of capacity 0 yet");

pub(super) struct Brigade;

impl Channels for Brigade {
    const NAME: &'static str = OURS;

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        if workload.route.capacity == Some(0) {
            return Err(NO_RENDEZVOUS);
        }
        let route = workload.route;
        Ok(workload.anywhere(move || open::<M>(route)))
    }
}

fn open<M: Message>(route: Route) -> Ends<Sender<M>, Receiver<M>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

impl<M: Message> BlockingSender for Sender<M> {
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
        self.recv().ok()
    }
}

impl<M: Message> TaskSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send_async(message)
    }
}

impl<M: Message> TaskReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv_async()
    }
}

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().ok();
        fill(batch, first, self.try_iter())
    }
}

impl TaskBatches for Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv_async().await.ok();
        fill(batch, first, self.try_iter())
    }
}

impl Workers for Pool {
    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        Self::execute(self, job).expect("the pool is open");
    }

    fn answers(&self, questions: Range<usize>) -> Vec<usize> {
        let submit = |question| self.submit(move || pool::answer(question));
        let jobs: Vec<Job<usize>> = questions
            .map(|question| submit(question).expect("the pool is open"))
            .collect();
        jobs.into_iter()
            .map(|job| job.join().expect("the job does not panic"))
            .collect()
    }

    fn answer(&self, question: usize) -> usize {
        let job = self.submit(move || pool::answer(question));
        let job = job.expect("the pool is open");
        job.join().expect("the job does not panic")
    }
}
