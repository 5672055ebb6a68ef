//! One search, cut into four parts, with a named thread for each part.

use std::error::Error;
use std::ops::Range;
use std::thread;

/// How many steps `number` takes to 1, if even numbers are halved and odd ones go to 3n + 1.
fn steps(mut number: u64) -> u32 {
    let mut steps = 0;
    while number != 1 {
        number = match number % 2 {
            0 => number / 2,
            _ => number * 3 + 1,
        };
        steps += 1;
    }
    steps
}

/// The number of `range` with the most steps, the last one if there are several, and the steps.
fn longest(range: Range<u64>) -> Option<(u64, u32)> {
    range
        .map(|number| (number, steps(number)))
        .max_by_key(|(_, steps)| *steps)
}

fn main() -> Result<(), Box<dyn Error>> {
    let parts = [1..10_000, 10_000..20_000, 20_000..30_000, 30_000..40_000];

    // First start all of them, ...
    let mut threads = Vec::new();
    for (number, part) in parts.into_iter().enumerate() {
        let name = format!("searcher-{number}");
        let thread = thread::Builder::new()
            .name(name.clone())
            .spawn(move || longest(part))?;
        threads.push((name, thread));
    }

    // ... then wait for each, in the order of starting.
    for (name, thread) in threads {
        let found = thread.join().map_err(|_| format!("{name} panicked"))?;
        let (number, steps) = found.ok_or("an empty part")?;
        println!("{name}: {number} takes {steps} steps");
    }
    Ok(())
}
