//! A counter for ten threads, in three ways; the third one counts what is there now.

use brigade::sync::{Barrier, Counter, Gauge, GaugeError, Mutex};
use std::error::Error;
use std::thread;

const THREADS: usize = 10;

/// Every thread adds a hundred times.
fn with_mutex() -> u64 {
    let counter = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..100).for_each(|_| *counter.lock() += 1));
        }
    });
    counter.into_inner()
}

fn with_counter() -> u64 {
    let counter = Counter::new();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..100).for_each(|_| counter.increment()));
        }
    });
    counter.sum()
}

/// Every thread comes in, meets all others, and goes.
fn come_and_go(inside: &Gauge, all_here: &Barrier) -> Result<(), GaugeError> {
    inside.add(1)?;
    all_here.wait();
    inside.sub(1)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("Mutex: {}", with_mutex());
    println!("Counter: {}", with_counter());

    let (inside, all_here) = (Gauge::new(), Barrier::new(THREADS));
    thread::scope(|scope| {
        let threads = [0; THREADS].map(|_| scope.spawn(|| come_and_go(&inside, &all_here)));
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| "a thread panicked")?
                .map_err(Box::<dyn Error>::from)
        })
    })?;
    println!("Gauge: {} now, {} at its peak", inside.get(), inside.max());
    if let Err(error) = inside.sub(1) {
        println!("one more goes: {error}");
    }
    Ok(())
}
