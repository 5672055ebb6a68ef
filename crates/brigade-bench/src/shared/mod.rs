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
use crate::stage::{Gate, Running, Stage, on_processor_of};
use crate::tally::{self, Tally};
use std::hint;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Into so many portions the work is cut for each of a crew.
const PORTIONS: usize = 64;
/// No portion is larger, so that a limit strikes in time.
const LARGEST_PORTION: usize = 4096;
/// Spins before another thread is given a chance to run on this processor.
const PATIENCE: u32 = 1_000;

/// Those who share something, and where they run.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    pub(crate) size: usize,
    pub(crate) in_tasks: bool,
    pub(crate) stage: Stage,
}

impl Crew {
    /// Starts everybody by `start` and waits for all.
    fn run(&self, load: Load, start: impl Fn(Actor) -> Running<Stint>) -> Result<Outcome, String> {
        let gate = Gate::new(self.size);
        let order = Arc::new(Order::new(load, self.size));
        let actors = (0..self.size)
            .map(|_| {
                let actor = Actor {
                    stage: &self.stage,
                    gate: &gate,
                    order: Arc::clone(&order),
                };
                start(actor)
            })
            .collect();
        let cpu = self.stage.open(&gate);
        let stints = self.stage.join(actors)?;
        Ok(Outcome {
            asked: order.ops,
            stints,
            cpu: cpu_time::process() - cpu,
        })
    }
}

/// What it takes to start one of a crew.
struct Actor<'a> {
    stage: &'a Stage,
    gate: &'a Arc<Gate>,
    order: Arc<Order>,
}

/// What a crew is to do. Everybody takes portions of it until none is left, so that all are at work
/// until the end: with a share for each, those who are left over would have the lock to themselves.
struct Order {
    ops: usize,
    limit: Duration,
    portion: usize,
    taken: Padded<AtomicUsize>,
    came: AtomicUsize,
    /// Threads that are still to come.
    missing: Padded<AtomicUsize>,
}

/// A line of the cache of its own, and the one beside it that processors fetch with it.
#[repr(align(128))]
struct Padded<T>(T);

impl Order {
    fn new(load: Load, size: usize) -> Self {
        let ops = load.ops.max(1);
        Self {
            ops,
            limit: load.limit,
            portion: (ops / (size * PORTIONS)).clamp(1, LARGEST_PORTION),
            taken: Padded(AtomicUsize::new(0)),
            came: AtomicUsize::new(0),
            missing: Padded(AtomicUsize::new(size)),
        }
    }

    /// Does `operation` with every number of this thread's portions, and stops early if the limit
    /// strikes.
    #[inline]
    fn carry_out(&self, mut operation: impl FnMut(usize)) -> Tally {
        self.meet();
        let mut tally = Tally::start();
        while let Some(numbers) = self.portion(&tally) {
            for number in numbers {
                operation(number);
                tally.add(number);
            }
        }
        tally.stop()
    }

    /// Waits awake, spread over the processors, until every thread runs or is about to. Else the
    /// first to wake from the gate would be well on its way before the last has woken, and those
    /// who woke on one processor might stay there, one after the other, to the end.
    fn meet(&self) {
        let index = self.came.fetch_add(1, Relaxed);
        on_processor_of(index, || {
            self.missing.0.fetch_sub(1, Relaxed);
            let mut spins = 0_u32;
            while self.missing.0.load(Relaxed) > 0 {
                spins += 1;
                if spins.is_multiple_of(PATIENCE) {
                    thread::yield_now();
                }
                hint::spin_loop();
            }
        });
    }

    /// The numbers to go on with; `None` at the end.
    fn portion(&self, tally: &Tally) -> Option<Range<usize>> {
        if tally.expired(self.limit) {
            return None;
        }
        let first = self.taken.0.fetch_add(self.portion, Relaxed);
        (first < self.ops).then(|| first..self.ops.min(first + self.portion))
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
    /// How many operations the crew has done, which are those of the first numbers.
    fn done(&self) -> usize {
        self.stints.iter().map(|stint| stint.tally.count()).sum()
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);

    fn outcome(ops: usize, longest: &[u64]) -> Outcome {
        let load = Load { ops, limit: LONG };
        let stint = |nanoseconds: &u64| Stint {
            tally: Order::new(load, 1).carry_out(|_| ()),
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
        let order = Order::new(Load { ops: 10, limit }, 1);
        assert_eq!(order.carry_out(|_| ()).count(), 0);
    }

    #[test]
    fn a_crew_does_every_number_once() {
        let crew = Crew {
            size: 3,
            in_tasks: false,
            stage: Stage::threads(),
        };
        let ops = 10_007;
        let sum = Arc::new(AtomicUsize::new(0));
        let outcome = crew.run(Load { ops, limit: LONG }, |actor| {
            let (order, sum) = (actor.order, Arc::clone(&sum));
            actor.stage.thread(actor.gate, move |_| {
                let add = |number| {
                    sum.fetch_add(number, Relaxed);
                };
                order.carry_out(add).into()
            })
        });
        let run = outcome.unwrap().settle(ops).unwrap();
        assert!(!run.cut_short);
        assert_eq!(sum.load(Relaxed), ops * (ops - 1) / 2);
    }
}
