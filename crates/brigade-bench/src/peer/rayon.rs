//! rayon: a pool of its own, `spawn` for jobs nobody waits for and for windows of results over a
//! channel, `install` for one result.

use super::Peer;
use crate::pool::{self, PoolTraffic, Workers};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;
use std::sync::mpsc;

pub(super) const POOL: Peer<PoolTraffic> = Peer {
    name: "rayon",
    work: |traffic| Ok(pool::work::<ThreadPool>(traffic)),
};

impl Workers for ThreadPool {
    fn start(threads: usize) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("the system gives the pool its threads")
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.spawn(job);
    }

    fn answers(&self, questions: Range<usize>) -> Vec<usize> {
        let mut answers = vec![0; questions.len()];
        let (sender, receiver) = mpsc::channel();
        for (index, question) in questions.enumerate() {
            let sender = sender.clone();
            self.spawn(move || {
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
        self.install(|| pool::answer(question))
    }
}
