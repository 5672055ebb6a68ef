//! Ours: the pool as it comes, for jobs, scopes of jobs, joins and maps, and for tasks.

use super::{OURS, Peer};
use crate::fork::map::{self, MapTraffic, Maps};
use crate::fork::tree::Node;
use crate::fork::{self, ForkTraffic, Forks};
use crate::memory::{Parked, Parks, THREADS};
use crate::pool::scope::{self, Scopes, Scoping};
use crate::pool::{self, PoolTraffic, Workers};
use brigade::pool::{Job, Pool, Worker, current};
use std::ops::Range;

pub(super) const POOL: Peer<PoolTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(pool::work::<Pool>(traffic)),
};

pub(super) const SCOPE: Peer<Scoping> = Peer {
    name: OURS,
    work: |scoping| Ok(scope::work::<Pool>(scoping)),
};

pub(super) const FORK: Peer<ForkTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(fork::work::<Pool>(traffic)),
};

pub(super) const MAP: Peer<MapTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(map::work::<Pool>(traffic)),
};

impl Workers for Pool {
    type Inside = ();

    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn start_with_room(threads: usize, jobs: usize) -> Self {
        let pool = Pool::builder().threads(threads).queue_capacity(jobs);
        pool.build().expect("the system gives the pool its threads")
    }

    fn inside(&self) {}

    #[inline]
    fn execute_inside((): &(), job: impl FnOnce() + Send + 'static) {
        current(|pool| {
            let pool = pool.expect("on a worker of the pool");
            pool.execute(job).expect("the pool is open");
        });
    }

    #[inline]
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        Pool::execute(self, job).expect("the pool is open");
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

impl Scopes for Pool {
    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn answer_all(&self, questions: &[usize], answers: &mut [usize]) {
        self.scope_plain(|scope| {
            for (question, answer) in questions.iter().zip(answers) {
                scope.spawn(|| *answer = pool::answer(*question));
            }
        });
    }
}

impl Forks for Pool {
    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn fib(&self, n: u32) -> u64 {
        let (a, b) = self.join(|w| fib(w, n - 1), |w| fib(w, n - 2));
        a + b
    }

    fn sum(&self, root: &Node) -> u64 {
        let (left, right) = self.join(
            |w| root.left.as_deref().map_or(0, |node| sum(w, node)),
            |w| root.right.as_deref().map_or(0, |node| sum(w, node)),
        );
        root.value + left + right
    }

    fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        self.join(|_| a(), |_| b())
    }
}

fn fib(worker: &Worker, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = worker.join(|w| fib(w, n - 1), |w| fib(w, n - 2));
    a + b
}

fn sum(worker: &Worker, node: &Node) -> u64 {
    let (left, right) = worker.join(
        |w| node.left.as_deref().map_or(0, |node| sum(w, node)),
        |w| node.right.as_deref().map_or(0, |node| sum(w, node)),
    );
    node.value + left + right
}

impl Maps for Pool {
    fn start(threads: usize) -> Self {
        Self::new(threads)
    }

    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
        self.map_collect(items, |item| each(*item))
    }

    fn change(&self, numbers: &mut [u64], _grain: usize, each: impl Fn(&mut u64) + Sync) {
        self.for_each(numbers, each);
    }
}

impl Parks for Pool {
    const NAME: &'static str = OURS;

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        let pool = Self::new(THREADS);
        body(&|task| drop(pool.spawn(task)));
    }
}
