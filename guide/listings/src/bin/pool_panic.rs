//! A job that panics is an error at its joiner; the worker goes on with the next job.

use brigade::pool::{JobError, Pool};
use std::error::Error;
use std::thread;

fn fill(bucket: u32) -> String {
    if bucket == 3 {
        panic!("bucket {bucket} leaks");
    }
    let worker = thread::current();
    format!("bucket {bucket} by {}", worker.name().unwrap_or("nobody"))
}

fn main() -> Result<(), Box<dyn Error>> {
    // With one worker there is no doubt who ran the job after the panic.
    let pool = Pool::builder().threads(1).name("filler").build()?;
    let jobs = (1..=4)
        .map(|bucket| pool.submit(move || fill(bucket)))
        .collect::<Result<Vec<_>, _>>()?;

    for job in jobs {
        match job.join() {
            Ok(filled) => println!("filled: {filled}"),
            Err(JobError::Panicked(panic)) => println!("lost: {}", panic.message()),
            Err(error) => return Err(error.into()),
        }
    }

    // A job without a handle has no joiner: its panic is seen on standard error only.
    pool.execute(|| panic!("nobody joins this one"))?;
    println!("after it: {}", pool.submit(|| fill(5))?.join()?);
    Ok(())
}
