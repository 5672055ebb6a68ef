//! What the mutex rows need from a peer, and their workload: everybody locks, adds one, does what
//! the section is, and unlocks. The rows of the longest wait do the same and read the clock
//! around every acquisition; the others read none.

use super::section::{Section, Toil};
use super::{Actor, Crew, Order, Stint, alone};
use crate::run::{Load, Run, Work};
use crate::stage::Running;
use crate::tally::Tally;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the figure of a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    TimePerOperation,
    /// The longest time one acquisition took for anybody.
    LongestWait,
}

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Locking {
    pub(crate) crew: Crew,
    pub(crate) section: Section,
    pub(crate) figure: Figure,
}

/// A lock around a count that blocks threads.
pub(crate) trait ThreadMutex: Default + Send + Sync + 'static {
    /// Acts while it has the lock.
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T;
    fn into_count(self) -> usize;
}

/// A lock around a count that suspends tasks.
pub(crate) trait TaskMutex: Default + Send + Sync + 'static {
    /// Acts while it has the lock; if it `yields`, others may run before it is given back.
    fn with<T: Send>(
        &self,
        yields: bool,
        act: impl FnOnce(&mut usize) -> T + Send,
    ) -> impl Future<Output = T> + Send;
    fn into_count(self) -> usize;
}

/// Makes the work of threads that share a peer's lock.
pub(crate) fn in_threads<L: ThreadMutex>(locking: Locking) -> Work {
    let (toil, figure) = (locking.section.toil(), locking.figure);
    Box::new(move |load| {
        run::<L>(&locking, load, L::into_count, |lock, actor| {
            let order = actor.order;
            actor.stage.thread(actor.gate, move |_| match figure {
                Figure::TimePerOperation => hurry(&*lock, &order, toil),
                Figure::LongestWait => wait(&*lock, &order, toil),
            })
        })
    })
}

/// Makes the work of tasks that share a peer's lock.
pub(crate) fn in_tasks<L: TaskMutex>(locking: Locking) -> Work {
    let (toil, yields) = (locking.section.toil(), locking.section.yields());
    let figure = locking.figure;
    Box::new(move |load| {
        run::<L>(&locking, load, L::into_count, |lock, actor| {
            let order = actor.order;
            actor.stage.task(actor.gate, move |tally| async move {
                match figure {
                    Figure::TimePerOperation => {
                        hurry_task(&*lock, &order, toil, yields, tally).await
                    }
                    Figure::LongestWait => wait_task(&*lock, &order, toil, yields, tally).await,
                }
            })
        })
    })
}

fn run<L: Default>(
    locking: &Locking,
    load: Load,
    into_count: fn(L) -> usize,
    start: impl Fn(Arc<L>, Actor) -> Running<Stint>,
) -> Result<Run, String> {
    let lock = Arc::new(L::default());
    let crew = &locking.crew;
    let outcome = crew.run(load, |actor| start(Arc::clone(&lock), actor))?;
    let counted = into_count(alone(lock)?);
    match locking.figure {
        Figure::TimePerOperation => outcome.settle(counted),
        Figure::LongestWait => outcome.settle_longest(counted),
    }
}

fn hurry(lock: &impl ThreadMutex, order: &Order, toil: Toil) -> Stint {
    let tally = order.carry_out(|_| {
        lock.with(|count| {
            *count += 1;
            toil.run();
        });
    });
    tally.into()
}

fn wait(lock: &impl ThreadMutex, order: &Order, toil: Toil) -> Stint {
    let mut longest = Duration::ZERO;
    let tally = order.carry_out(|_| {
        let asked = Instant::now();
        let waited = lock.with(|count| {
            let waited = asked.elapsed();
            *count += 1;
            toil.run();
            waited
        });
        longest = longest.max(waited);
    });
    Stint { tally, longest }
}

async fn hurry_task(
    lock: &impl TaskMutex,
    order: &Order,
    toil: Toil,
    yields: bool,
    mut tally: Tally,
) -> Stint {
    while let Some(numbers) = order.portion(&tally) {
        for number in numbers {
            lock.with(yields, |count| {
                *count += 1;
                toil.run();
            })
            .await;
            tally.add(number);
        }
    }
    tally.stop().into()
}

async fn wait_task(
    lock: &impl TaskMutex,
    order: &Order,
    toil: Toil,
    yields: bool,
    mut tally: Tally,
) -> Stint {
    let mut longest = Duration::ZERO;
    while let Some(numbers) = order.portion(&tally) {
        for number in numbers {
            let asked = Instant::now();
            let waited = lock
                .with(yields, |count| {
                    let waited = asked.elapsed();
                    *count += 1;
                    toil.run();
                    waited
                })
                .await;
            longest = longest.max(waited);
            tally.add(number);
        }
    }
    let tally = tally.stop();
    Stint { tally, longest }
}
