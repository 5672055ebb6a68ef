//! What the rows of shared state have in common: a crew of threads or tasks that all do the same
//! to one lock, semaphore or counter, and the check that what it counted is what they did. Each
//! kind of shared state has a file here; the peers are in [`crate::peer`].

pub(crate) mod condvar;
pub(crate) mod counter;
pub(crate) mod mutex;
pub(crate) mod once;
pub(crate) mod rwlock;
pub(crate) mod section;
pub(crate) mod semaphore;

use crate::cpu_time;
use crate::run::{Load, Run};
use crate::stage::{Gate, Running, Stage};
use crate::tally::{self, Tally, share};
use std::sync::Arc;
use std::time::Duration;

/// Operations between two looks at the clock. More than a channel's, because the cheapest of these
/// take about a nanosecond.
const LOOK: usize = 256;

/// Those who share something, and where they run.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    pub(crate) size: usize,
    pub(crate) in_tasks: bool,
    pub(crate) stage: Stage,
}

impl Crew {
    /// Starts everybody by `start`, which is told their number, and waits for all.
    fn run(
        &self,
        load: Load,
        start: impl Fn(usize, Actor) -> Running<Stint>,
    ) -> Result<Outcome, String> {
        let gate = Gate::new(self.size);
        let order = Order {
            ops: share(load, self.size),
            limit: load.limit,
        };
        let actors = (0..self.size)
            .map(|index| {
                let actor = Actor {
                    stage: &self.stage,
                    gate: &gate,
                    order,
                };
                start(index, actor)
            })
            .collect();
        let cpu = self.stage.open(&gate);
        let stints = self.stage.join(actors)?;
        Ok(Outcome {
            asked: order.ops * self.size,
            stints,
            cpu: cpu_time::process() - cpu,
        })
    }
}

/// What it takes to start one of a crew.
struct Actor<'a> {
    stage: &'a Stage,
    gate: &'a Arc<Gate>,
    order: Order,
}

/// What one of a crew is to do.
#[derive(Clone, Copy, Debug)]
struct Order {
    ops: usize,
    limit: Duration,
}

impl Order {
    /// Does `operation` with every number, and stops early if the limit strikes.
    #[inline]
    fn carry_out(self, mut tally: Tally, mut operation: impl FnMut(usize)) -> Tally {
        while let Some(stop) = self.stop(&tally) {
            for number in tally.count()..stop {
                operation(number);
                tally.add(number);
            }
        }
        tally.stop()
    }

    /// How far to go before the next look at the clock; `None` at the end.
    fn stop(self, tally: &Tally) -> Option<usize> {
        let goes_on = tally.count() < self.ops && !tally.expired(self.limit);
        goes_on.then(|| self.ops.min(tally.count() + LOOK))
    }
}

/// What one of a crew has done.
#[derive(Clone, Copy, Debug)]
struct Stint {
    tally: Tally,
    /// The longest time one acquisition took; zero where nobody measured it.
    longest: Duration,
}

impl From<Tally> for Stint {
    fn from(tally: Tally) -> Self {
        Self {
            tally,
            longest: Duration::ZERO,
        }
    }
}

/// What a crew has done.
struct Outcome {
    asked: usize,
    stints: Vec<Stint>,
    cpu: Duration,
}

impl Outcome {
    /// What each of the crew has done, in order.
    fn done(&self) -> impl Iterator<Item = usize> {
        self.stints.iter().map(|stint| stint.tally.count())
    }

    /// The run, whose figure is the time per operation, if exactly its operations were `counted`.
    fn settle(&self, counted: usize) -> Result<Run, String> {
        let tallies: Vec<Tally> = self.stints.iter().map(|stint| stint.tally).collect();
        let run = tally::settle(self.asked, &tallies, &tallies, self.cpu)?;
        if run.ops != counted {
            return Err(format!(
                "{} operations were done, {counted} are counted",
                run.ops
            ));
        }
        Ok(run)
    }

    /// As [`settle`](Self::settle), and the figure is the longest wait of anybody.
    fn settle_longest(&self, counted: usize) -> Result<Run, String> {
        let longest = self.stints.iter().map(|stint| stint.longest).max();
        Ok(Run {
            ns_per_op: longest.unwrap_or_default().as_secs_f64() * 1e9,
            ..self.settle(counted)?
        })
    }
}

/// Takes back what a crew has shared and is done with.
fn alone<S>(shared: Arc<S>) -> Result<S, String> {
    Arc::into_inner(shared).ok_or_else(|| "somebody still uses what was shared".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Crew, Order, Outcome, Stint};
    use crate::run::Load;
    use crate::stage::Stage;
    use crate::tally::Tally;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    fn outcome(ops: usize, longest: &[u64]) -> Outcome {
        let order = Order { ops, limit: LONG };
        let stint = |nanoseconds: &u64| Stint {
            tally: order.carry_out(Tally::start(), |_| ()),
            longest: Duration::from_nanos(*nanoseconds),
        };
        Outcome {
            asked: ops * longest.len(),
            stints: longest.iter().map(stint).collect(),
            cpu: Duration::ZERO,
        }
    }

    #[test]
    fn a_run_is_what_was_counted() {
        let run = outcome(600, &[0, 0]).settle(1200).unwrap();
        assert_eq!((run.ops, run.cut_short), (1200, false));
        let fault = outcome(600, &[0, 0]).settle(1199).unwrap_err();
        assert_eq!(fault, "1200 operations were done, 1199 are counted");
    }

    #[test]
    fn the_longest_wait_is_that_of_anybody() {
        let run = outcome(3, &[50, 900, 70]).settle_longest(9).unwrap();
        assert!((run.ns_per_op - 900.0).abs() < 1e-6);
    }

    #[test]
    fn an_order_stops_at_its_limit() {
        let limit = Duration::ZERO;
        let order = Order { ops: 10, limit };
        assert_eq!(order.carry_out(Tally::start(), |_| ()).count(), 0);
    }

    #[test]
    fn everybody_of_a_crew_gets_a_number_and_a_share() {
        let crew = Crew {
            size: 3,
            in_tasks: false,
            stage: Stage::threads(),
        };
        let load = Load {
            ops: 10,
            limit: LONG,
        };
        let outcome = crew.run(load, |_, actor| {
            let order = actor.order;
            let act = move |tally| order.carry_out(tally, |_| ()).into();
            actor.stage.thread(actor.gate, act)
        });
        let run = outcome.unwrap().settle(9).unwrap();
        assert!(!run.cut_short);
    }
}
