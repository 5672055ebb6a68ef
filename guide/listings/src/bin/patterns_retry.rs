//! Trying again, not too often, and giving up: backoff, a rate limit, a restart window.

use brigade::cancel::CancelToken;
use brigade::policy::{Backoff, Jitter, RateError, RateLimit, RestartWindow, Stopped};
use brigade::policy::{retry, retry_if};
use std::error::Error;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

#[derive(Debug, PartialEq)]
enum Refusal {
    Busy,
    NoSuchWell,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "busy",
            Self::NoSuchWell => "no such well",
        })
    }
}

impl Error for Refusal {}

fn main() -> Result<(), Box<dyn Error>> {
    retries()?;
    rates()?;
    restarts();
    Ok(())
}

fn retries() -> Result<(), Box<dyn Error>> {
    let backoff = Backoff::exponential(Duration::from_millis(1))
        .ceiling(Duration::from_millis(5))
        .attempts(5);
    let delays: Vec<_> = backoff.clone().jitter(Jitter::None).delays().collect();
    println!("delays at most: {delays:?}");

    let mut asked = 0;
    let litres = retry(&backoff, || {
        asked += 1;
        if asked < 3 {
            Err(Refusal::Busy)
        } else {
            Ok(12)
        }
    })?;
    println!("{litres} litres, asked {asked} times");

    // Not everything is worth another attempt.
    let passes = |refusal: &Refusal| *refusal == Refusal::Busy;
    if let Err(error) = retry_if(&backoff, passes, || Err::<u32, _>(Refusal::NoSuchWell)) {
        println!("{error}");
    }

    // An hour between attempts, but the work is called off.
    let work = CancelToken::with_timeout(Duration::from_millis(1));
    let hourly = Backoff::constant(Duration::from_secs(3600));
    let called_off = work.within(|| retry(&hourly, || Err::<u32, _>(Refusal::Busy)));
    if let Err(error) = called_off {
        println!("{error}");
        assert!(matches!(error.stopped, Stopped::Cancelled(_)));
    }
    Ok(())
}

fn rates() -> Result<(), Box<dyn Error>> {
    // A thousand in a second are one in a millisecond.
    let limit = RateLimit::per(1000, Duration::from_secs(1))?;
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..5).try_for_each(|_| limit.acquire()));
        }
    });
    println!(
        "ten took at least 9 ms: {}",
        start.elapsed() >= Duration::from_millis(9)
    );

    let mails = RateLimit::per(10, Duration::from_secs(3600))?.burst(3)?;
    let sent = (0..5).filter(|_| mails.try_acquire().is_ok()).count();
    println!("mails at once: {sent}");
    if let Err(RateError::NotYet { wait }) = mails.try_acquire() {
        println!("the next in some minutes: {}", wait.as_secs() / 60 > 1);
    }
    Ok(())
}

/// A worker that fails whenever it is started.
fn restarts() {
    let mut window = RestartWindow::new(3, Duration::from_secs(60));
    let mut runs = 0;
    let given_up = loop {
        runs += 1;
        match window.allow() {
            Ok(delay) => thread::sleep(delay),
            Err(exhausted) => break exhausted,
        }
    };
    println!("after {runs} runs: {given_up}");
}
