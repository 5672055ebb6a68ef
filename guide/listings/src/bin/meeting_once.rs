//! What is done once, by whoever comes first: a cell, and a value that makes itself.

use brigade::sync::{Counter, Lazy, OnceCell};
use futures::executor::block_on;
use std::error::Error;
use std::thread;

/// Made when somebody first looks at it.
static SQUARES: Lazy<Vec<u32>> = Lazy::new(|| (0..100).map(|number| number * number).collect());

fn main() -> Result<(), Box<dyn Error>> {
    let (address, asked) = (OnceCell::new(), Counter::new());
    let ask = || {
        asked.increment();
        String::from("Bucket Lane 4")
    };

    // The first try fails. The cell is as it was.
    let failed = address.get_or_try_init(|| Err("nobody answers"));
    println!("first: {failed:?}, in the cell: {:?}", address.get());

    // Four come at the same time. One asks, and the others wait for what it brings.
    let lengths = thread::scope(|scope| {
        let threads = [0; 4].map(|_| scope.spawn(|| address.get_or_init(ask).len()));
        threads
            .into_iter()
            .map(|thread| thread.join())
            .collect::<Result<Vec<_>, _>>()
    })
    .map_err(|_| "a thread panicked")?;
    println!("four threads: {lengths:?}, asked: {}", asked.sum());

    // A task finds the same, and its own initialiser is not called.
    let found = block_on(address.get_or_init_async(|| async { String::from("elsewhere") }));
    println!("a task: {found}");

    println!("made: {}", Lazy::get(&SQUARES).is_some());
    println!("the square of 12: {}", SQUARES[12]);
    println!("made: {}", Lazy::get(&SQUARES).is_some());
    Ok(())
}
