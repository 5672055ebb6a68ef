//! What the rows of locks that many may read at once need from a peer, and their workload:
//! everybody reads a count, writes to it or does both. A reader that sees the count go back
//! ends the run.

use super::{Crew, Order, Outcome, Stint, alone};
use crate::run::{Run, Work};
use crate::tally::Tally;
use std::sync::Arc;

/// One in so many operations is a write, in a mixed row.
const WRITE_EVERY: usize = 100;
/// What everybody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mix {
    Read,
    Write,
    /// 99 reads to 1 write.
    Mostly,
}

impl Mix {
    /// Whether this operation is a write.
    #[inline]
    fn writes(self, number: usize) -> bool {
        match self {
            Self::Read => false,
            Self::Write => true,
            Self::Mostly => number.is_multiple_of(WRITE_EVERY),
        }
    }

    /// The writes among so many operations.
    fn writes_among(self, operations: usize) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => operations,
            Self::Mostly => operations.div_ceil(WRITE_EVERY),
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
        let outcome = crew.run(load, |actor| {
            let (lock, order) = (Arc::clone(&lock), actor.order);
            actor
                .stage
                .thread(actor.gate, move |_| at_work(&*lock, mix, &order))
        })?;
        settle(&outcome, mix, alone(lock)?.into_count())
    })
}

/// Makes the work of tasks that share a peer's lock.
pub(crate) fn in_tasks<L: TaskRwLock>(reading: Reading) -> Work {
    let Reading { crew, mix } = reading;
    Box::new(move |load| {
        let lock = Arc::new(L::default());
        let outcome = crew.run(load, |actor| {
            let (lock, order) = (Arc::clone(&lock), actor.order);
            actor.stage.task(actor.gate, move |tally| async move {
                task_at_work(&*lock, mix, &order, tally).await
            })
        })?;
        settle(&outcome, mix, alone(lock)?.into_count())
    })
}

fn at_work(lock: &impl ThreadRwLock, mix: Mix, order: &Order) -> Stint {
    let mut seen = 0;
    let tally = order.carry_out(|number| {
        if mix.writes(number) {
            lock.add();
        } else {
            see(&mut seen, lock.read());
        }
    });
    tally.into()
}

async fn task_at_work(lock: &impl TaskRwLock, mix: Mix, order: &Order, mut tally: Tally) -> Stint {
    let mut seen = 0;
    while let Some(numbers) = order.portion(&tally) {
        for number in numbers {
            if mix.writes(number) {
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
    let written = mix.writes_among(outcome.done());
    if written != counted {
        return Err(format!("{written} writes were done, {counted} are counted"));
    }
    outcome.settle(outcome.done())
}

#[cfg(test)]
mod tests {
    use super::Mix;

    #[test]
    fn one_in_a_hundred_is_a_write() {
        for mix in [Mix::Mostly, Mix::Read, Mix::Write] {
            for operations in [1, 100, 101, 1000] {
                let writes = (0..operations).filter(|number| mix.writes(*number));
                assert_eq!(writes.count(), mix.writes_among(operations), "{mix:?}");
            }
        }
        assert_eq!(Mix::Mostly.writes_among(1000), 10);
    }
}
