//! Measures one row: finds how much each contestant can do in the time of one measurement, runs
//! one round that does not count, then rounds in which every contestant runs once, in an order
//! drawn anew each time.

use crate::probe;
use crate::run::{Load, Run};
use crate::scenario::{Amount, Contestant, Field, Row, Selection};
use crate::watchdog::Watchdog;
use std::io;
use std::time::Duration;

/// The first guess of [`calibrate`].
const FIRST_OPS: usize = 64;
/// How many times shorter or longer than the target a run may be and still be near it.
const NEAR: u32 = 4;
/// How many limits the row gets whose amount is not chosen to fit.
const ALL_JOBS_LIMITS: u32 = 4;
/// The guesses of [`calibrate`].
const GUESSES: usize = 8;

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// The time one measurement should take.
    pub(crate) target: Duration,
    /// After this long a measurement begins nothing new.
    pub(crate) limit: Duration,
    /// The jobs of [`Amount::AllJobs`].
    pub(crate) all_jobs: usize,
}

impl Plan {
    pub(crate) fn full() -> Self {
        Self {
            rounds: 21,
            target: Duration::from_millis(30),
            limit: Duration::from_secs(1),
            all_jobs: 1_000_000,
        }
    }

    pub(crate) fn quick() -> Self {
        Self {
            rounds: 11,
            target: Duration::from_millis(15),
            limit: Duration::from_millis(500),
            all_jobs: 100_000,
        }
    }
}

/// The runs of one contestant, one for each round.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) peer: &'static str,
    pub(crate) runs: Vec<Run>,
}

impl Standing {
    pub(crate) fn figures(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.ns_per_op).collect()
    }

    pub(crate) fn cpu_figures(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.cpu_ns_per_op).collect()
    }

    pub(crate) fn cut_short(&self) -> usize {
        self.runs.iter().filter(|run| run.cut_short).count()
    }
}

/// Everything known about a row once it has run.
#[derive(Clone, Debug)]
pub(crate) struct RowResult {
    pub(crate) id: String,
    pub(crate) unit: &'static str,
    pub(crate) standings: Vec<Standing>,
    /// Who did not take part, and why.
    pub(crate) absent: Vec<(&'static str, &'static str)>,
    /// The distance of the processors before each round, in nanoseconds.
    pub(crate) probes: Vec<f64>,
}

/// Runs a row. Panics, naming row and peer, if a contestant loses or doubles a message or a job:
/// its figures would be of something else.
pub(crate) fn measure(
    row: &Row,
    selection: &Selection,
    plan: &Plan,
    watchdog: &Watchdog,
) -> io::Result<RowResult> {
    let Field {
        contestants,
        absent,
    } = row.field(selection)?;
    let mut entries: Vec<Entry> = contestants
        .into_iter()
        .map(|contestant| Entry::new(row, contestant, plan, watchdog))
        .collect();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    let mut probes = Vec::with_capacity(plan.rounds);
    // The round more is the warm-up.
    for round in 0..=plan.rounds {
        let probe = watchdog.watch("the probe of the processors", probe::line_round_trip);
        fastrand::shuffle(&mut order);
        for &index in &order {
            let run = entries[index].run_and_fit(watchdog);
            if round > 0 {
                entries[index].standing.runs.push(run);
            }
        }
        if round > 0 {
            probes.push(probe);
        }
    }
    Ok(RowResult {
        id: row.id.clone(),
        unit: row.unit,
        standings: entries.into_iter().map(|entry| entry.standing).collect(),
        absent: absent
            .into_iter()
            .map(|(peer, why)| (peer, why.0))
            .collect(),
        probes,
    })
}

/// What one measurement should be.
#[derive(Clone, Copy, Debug)]
struct Aim {
    time: Duration,
    /// No more operations than this.
    most: usize,
}

struct Entry {
    name: String,
    contestant: Contestant,
    load: Load,
    /// What its amount is fitted to, if the row is time-boxed.
    aim: Option<Aim>,
    standing: Standing,
}

impl Entry {
    fn new(row: &Row, contestant: Contestant, plan: &Plan, watchdog: &Watchdog) -> Self {
        let (load, aim) = match row.amount {
            Amount::TimeBoxed { most } => {
                let time = plan.target;
                (load(FIRST_OPS, plan.limit), Some(Aim { time, most }))
            }
            Amount::AllJobs => (load(plan.all_jobs, plan.limit * ALL_JOBS_LIMITS), None),
            Amount::Exactly(ops) => (load(ops, plan.limit * ALL_JOBS_LIMITS), None),
        };
        let mut entry = Self {
            name: format!("{}, {}", row.id, contestant.peer),
            standing: Standing {
                peer: contestant.peer,
                runs: Vec::with_capacity(plan.rounds),
            },
            contestant,
            load,
            aim,
        };
        if let Some(aim) = aim {
            entry.load.ops = calibrate(aim, |ops| {
                entry.load.ops = ops;
                entry.run(watchdog)
            });
        }
        entry
    }

    fn run(&mut self, watchdog: &Watchdog) -> Run {
        let work = &mut self.contestant.work;
        let load = self.load;
        match watchdog.watch(&self.name, || work(load)) {
            Ok(run) => run,
            Err(fault) => panic!("{}: {fault}", self.name),
        }
    }

    /// Runs once, and fits the amount of the next run if this one took a time far from the target.
    /// The run counts all the same: repeating it only when it was fast would favour the slow.
    fn run_and_fit(&mut self, watchdog: &Watchdog) -> Run {
        let run = self.run(watchdog);
        if let Some(aim) = self.aim {
            self.load.ops = fitted(self.load.ops, &run, aim);
        }
        run
    }
}

fn load(ops: usize, limit: Duration) -> Load {
    Load { ops, limit }
}

/// The amount for the next run after this one. A contestant may park in one run and spin in the
/// next, and a run much shorter than the target would measure the start and the end alone.
fn fitted(ops: usize, run: &Run, aim: Aim) -> usize {
    let near = aim.time / NEAR..=aim.time * NEAR;
    if near.contains(&run.elapsed) {
        ops
    } else {
        scaled(run, aim)
    }
}

/// Finds the number of operations that takes about the time aimed at. It grows slowly towards it, because
/// a contestant may be many times slower with a few messages than with many, or the reverse.
fn calibrate(aim: Aim, mut run: impl FnMut(usize) -> Run) -> usize {
    let mut ops = FIRST_OPS;
    // The first run also pays for the pages and the code it touches.
    run(ops);
    for _ in 0..GUESSES {
        let run = run(ops);
        let settled = run.elapsed >= aim.time / 2;
        ops = scaled(&run, aim);
        if settled || run.cut_short || ops == aim.most {
            break;
        }
    }
    ops
}

fn scaled(run: &Run, aim: Aim) -> usize {
    let factor = aim.time.as_secs_f64() / run.elapsed.as_secs_f64().max(1e-9);
    let scaled = run.ops as f64 * factor.clamp(1.0 / 64.0, 16.0);
    (scaled as usize).clamp(8, aim.most)
}

#[cfg(test)]
mod tests {
    use super::{Aim, Plan, calibrate, fitted, measure};
    use crate::run::Run;
    use crate::scenario::{self, Selection};
    use crate::watchdog::Watchdog;
    use std::time::Duration;

    fn aim(milliseconds: u64) -> Aim {
        Aim {
            time: Duration::from_millis(milliseconds),
            most: 2_000_000,
        }
    }

    fn run_at(ns_per_op: u64) -> impl FnMut(usize) -> Run {
        move |ops| {
            let elapsed = Duration::from_nanos(ns_per_op * ops as u64);
            Run::of(ops, ops, elapsed, elapsed)
        }
    }

    #[test]
    fn calibration_fills_the_time_of_a_measurement() {
        assert_eq!(calibrate(aim(10), run_at(100)), 100_000);
        assert_eq!(calibrate(aim(10), run_at(50_000)), 200);
    }

    #[test]
    fn calibration_stays_within_the_most_operations() {
        let aim = aim(1000);
        assert_eq!(calibrate(aim, run_at(1)), aim.most);
    }

    #[test]
    fn a_collapsed_contestant_is_calibrated_to_what_it_did() {
        let ops = calibrate(aim(10), |asked| {
            let done = asked / 2;
            Run::of(asked, done, Duration::from_secs(1), Duration::ZERO)
        });
        assert!(ops < 64, "{ops}");
    }

    #[test]
    fn the_amount_is_fitted_only_after_a_run_far_from_the_target() {
        let after = |milliseconds| {
            let run = Run::of(
                100,
                100,
                Duration::from_millis(milliseconds),
                Duration::ZERO,
            );
            fitted(100, &run, aim(10))
        };
        assert_eq!((after(5), after(40)), (100, 100));
        assert_eq!((after(1), after(100)), (1000, 10));
    }

    #[test]
    fn a_row_keeps_one_run_of_everybody_for_each_round_and_drops_the_warm_up() {
        let plan = Plan {
            rounds: 2,
            target: Duration::from_micros(1),
            limit: Duration::from_secs(30),
            all_jobs: 500,
        };
        let watchdog = Watchdog::start(Duration::from_secs(60));
        let row = &scenario::rows(&["pool/submit-all".to_owned()], false)[0];
        let result = measure(row, &Selection::default(), &plan, &watchdog).unwrap();
        assert!(result.standings.iter().all(|one| one.runs.len() == 2));
        assert_eq!(result.probes.len(), 2);
    }
}
