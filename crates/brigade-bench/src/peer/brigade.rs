//! Ours: the same handles for every shape, for threads and for tasks, and the pool as it comes.

use super::{Channels, OURS, PoolPeer};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Sent, TaskReceiver, TaskSender,
    Workload,
};
use crate::pool::{self, Workers};
use crate::run::{Absent, Work};
use brigade::channel::{Receiver, Sender, bounded, unbounded};
use brigade::pool::{Job, Pool};
use std::ops::Range;

pub(super) const POOL: PoolPeer = PoolPeer {
    name: OURS,
    work: pool::work::<Pool>,
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
        Ok(workload.anywhere(move || {
            Ends::cloned(
                route.shape,
                route.capacity.map_or_else(unbounded::<M>, bounded::<M>),
            )
        }))
    }
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
