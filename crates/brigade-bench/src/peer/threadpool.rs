//! threadpool: `execute` for every job, results over a channel of the standard library; a job that
//! submits others holds a clone of the pool.

use super::Peer;
use crate::pool::{self, PoolTraffic, Workers};
use std::ops::Range;
use std::sync::mpsc;
use threadpool::ThreadPool;

pub(super) const POOL: Peer<PoolTraffic> = Peer {
    name: "threadpool",
    work: |traffic| Ok(pool::work::<ThreadPool>(traffic)),
};

impl Workers for ThreadPool {
    type Inside = Self;

    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn inside(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn execute_inside(pool: &Self, job: impl FnOnce() + Send + 'static) {
        pool.execute(job);
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        Self::execute(self, job);
    }

    fn answers(&self, questions: Range<usize>) -> Vec<usize> {
        let mut answers = vec![0; questions.len()];
        let (sender, receiver) = mpsc::channel();
        for (index, question) in questions.enumerate() {
            let sender = sender.clone();
            Self::execute(self, move || {
                let result = (index, pool::answer(question));
                sender.send(result).expect("the window waits for this");
            });
        }
        drop(sender);
        for (index, answer) in receiver {
            answers[index] = answer;
        }
        answers
    }

    fn answer(&self, question: usize) -> usize {
        let (sender, receiver) = mpsc::channel();
        Self::execute(self, move || {
            let result = pool::answer(question);
            sender.send(result).expect("somebody waits for this");
        });
        receiver.recv().expect("the job does not panic")
    }
}
