//! A full queue makes the submitter wait, until a worker takes the next job.

use brigade::channel;
use brigade::pool::Pool;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let pool = Pool::builder().threads(1).queue_capacity(1).build()?;
    // Every job waits at the gate. Nothing is sent through it: it opens by being closed.
    let (gate, waiting) = channel::bounded::<()>(1);
    let (accept, accepted) = channel::unbounded();

    thread::scope(|scope| {
        let pool = &pool;
        let submitter = scope.spawn(move || {
            for number in 1..=5 {
                let waiting = waiting.clone();
                pool.execute(move || {
                    let _ = waiting.recv();
                })?;
                // Nobody counts any more if `main` has failed: not the submitter's concern.
                let _ = accept.send(number);
            }
            Ok::<(), Box<dyn Error + Send + Sync>>(())
        });

        println!("accepted: job {}", accepted.recv()?);
        println!("accepted: job {}", accepted.recv()?);
        println!("waiting in the queue: {}", pool.queued());
        println!(
            "room in the queue: {}",
            pool.queue_capacity() - pool.queued()
        );
        println!("third job accepted: {}", !accepted.is_empty());

        gate.close();
        println!("the gate is open");
        for number in &accepted {
            println!("accepted: job {number}");
        }
        submitter.join().map_err(|_| "the submitter panicked")??;
        Ok(())
    })
}
