//! A thread that panics ends alone; whoever joins it learns why.

use brigade::thread::{self, JoinError};

fn fill(bucket: u32) -> u32 {
    if bucket == 3 {
        panic!("bucket {bucket} leaks");
    }
    bucket * 10
}

fn main() {
    let threads: Vec<_> = (1..=4)
        .map(|bucket| thread::spawn(move || fill(bucket)))
        .collect();

    for thread in threads {
        match thread.join() {
            Ok(litres) => println!("filled: {litres} litres"),
            Err(JoinError::Panicked(panic)) => println!("lost: {}", panic.message()),
            Err(error) => println!("not waited for: {error}"),
        }
    }
}
