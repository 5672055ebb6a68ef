//! Permits by weight, in threads and in a task; and the end of all waits for them.

use brigade::sync::Semaphore;
use futures::executor::block_on;
use std::error::Error;
use std::sync::Arc;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    // As many litres as the pump gives.
    let litres = Arc::new(Semaphore::new(10));

    let mut hose = litres.acquire_many(7)?;
    println!(
        "the hose has {}, left: {}",
        hose.count(),
        litres.available()
    );
    if let Err(error) = litres.try_acquire_many(4) {
        println!("four more: {error}");
    }

    // The hose gives some back, and keeps the rest.
    drop(hose.split(3));
    println!(
        "the hose has {}, left: {}",
        hose.count(),
        litres.available()
    );

    // A task takes them. By an owned permit they can go to another thread.
    let bucket = block_on(litres.acquire_many_async(6))?.into_owned(&litres);
    println!("the bucket has {}", bucket.count());
    let emptied = thread::spawn(move || drop(bucket));
    emptied.join().map_err(|_| "the emptying panicked")?;
    println!("after the bucket, left: {}", litres.available());

    // One that wants all of them waits, for there is the hose. It does so until the pump stops.
    let waiting = {
        let litres = Arc::clone(&litres);
        thread::spawn(move || litres.acquire_many(10).map(|all| all.count()))
    };
    litres.close();
    match waiting.join().map_err(|_| "the waiting thread panicked")? {
        Ok(count) => println!("all of them: {count}, which should not be"),
        Err(error) => println!("all of them: {error}"),
    }
    println!("the hose still has {}", hose.count());
    Ok(())
}
