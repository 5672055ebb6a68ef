//! rayon: a pool of its own, `spawn` for jobs nobody waits for and for windows of results over a
//! channel, `install` for one result, scopes for jobs that borrow; a job submits others by the free
//! function `spawn`.

use super::Peer;
use crate::pool::scope::{self, Scopes, Scoping};
use crate::pool::{self, PoolTraffic, Workers};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;
use std::sync::mpsc;

pub(super) const POOL: Peer<PoolTraffic> = Peer {
    name: "rayon",
    work: |traffic| Ok(pool::work::<ThreadPool>(traffic)),
};

pub(super) const SCOPE: Peer<Scoping> = Peer {
    name: "rayon",
    work: |scoping| Ok(scope::work::<ThreadPool>(scoping)),
};

pub(super) fn start(threads: usize) -> ThreadPool {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("the system gives the pool its threads")
}

impl Workers for ThreadPool {
    type Inside = ();

    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn inside(&self) {}

    #[inline]
    fn execute_inside((): &(), job: impl FnOnce() + Send + 'static) {
        rayon::spawn(job);
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

impl Scopes for ThreadPool {
    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn answer_all(&self, questions: &[usize], answers: &mut [usize]) {
        self.scope(|scope| {
            for (question, answer) in questions.iter().zip(answers) {
                scope.spawn(|_| *answer = pool::answer(*question));
            }
        });
    }
}
