//! One thread that forks nothing. No peer, but a mark for the rows of joins and maps: what there is
//! to do when nothing is done about it.

use crate::fork::map::{self, MapTraffic, Maps};
use crate::fork::tree::Node;
use crate::fork::{self, ForkTraffic, Forks};
use crate::run::Work;

pub(super) fn fork(traffic: ForkTraffic) -> Work {
    fork::work::<ThreadAlone>(traffic)
}

pub(super) fn map(traffic: MapTraffic) -> Work {
    map::work::<ThreadAlone>(traffic)
}

struct ThreadAlone;

impl Forks for ThreadAlone {
    fn start(_threads: usize) -> Self {
        Self
    }

    fn fib(&self, n: u32) -> u64 {
        fib(n)
    }

    fn sum(&self, root: &Node) -> u64 {
        root.sum_alone()
    }

    fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        (a(), b())
    }
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    fib(n - 1) + fib(n - 2)
}

impl Maps for ThreadAlone {
    fn start(_threads: usize) -> Self {
        Self
    }

    fn map(&self, items: &[usize], each: impl Fn(usize) -> usize + Sync) -> Vec<usize> {
        items.iter().map(|item| each(*item)).collect()
    }

    fn change(&self, numbers: &mut [u64], _grain: usize, each: impl Fn(&mut u64) + Sync) {
        numbers.iter_mut().for_each(each);
    }
}
