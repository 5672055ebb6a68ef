//! One job of a scope panics while others wait, with borrows of the caller in their hands.

use brigade::channel;
use brigade::pool::Pool;
use brigade::scope::Failure;
use std::error::Error;
use std::io;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(2);
    let mut buckets = vec![1, 2, 3];
    // Nobody ever sends an order, and the channel stays open.
    let (_nobody, orders) = channel::bounded::<u32>(1);

    let ended = pool.scope(|scope| {
        for bucket in &mut buckets {
            let orders = &orders;
            scope.spawn(move || {
                *bucket *= 10;
                if *bucket == 20 {
                    panic!("bucket 2 leaks");
                }
                orders.recv().map_err(io::Error::other)
            });
        }
        Ok(())
    });
    match ended {
        Ok(()) => println!("all went well"),
        Err(error) => match error.first() {
            Failure::Panicked(panic) => println!("first: {}", panic.message()),
            other => println!("first: {other}"),
        },
    }

    // Nobody borrows any more, and both workers are there.
    buckets.push(4);
    println!("buckets: {}", buckets.len());
    let (left, right) = (pool.submit(|| 20)?, pool.submit(|| 22)?);
    println!("the pool goes on: {}", left.join()? + right.join()?);
    Ok(())
}
