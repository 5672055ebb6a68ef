//! Tokens: a tree of them, a deadline, work that never waits, cleaning up, and futures of others.

use brigade::cancel::{CancelToken, Cancelled, shield};
use brigade::channel;
use futures::executor::block_on;
use std::error::Error;
use std::future::pending;
use std::thread;
use std::time::Duration;

/// Never waits, and so has to ask.
fn dig(token: &CancelToken) -> Result<u64, Cancelled> {
    let mut metres = 0;
    loop {
        token.check()?;
        metres += 1;
        if metres == u64::MAX {
            return Ok(metres);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let service = CancelToken::new();
    let hasty = service.child_with_timeout(Duration::from_millis(1));
    let patient = service.child();
    // Nobody ever sends an order, and the channel stays open.
    let (_nobody, orders) = channel::bounded::<u32>(1);

    println!("hasty: {:?}", hasty.within(|| orders.recv()));
    println!(
        "hasty: {:?}, patient: {:?}",
        hasty.reason(),
        patient.reason()
    );

    // With capacity 0 a send waits for a receive. Cleaning up may wait.
    let (log, logged) = channel::bounded(0);
    let waits = thread::spawn({
        let patient = patient.clone();
        move || {
            patient.within(|| {
                let order = orders.recv();
                let wiped = shield(|| log.send("the table is wiped"));
                (order, wiped)
            })
        }
    });
    let digs = thread::spawn({
        let patient = patient.clone();
        move || dig(&patient)
    });
    let told = patient.on_cancel(|reason| println!("patient: told that {reason}"));

    service.cancel();
    drop(told);
    println!("logged: {}", logged.recv()?);
    println!("{:?}", waits.join().map_err(|_| "it panicked")?);
    println!("{:?}", digs.join().map_err(|_| "it panicked")?);
    println!(
        "patient: {:?}, which began with {:?}",
        patient.reason(),
        patient.origin()
    );

    // A future that knows nothing of tokens.
    println!("{:?}", block_on(patient.run_async(pending::<()>())));
    Ok(())
}
