//! What the counter rows need from a peer, and their two workloads: everybody adds ones, and one
//! thread takes the sum of what several have added.

use super::{Crew, Stint, alone};
use crate::run::{Load, Run, Work};
use std::hint::black_box;
use std::sync::Arc;

/// The most threads of any row, for counters that want to know.
pub(crate) const MOST_THREADS: usize = 8;
/// What each of those threads has added before a sum is taken.
const ADDED: usize = 10_000;

/// What to do with the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CounterTraffic {
    Add,
    /// The sum of a counter that [`MOST_THREADS`] have added to at the same time and left.
    Sum,
}

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Counting {
    pub(crate) crew: Crew,
    pub(crate) traffic: CounterTraffic,
}

/// A counter that many threads add to.
pub(crate) trait SharedCounter: Send + Sync + 'static {
    fn new() -> Self;
    fn add_one(&self);
    fn sum(&self) -> usize;
}

/// Makes the work that a peer's counter is to do.
pub(crate) fn work<C: SharedCounter>(counting: Counting) -> Work {
    let Counting { crew, traffic } = counting;
    match traffic {
        CounterTraffic::Add => Box::new(move |load| {
            let counter = Arc::new(C::new());
            let run = add(&crew, &counter, load)?;
            alone(counter)?;
            Ok(run)
        }),
        CounterTraffic::Sum => Box::new(move |load| sum::<C>(&crew, load)),
    }
}

fn add<C: SharedCounter>(crew: &Crew, counter: &Arc<C>, load: Load) -> Result<Run, String> {
    let outcome = crew.run(load, |actor| {
        let (counter, order) = (Arc::clone(counter), actor.order);
        let act = move |_| Stint::from(order.carry_out(|_| counter.add_one()));
        actor.stage.thread(actor.gate, act)
    })?;
    outcome.settle(counter.sum())
}

fn sum<C: SharedCounter>(crew: &Crew, load: Load) -> Result<Run, String> {
    let counter = Arc::new(C::new());
    let before = Crew {
        size: MOST_THREADS,
        ..crew.clone()
    };
    let added = Load {
        ops: MOST_THREADS * ADDED,
        ..load
    };
    let expected = add(&before, &counter, added)?.ops;
    let outcome = crew.run(load, |actor| {
        let (counter, order) = (Arc::clone(&counter), actor.order);
        actor.stage.thread(actor.gate, move |_| {
            let tally = order.carry_out(|_| {
                assert_eq!(black_box(&counter).sum(), expected, "a wrong sum");
            });
            tally.into()
        })
    })?;
    outcome.settle(outcome.done())
}
