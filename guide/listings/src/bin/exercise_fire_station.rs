//! Solution: orders of three priorities on one pump, which fails now and then, until the station closes.

use brigade::channel;
use brigade::policy::{Backoff, retry};
use brigade::pool::{Pool, Priority, Shutdown};
use std::error::Error;
use std::time::{Duration, Instant};

/// How urgent, what, and how often the pump fails at it.
const ORDERS: [(Priority, &str, u32); 4] = [
    (Priority::Background, "oil the pump", 1),
    (Priority::Ordinary, "fill the trough", 0),
    (Priority::Ordinary, "water the garden", 3),
    (Priority::Urgent, "fire at the mill", 2),
];

fn pump(attempt: u32, failures: u32) -> Result<u32, &'static str> {
    if attempt <= failures {
        return Err("the pump is dry");
    }
    Ok(attempt)
}

fn work(what: &str, failures: u32) -> String {
    let backoff = Backoff::exponential(Duration::from_millis(1)).attempts(3);
    let mut attempt = 0;
    let pumped = retry(&backoff, || {
        attempt += 1;
        pump(attempt, failures)
    });
    match pumped {
        Ok(attempt) => format!("{what}: done, attempt {attempt}"),
        Err(error) => format!("{what}: {error}"),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(1).queue_capacity(16).build()?;
    let (report, reports) = channel::unbounded();
    let (gate, waiting) = channel::bounded::<()>(1);
    pool.execute(move || {
        let _ = waiting.recv();
    })?;
    for (priority, what, failures) in ORDERS {
        let report = report.clone();
        let order = move || drop(report.send(work(what, failures)));
        pool.lane(priority).execute(order)?;
    }
    drop(report);
    gate.close();

    let deadline = Instant::now() + Duration::from_secs(30);
    pool.shutdown(Shutdown::Drain, Some(deadline))?;
    for line in &reports {
        println!("{line}");
    }
    if let Err(rejected) = pool.execute(|| ()) {
        println!("too late: {rejected}");
    }
    println!("jobs done: {}", pool.stats().done);
    Ok(())
}
