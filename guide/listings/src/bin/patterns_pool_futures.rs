//! Futures on the workers of a pool: a task that waits keeps no worker, and no other runtime is needed.

use brigade::channel;
use brigade::pool::{Pool, Shutdown};
use std::error::Error;
use std::future;
use std::mem;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);

    // A hundred stand in a line on one worker. Each waits for the bucket from the one that is spawned after it.
    let (mut well, end) = channel::bounded(1);
    for _ in 0..100 {
        let (before, bucket) = channel::bounded(1);
        let next = mem::replace(&mut well, before);
        // The task goes on without its handle.
        drop(pool.spawn(async move {
            if let Ok(hands) = bucket.recv_async().await {
                let _ = next.send_async(hands + 1).await;
            }
        }));
    }
    let hands = pool.block_on(async {
        let _ = well.send_async(0).await;
        end.recv_async().await
    })?;
    println!("the bucket went through {hands} pairs of hands");

    // A job joins a task that needs the same worker.
    let place = pool.spawn(async { "the mill" });
    let alarm = pool.submit(move || place.join())?;
    println!("fire at {}", alarm.join()??);

    let guard = pool.spawn(future::pending::<()>());
    guard.cancel();
    println!("cancelled: {:?}", guard.join().is_err());

    // It waits for something that never comes, and ends with the pool.
    let watch = pool.spawn(future::pending::<()>());
    pool.shutdown(Shutdown::Drain, None)?;
    if let Err(error) = watch.join() {
        println!("at the end of the pool: {error}");
    }
    Ok(())
}
