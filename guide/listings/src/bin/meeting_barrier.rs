//! Three workers in step: no one begins a round before all have ended the last one.

use brigade::sync::{Barrier, Mutex};
use std::thread;

const WORKERS: [u64; 3] = [1, 2, 3];

#[derive(Default)]
struct Sums {
    this_round: u64,
    of_rounds: Vec<u64>,
}

/// In round n, each worker adds its own number to the power of n.
fn work(number: u64, sums: &Mutex<Sums>, all: &Barrier) {
    for round in 1..=4 {
        sums.lock().this_round += number.pow(round);
        if all.wait().is_leader() {
            // All three have added. One of them, whichever, closes the round.
            let mut sums = sums.lock();
            let sum = std::mem::take(&mut sums.this_round);
            sums.of_rounds.push(sum);
        }
        // Nobody adds to the next round before this one is closed.
        all.wait();
    }
}

fn main() {
    let sums = Mutex::new(Sums::default());
    let all = Barrier::new(WORKERS.len());
    thread::scope(|scope| {
        for number in WORKERS {
            let (sums, all) = (&sums, &all);
            scope.spawn(move || work(number, sums, all));
        }
    });
    println!("sums of the rounds: {:?}", sums.into_inner().of_rounds);
}
