//! What the fork rows need from a peer, and their workloads: two closures, of which the second may
//! run on another thread. Every pool has two threads, of which the caller is one where the peer
//! counts so. The peers are in [`crate::peer`], the rows of maps in [`map`].

pub(crate) mod map;
pub(crate) mod tree;

use crate::cpu_time;
use crate::run::{Load, Run, Work, repeat};
use crate::statistics::median;
use std::hint::{self, black_box};
use std::thread;
use std::time::{Duration, Instant};
use tree::{Built, Node, Tree};

/// Threads of every pool.
pub(crate) const THREADS: usize = 2;
/// A number of Fibonacci that takes milliseconds, and what it is.
const DEEP: (u32, u64) = (30, 832_040);
/// The joins that lead to it.
const DEEP_JOINS: usize = 1_346_268;
/// A number of Fibonacci that is known before a sleeping thread could help.
const SHALLOW: (u32, u64) = (6, 8);
/// Calls from outside between two looks at the clock.
const CALLS: usize = 64;
/// What each of two coarse closures takes.
const COARSE: Duration = Duration::from_millis(1);
/// How long a pool is left alone before it gets two coarse closures.
const IDLE: Duration = Duration::from_micros(500);

/// What to fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForkTraffic {
    /// Numbers of Fibonacci, with a join at every call.
    Fib,
    /// The sum of a tree of so many layers, with a join at every node.
    Tree(u32, Built),
    /// Two closures of a millisecond each, while nobody has anything to do.
    TwoCoarse,
    /// A small number of Fibonacci, over and over, by a thread that is not of the pool.
    FromOutside,
}

/// A pool that forks and joins, used as its users use it. All is called by a thread that is not of
/// the pool.
pub(crate) trait Forks: Sized + 'static {
    fn start(threads: usize) -> Self;
    /// The number of Fibonacci, with a join at every call; `n` is at least 2.
    fn fib(&self, n: u32) -> u64;
    /// The sum of a tree, with a join at every node.
    fn sum(&self, root: &Node) -> u64;
    /// What both closures return.
    fn both<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B);
}

/// Makes the work that a peer's pool is to do.
pub(crate) fn work<P: Forks>(traffic: ForkTraffic) -> Work {
    match traffic {
        ForkTraffic::Fib => Box::new(fib::<P>),
        ForkTraffic::Tree(layers, built) => {
            let tree = tree::planted(layers, built);
            Box::new(move |load| sum::<P>(tree, load))
        }
        ForkTraffic::TwoCoarse => Box::new(two_coarse::<P>),
        ForkTraffic::FromOutside => Box::new(from_outside::<P>),
    }
}

fn started<P: Forks>() -> Result<P, String> {
    let pool = P::start(THREADS);
    check(&pool, SHALLOW)?;
    Ok(pool)
}

#[inline]
fn check<P: Forks>(pool: &P, (n, expected): (u32, u64)) -> Result<(), String> {
    same(expected, pool.fib(black_box(n)))
}

#[inline]
fn same(expected: u64, given: u64) -> Result<(), String> {
    match given == expected {
        true => Ok(()),
        false => Err(format!("{given} was returned instead of {expected}")),
    }
}

fn fib<P: Forks>(load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    repeat(load, DEEP_JOINS, || check(&pool, DEEP))
}

fn sum<P: Forks>(tree: &'static Tree, load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    repeat(load, tree.nodes, || same(tree.sum, pool.sum(&tree.root)))
}

fn from_outside<P: Forks>(load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    repeat(load, CALLS, || {
        (0..CALLS).try_for_each(|_| check(&pool, SHALLOW))
    })
}

fn two_coarse<P: Forks>(load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    let mut calls = Vec::with_capacity(load.ops);
    let cpu = cpu_time::process();
    let from = Instant::now();
    while calls.len() < load.ops && from.elapsed() < load.limit {
        thread::sleep(IDLE);
        let called = Instant::now();
        let both = pool.both(|| busy(COARSE, 1), || busy(COARSE, 2));
        calls.push(called.elapsed().as_secs_f64() * 1e6);
        if both != (1, 2) {
            return Err(format!("two closures gave {both:?}"));
        }
    }
    let cpu = (cpu_time::process() - cpu).as_secs_f64() * 1e6;
    let run = Run::of(load.ops, calls.len(), from.elapsed(), Duration::ZERO);
    Ok(Run {
        ns_per_op: median(&calls),
        cpu_ns_per_op: cpu / calls.len().max(1) as f64,
        ..run
    })
}

/// Is busy for so long, by the clock, and returns `result`. By the clock, so that neither the
/// speed of the processor nor what its neighbours do with it changes what there is to do.
#[inline]
pub(crate) fn busy<T>(time: Duration, result: T) -> T {
    let from = Instant::now();
    while from.elapsed() < time {
        hint::spin_loop();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{DEEP, DEEP_JOINS, SHALLOW, same};

    fn fib(n: u32, joins: &mut usize) -> u64 {
        if n < 2 {
            return n.into();
        }
        *joins += 1;
        fib(n - 1, joins) + fib(n - 2, joins)
    }

    #[test]
    fn the_numbers_of_fibonacci_are_what_they_are_said_to_be() {
        let mut joins = 0;
        assert_eq!(fib(DEEP.0, &mut joins), DEEP.1);
        assert_eq!(joins, DEEP_JOINS);
        assert_eq!(fib(SHALLOW.0, &mut joins), SHALLOW.1);
    }

    #[test]
    fn a_wrong_result_is_named() {
        assert_eq!(same(3, 3), Ok(()));
        assert!(same(3, 4).unwrap_err().starts_with("4 was returned"));
    }
}
