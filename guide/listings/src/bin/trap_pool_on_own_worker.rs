//! The last handle of a pool is dropped by a job of that pool.

use brigade::channel;
use brigade::pool::Pool;
use std::error::Error;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Arc::new(Pool::new(1));
    let (gate, waiting) = channel::bounded::<()>(1);
    let own = Arc::clone(&pool);
    let job = pool.submit(move || {
        let _ = waiting.recv();
        // Drops the pool, if this is the last handle.
        Arc::into_inner(own).map(drop).is_some()
    })?;
    let after = pool.submit(|| "run all the same")?;

    drop(pool);
    gate.close();
    println!("dropped by its own job: {}", job.join()?);
    println!("what was queued: {}", after.join()?);
    Ok(())
}
