//! chili: a pool of its own, and for every call from outside a scope of it, as its users make them.
//! It has no maps: its users join halves, down to a grain that they choose.

use super::Peer;
use crate::fork::map::{self, MapTraffic, Maps};
use crate::fork::tree::Node;
use crate::fork::{self, ForkTraffic, Forks};
use chili::{Config, Scope, ThreadPool};
use std::num::NonZero;

const NAME: &str = "chili";

pub(super) const FORK: Peer<ForkTraffic> = Peer {
    name: NAME,
    work: |traffic| Ok(fork::work::<ThreadPool>(traffic)),
};

pub(super) const MAP: Peer<MapTraffic> = Peer {
    name: NAME,
    work: |traffic| Ok(map::work::<ThreadPool>(traffic)),
};

fn start(threads: usize) -> ThreadPool {
    ThreadPool::with_config(Config {
        thread_count: NonZero::new(threads),
        ..Config::default()
    })
}

impl Forks for ThreadPool {
    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn fib(&self, n: u32) -> u64 {
        fib(&mut self.scope(), n)
    }

    fn sum(&self, root: &Node) -> u64 {
        sum(&mut self.scope(), root)
    }

    fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        self.scope().join(|_| a(), |_| b())
    }
}

fn fib(scope: &mut Scope<'_>, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = scope.join(|s| fib(s, n - 1), |s| fib(s, n - 2));
    a + b
}

fn sum(scope: &mut Scope<'_>, node: &Node) -> u64 {
    let (left, right) = scope.join(
        |s| node.left.as_deref().map_or(0, |node| sum(s, node)),
        |s| node.right.as_deref().map_or(0, |node| sum(s, node)),
    );
    node.value + left + right
}

impl Maps for ThreadPool {
    fn start(threads: usize) -> Self {
        start(threads)
    }

    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
        let mut results = items.to_vec();
        let each = |place: &mut usize| *place = each(*place);
        halves(&mut self.scope(), &mut results, 1, &each);
        results
    }

    fn change(&self, numbers: &mut [u64], grain: usize, each: impl Fn(&mut u64) + Sync) {
        halves(&mut self.scope(), numbers, grain, &each);
    }
}

fn halves<T: Send>(
    scope: &mut Scope<'_>,
    items: &mut [T],
    grain: usize,
    each: &(impl Fn(&mut T) + Sync),
) {
    if items.len() <= grain {
        items.iter_mut().for_each(each);
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    scope.join(
        |s| halves(s, left, grain, each),
        |s| halves(s, right, grain, each),
    );
}
