//! rayon: a pool of its own, entered by `install`, then its free function `join`; maps by its
//! parallel iterators, and a second time by joins of halves, which its users take where they know
//! the grain.

use super::Peer;
use super::rayon::start;
use crate::fork::map::{self, MapTraffic, Maps};
use crate::fork::tree::Node;
use crate::fork::{self, ForkTraffic, Forks};
use rayon::prelude::*;
use rayon::{ThreadPool, join};

const NAME: &str = "rayon";

pub(super) const FORK: Peer<ForkTraffic> = Peer {
    name: NAME,
    work: |traffic| Ok(fork::work::<ThreadPool>(traffic)),
};

pub(super) const MAP: Peer<MapTraffic> = Peer {
    name: NAME,
    work: |traffic| Ok(map::work::<ThreadPool>(traffic)),
};

pub(super) const MAP_BY_JOINS: Peer<MapTraffic> = Peer {
    name: "rayon join",
    work: |traffic| Ok(map::work::<ByJoins>(traffic)),
};

impl Forks for ThreadPool {
    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn fib(&self, n: u32) -> u64 {
        self.install(|| fib(n))
    }

    fn sum(&self, root: &Node) -> u64 {
        self.install(|| sum(root))
    }

    fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        self.join(a, b)
    }
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = join(|| fib(n - 1), || fib(n - 2));
    a + b
}

fn sum(node: &Node) -> u64 {
    let (left, right) = join(
        || node.left.as_deref().map_or(0, sum),
        || node.right.as_deref().map_or(0, sum),
    );
    node.value + left + right
}

impl Maps for ThreadPool {
    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
        self.install(|| items.par_iter().map(|item| each(*item)).collect())
    }

    fn change(&self, numbers: &mut [u64], _grain: usize, each: impl Fn(&mut u64) + Sync) {
        self.install(|| numbers.par_iter_mut().for_each(&each));
    }
}

struct ByJoins(ThreadPool);

impl Maps for ByJoins {
    fn start(threads: usize) -> Self {
        Self(start(threads))
    }

    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
        let mut results = items.to_vec();
        let each = |place: &mut usize| *place = each(*place);
        self.0.install(|| halves(&mut results, 1, &each));
        results
    }

    fn change(&self, numbers: &mut [u64], grain: usize, each: impl Fn(&mut u64) + Sync) {
        self.0.install(|| halves(numbers, grain, &each));
    }
}

fn halves<T: Send>(items: &mut [T], grain: usize, each: &(impl Fn(&mut T) + Sync)) {
    if items.len() <= grain {
        items.iter_mut().for_each(each);
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    join(|| halves(left, grain, each), || halves(right, grain, each));
}
