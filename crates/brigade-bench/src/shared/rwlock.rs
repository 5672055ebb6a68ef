//! What the rows of locks that many may read at once need from a peer, and their workload:
//! everybody reads a count, writes to it or does both. A reader that sees the count go back
//! ends the run.

use super::{Crew, Order, Outcome, Stint, alone};
use crate::run::{Run, Work};
use crate::tally::Tally;
use std::sync::Arc;

/// One in so many operations is a write, in a mixed row.
const WRITE_EVERY: usize = 100;
/// How far apart the writes of two of a crew are, so that they do not all write at once.
const APART: usize = 13;

/// What everybody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    Read,
    Write,
    /// 99 reads to 1 write.
    Mostly,
}

impl Mix {
    /// Whether this operation of this one is a write.
    #[inline]
    fn writes(self, index: usize, number: usize) -> bool {
        match self {
            Self::Read => false,
            Self::Write => true,
            Self::Mostly => (number + index * APART).is_multiple_of(WRITE_EVERY),
        }
    }

    /// The writes among the first operations of this one.
    fn writes_among(self, index: usize, operations: usize) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => operations,
            Self::Mostly => (0..operations)
                .filter(|number| self.writes(index, *number))
                .count(),
        }
    }
}

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) crew: Crew,
    pub(crate) mix: Mix,
}

/// A lock around a count that blocks threads.
pub(crate) trait ThreadRwLock: Default + Send + Sync + 'static {
    /// The count, read under the lock.
    fn read(&self) -> usize;
    /// Adds one.
    fn add(&self);
    fn into_count(self) -> usize;
}

/// A lock around a count that suspends tasks.
pub(crate) trait TaskRwLock: Default + Send + Sync + 'static {
    /// The count, read under the lock.
    fn read(&self) -> impl Future<Output = usize> + Send;
    /// Adds one.
    fn add(&self) -> impl Future<Output = ()> + Send;
    fn into_count(self) -> usize;
}

/// Makes the work of threads that share a peer's lock.
pub(crate) fn in_threads<L: ThreadRwLock>(reading: Reading) -> Work {
    let Reading { crew, mix } = reading;
    Box::new(move |load| {
        let lock = Arc::new(L::default());
        let outcome = crew.run(load, |index, actor| {
            let (lock, order) = (Arc::clone(&lock), actor.order);
            let act = move |tally| at_work(&*lock, mix, index, order, tally);
            actor.stage.thread(actor.gate, act)
        })?;
        settle(&outcome, mix, alone(lock)?.into_count())
    })
}

/// Makes the work of tasks that share a peer's lock.
pub(crate) fn in_tasks<L: TaskRwLock>(reading: Reading) -> Work {
    let Reading { crew, mix } = reading;
    Box::new(move |load| {
        let lock = Arc::new(L::default());
        let outcome = crew.run(load, |index, actor| {
            let (lock, order) = (Arc::clone(&lock), actor.order);
            actor.stage.task(actor.gate, move |tally| async move {
                task_at_work(&*lock, mix, index, order, tally).await
            })
        })?;
        settle(&outcome, mix, alone(lock)?.into_count())
    })
}

fn at_work(lock: &impl ThreadRwLock, mix: Mix, index: usize, order: Order, tally: Tally) -> Stint {
    let mut seen = 0;
    let tally = order.carry_out(tally, |number| {
        if mix.writes(index, number) {
            lock.add();
        } else {
            see(&mut seen, lock.read());
        }
    });
    tally.into()
}

async fn task_at_work(
    lock: &impl TaskRwLock,
    mix: Mix,
    index: usize,
    order: Order,
    mut tally: Tally,
) -> Stint {
    let mut seen = 0;
    while let Some(stop) = order.stop(&tally) {
        for number in tally.count()..stop {
            if mix.writes(index, number) {
                lock.add().await;
            } else {
                see(&mut seen, lock.read().await);
            }
            tally.add(number);
        }
    }
    tally.stop().into()
}

#[inline]
fn see(seen: &mut usize, count: usize) {
    assert!(count >= *seen, "the count went back");
    *seen = count;
}

/// The run, if as many writes are `counted` as were done.
fn settle(outcome: &Outcome, mix: Mix, counted: usize) -> Result<Run, String> {
    let written: usize = (0..)
        .zip(outcome.done())
        .map(|(index, done)| mix.writes_among(index, done))
        .sum();
    if written != counted {
        return Err(format!("{written} writes were done, {counted} are counted"));
    }
    outcome.settle(outcome.done().sum())
}

#[cfg(test)]
mod tests {
    use super::Mix;

    #[test]
    fn one_in_a_hundred_is_a_write_for_everybody() {
        for index in 0..8 {
            assert_eq!(Mix::Mostly.writes_among(index, 1000), 10);
            assert_eq!(Mix::Read.writes_among(index, 1000), 0);
            assert_eq!(Mix::Write.writes_among(index, 1000), 1000);
        }
    }
}
