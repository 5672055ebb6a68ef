//! threadpool: `execute` for every job, results over a channel of the standard library.

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
    fn start(threads: usize) -> Self {
        Self::new(threads)
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
