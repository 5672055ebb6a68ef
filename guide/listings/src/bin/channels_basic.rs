//! A thread sends what it finds, one value after the other, while it goes on looking.

use brigade::channel::{self, SendError, Sender};
use std::error::Error;
use std::ops::Range;
use std::thread;

/// A number that is the sum of its divisors.
struct Perfect {
    number: u32,
    divisors: Vec<u32>,
}

/// Sends the perfect numbers of `range`. Returns how many numbers it has looked at.
fn search(range: Range<u32>, found: &Sender<Perfect>) -> Result<usize, SendError<Perfect>> {
    let looked_at = range.len();
    for number in range {
        let divisors: Vec<u32> = (1..=number / 2)
            .filter(|divisor| number.is_multiple_of(*divisor))
            .collect();
        if divisors.iter().sum::<u32>() == number {
            found.send(Perfect { number, divisors })?;
        }
    }
    Ok(looked_at)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::bounded(8);
    let searcher = thread::spawn(move || search(1..9_000, &sender));

    // Each turn waits for the next value. The loop ends when the channel is closed and empty.
    for Perfect { number, divisors } in &receiver {
        let sum: Vec<String> = divisors.iter().map(u32::to_string).collect();
        println!("{number} = {}", sum.join(" + "));
    }

    println!("nothing more will come");
    let looked_at = searcher.join().map_err(|_| "the searcher panicked")??;
    println!("numbers looked at: {looked_at}");
    Ok(())
}
