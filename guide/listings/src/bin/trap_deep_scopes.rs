//! Ten thousand scopes within each other, on a pool of two that has other jobs in its queue.

use brigade::pool::Pool;
use std::error::Error;
use std::thread;

/// In builds without optimization a scope needs some kilobytes of stack.
const STACK: usize = 256 << 20;

fn nested(pool: &Pool, depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    pool.scope_plain(|scope| {
        let below = scope.spawn(|| nested(pool, depth - 1));
        below.join().map_or(0, |below| below + 1)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(2).stack_size(STACK).build()?;
    let others = (0..1000)
        .map(|_| pool.submit(|| 1))
        .collect::<Result<Vec<_>, _>>()?;
    let depth = thread::scope(|scope| {
        let outside = thread::Builder::new().stack_size(STACK);
        let outside = outside.spawn_scoped(scope, || nested(&pool, 10_000))?;
        outside
            .join()
            .map_err(|_| Box::<dyn Error>::from("it panicked"))
    })?;
    println!("depth: {depth}");
    let done: u32 = others
        .into_iter()
        .map(|job| job.join())
        .sum::<Result<_, _>>()?;
    println!("other jobs: {done}");
    Ok(())
}
