//! A pipeline that mostly waits: many futures at once on one thread, and a source that may be quiet.

use brigade::channel;
use brigade::pipeline;
use brigade::pool::Pool;
use brigade::sync::Barrier;
use brigade::thread;
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    many_at_once(&pool)?;
    quiet(&pool)
}

/// Each future waits for nineteen others.
fn many_at_once(pool: &Pool) -> Result<(), Box<dyn Error>> {
    let meeting = Barrier::new(20);
    let report = pipeline::from_iter(0..60)
        .map_async(20, |_| async { meeting.wait_async().await })
        .run(pool, |_| ())?;
    println!("through: {}", report.items_out);
    Ok(())
}

/// The source says nothing before its last word has been stored. The batch is closed by time.
fn quiet(pool: &Pool) -> Result<(), Box<dyn Error>> {
    let (sender, words) = channel::bounded(1);
    let (stored, confirmed) = channel::bounded(1);
    let source = thread::spawn(move || {
        for word in ["fire", "at", "the", "mill"] {
            if sender.send(word).is_err() || confirmed.recv().is_err() {
                break;
            }
        }
    });
    pipeline::from_receiver(words)
        .batch(100, Duration::from_millis(5))
        .try_run(pool, |batch| {
            println!("stored: {batch:?}");
            stored.send(())
        })?;
    source.join()?;
    Ok(())
}
