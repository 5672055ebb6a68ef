//! A pipeline: lines are parsed, wells are looked up, batches are stored. What fails is left out, tried again, or the end.

use brigade::pipeline::{self, Stage};
use brigade::policy::{Backoff, RateLimit};
use brigade::pool::Pool;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

type Error = Box<dyn std::error::Error + Send + Sync>;

fn parse(line: &str) -> Result<(&str, u64), Error> {
    let (well, litres) = line.split_once(' ').ok_or("no litres")?;
    Ok((well, litres.parse()?))
}

/// The register of wells is far away.
#[derive(Default)]
struct Register {
    asked: AtomicBool,
}

impl Register {
    fn village(&self, well: &str) -> Result<&'static str, String> {
        match well {
            "mill" if !self.asked.swap(true, Ordering::Relaxed) => Err("busy".to_owned()),
            "mill" => Ok("Upper Dell"),
            "church" => Ok("Lower Dell"),
            _ => Err(format!("no well `{well}`")),
        }
    }
}

fn main() -> Result<(), Error> {
    let pool = Pool::new(2);
    import(&pool)?;
    ended(&pool);
    Ok(())
}

fn import(pool: &Pool) -> Result<(), Error> {
    let lines = [
        "mill 12",
        "church 7",
        "mill",
        "moor 3",
        "church 20",
        "mill 5",
        "mill 9",
    ];
    let register = Register::default();
    let backoff = Backoff::exponential(Duration::from_millis(1)).attempts(3);
    // The register answers at most a thousand times in a second.
    let questions = RateLimit::per(1000, Duration::from_secs(1))?;

    let mut report = pipeline::from_iter(lines)
        .in_flight(64)
        .try_map(Stage::new(2).skip_errors(), parse)
        .retry_map(
            Stage::new(4).rate(questions).skip_errors(),
            backoff,
            |&(well, litres)| register.village(well).map(|village| (village, litres)),
        )
        .batch(2, Duration::from_secs(60))
        .ordered()
        .run(pool, |batch| println!("stored: {batch:?}"))?;

    println!(
        "lines: {}, batches: {}, left out: {}, tried again: {}",
        report.items_in, report.items_out, report.skipped, report.retried
    );
    // They are in it in the order in which they failed.
    report.dead.sort_by_key(|dead| dead.number);
    for dead in &report.dead {
        let line = dead.number + 1;
        println!(
            "line {line}, stage {}, attempts {}: {}",
            dead.stage, dead.attempts, dead.error
        );
    }
    Ok(())
}

/// The source has no end, and the first error ends the pipeline.
fn ended(pool: &Pool) {
    let endless = (1..).map(|n| if n == 1000 { -1 } else { n });
    let mut litres = 0;
    let ended = pipeline::from_iter(endless)
        .in_flight(16)
        .try_map(2, u64::try_from)
        .run(pool, |n| litres += n);
    if let Err(error) = ended {
        println!("{}: {}", error.part, error.failure);
        let in_flight = error.report.items_in - error.report.items_out;
        println!("in flight at that moment, at most 16: {}", in_flight <= 16);
        println!("and what came through is there: {}", litres > 0);
    }
}
