//! Ours: the same handles for every shape, for threads and for tasks, and the pool as it comes.

use super::{ChannelPeer, OURS, PoolPeer};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, TaskReceiver, TaskSender, tasks,
    threads,
};
use crate::pool::{self, Workers};
use brigade::channel::{Receiver, Sender, bounded, unbounded};
use brigade::pool::{Job, Pool};
use std::ops::Range;

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: OURS,
    threads: |route, traffic| Ok(threads::work(traffic, move || open(route))),
    tasks: |route, traffic| Ok(tasks::work(traffic, move || open(route))),
};

pub(super) const POOL: PoolPeer = PoolPeer {
    name: OURS,
    work: pool::work::<Pool>,
};

fn open(route: Route) -> Ends<Sender<usize>, Receiver<usize>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

impl BlockingSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl BlockingReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv().ok()
    }
}

impl TaskSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send_async(message)
    }
}

impl TaskReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv_async()
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
