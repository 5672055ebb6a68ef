//! A line of three stages. The last one has enough after eight values, and the others end by themselves.

use brigade::channel::{self, Receiver, SendError, Sender};
use std::error::Error;
use std::thread;

/// Sends 1, 2, 3 and so on, until nobody takes them.
fn count(numbers: &Sender<u32>) -> SendError<u32> {
    let mut number = 1;
    loop {
        if let Err(error) = numbers.send(number) {
            return error;
        }
        number += 1;
    }
}

/// The sum of the squares of the digits.
fn squares(number: u32) -> u32 {
    match number {
        0 => 0,
        _ => (number % 10).pow(2) + squares(number / 10),
    }
}

/// Whether the sums come to 1 in the end. If they do not, they come to 4.
fn is_happy(mut number: u32) -> bool {
    while number != 1 && number != 4 {
        number = squares(number);
    }
    number == 1
}

/// Passes the happy numbers on.
fn sift(numbers: &Receiver<u32>, happy: &Sender<u32>) -> Result<(), SendError<u32>> {
    numbers
        .iter()
        .filter(|number| is_happy(*number))
        .try_for_each(|number| happy.send(number))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (send_number, numbers) = channel::bounded(4);
    let (send_happy, happy) = channel::bounded(4);
    let counter = thread::spawn(move || count(&send_number));
    let sifter = thread::spawn(move || sift(&numbers, &send_happy));

    for number in happy.iter().take(8) {
        println!("happy: {number}");
    }
    // Enough. The last receiver goes, and so the sifter cannot send any more.
    drop(happy);

    let sifted = sifter.join().map_err(|_| "the sifter panicked")?;
    println!("sifter: {:?}", sifted.map_err(|error| error.to_string()));
    let error = counter.join().map_err(|_| "the counter panicked")?;
    println!("counter: {error}");
    Ok(())
}
