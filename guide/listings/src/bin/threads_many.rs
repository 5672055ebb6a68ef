//! One search, cut into four parts, with a named thread for each part.

use brigade::thread::Builder;
use std::error::Error;
use std::ops::Range;

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
        let thread = Builder::new()
            .name(format!("searcher-{number}"))
            .stack_size(128 * 1024)
            .spawn(move || longest(part))?;
        threads.push(thread);
    }

    // ... then wait for each, in the order of starting.
    for thread in threads {
        let name = thread.name().unwrap_or("nobody").to_owned();
        let (number, steps) = thread.join()?.ok_or("an empty part")?;
        println!("{name}: {number} takes {steps} steps");
    }
    Ok(())
}
