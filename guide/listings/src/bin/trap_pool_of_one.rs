//! A pool of one worker, with room for one job: its jobs submit to it, and wait for what they have submitted.

use brigade::pool::{JobError, Pool, Rejected};
use std::error::Error;
use std::sync::Arc;

/// Counts down by jobs: each submits the next one, and waits for it.
fn count_down(pool: &Arc<Pool>, from: u32) -> u32 {
    if from == 0 {
        return 0;
    }
    let next = Arc::clone(pool);
    let job = pool.submit(move || count_down(&next, from - 1));
    match job.map_err(Rejected::into_inner) {
        Ok(job) => 1 + job.join().expect("a countdown does not panic"),
        Err(refused) => 1 + refused(),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Arc::new(Pool::builder().threads(1).queue_capacity(1).build()?);

    let nested = Arc::clone(&pool);
    let job = pool.submit(move || count_down(&nested, 100))?;
    println!("jobs within jobs: {}", job.join()?);

    // More than there is room for, and only then the first join.
    let crowded = Arc::clone(&pool);
    let job = pool.submit(move || -> Result<u32, JobError> {
        let jobs: Vec<_> = (1..=10)
            .filter_map(|n| crowded.submit(move || n).ok())
            .collect();
        jobs.into_iter().map(|job| job.join()).sum()
    })?;
    println!("sum: {}", job.join()??);
    Ok(())
}
