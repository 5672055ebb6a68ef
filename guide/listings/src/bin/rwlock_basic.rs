//! Many read at the same time; and what changes when somebody waits to write.

use brigade::sync::{Barrier, RwLock};
use brigade::wait;
use std::error::Error;
use std::thread;
use std::time::Duration;

/// Returns when somebody waits to write.
fn await_writer() {
    while !wait::waiters()
        .iter()
        .any(|waiter| waiter.waits_for() == "rwlock write")
    {
        thread::yield_now();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let wells = RwLock::new(vec!["north", "east"]);

    // Nobody goes on before all three have a guard: they do read at the same time.
    let together = Barrier::new(3);
    let lengths = thread::scope(|scope| {
        let readers = [0; 3].map(|_| {
            scope.spawn(|| {
                let wells = wells.read();
                together.wait();
                wells.len()
            })
        });
        readers
            .into_iter()
            .map(|reader| reader.join())
            .collect::<Result<Vec<_>, _>>()
    })
    .map_err(|_| "a reader panicked")?;
    println!("three readers at once, each sees {lengths:?}");

    let first = wells.read();
    if let Err(error) = wells.try_write() {
        println!("to write beside a reader: {error}");
    }
    thread::scope(|scope| {
        scope.spawn(|| wells.write().push("south"));
        await_writer();
        // Now a writer waits. Newcomers give way to it, and this thread is taken for one.
        let again = wells.read_timeout(Duration::from_millis(10));
        println!("the same reader once more: {:?}", again.err());
        let again = wells.read_again();
        println!("by read_again: {again:?}");
        drop(again);
        drop(first);
    });
    println!("after the writer: {:?}", wells.read());
    Ok(())
}
