//! The row whose jobs submit jobs: a tree of them, each of which submits two more, until all have
//! run.

use super::{Arrivals, THREADS, Workers, answered};
use crate::run::{Load, Run, repeat};
use std::sync::atomic::Ordering::SeqCst;

/// Layers of the tree of jobs.
const LAYERS: u32 = 16;
/// The jobs of a tree.
const JOBS: usize = (1 << LAYERS) - 1;

pub(super) fn trees<P: Workers>(arrivals: &'static Arrivals, load: Load) -> Result<Run, String> {
    let pool = answered(P::start_with_room(THREADS, JOBS))?;
    let run = repeat(load, JOBS, || {
        arrivals.reset();
        let inside = pool.inside();
        pool.execute(move || branch::<P>(inside, LAYERS, arrivals));
        arrivals.wait_for(JOBS);
        Ok(())
    })?;
    drop(pool);
    match arrivals.arrived.load(SeqCst) {
        JOBS => Ok(run),
        ran => Err(format!("{ran} jobs ran, and not {JOBS}")),
    }
}

/// A job: it submits two, as long as there are layers below it.
fn branch<P: Workers>(pool: P::Inside, layers: u32, arrivals: &'static Arrivals) {
    if layers > 1 {
        for _ in 0..2 {
            let inside = pool.clone();
            P::execute_inside(&pool, move || {
                branch::<P>(inside, layers - 1, arrivals);
            });
        }
    }
    // Before it has run for all to see: the pool is not to end by one of its own jobs.
    drop(pool);
    arrivals.arrive();
}
