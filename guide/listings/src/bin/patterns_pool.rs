//! A pool that serves: what is urgent comes first, a full queue is dealt with, and who blocks is replaced.

use brigade::channel;
use brigade::pool::{self, Full, Pool, Priority, Rejected, Shutdown};
use std::error::Error;
use std::sync::mpsc;

fn main() -> Result<(), Box<dyn Error>> {
    urgent_first()?;
    full()?;
    blocked()?;
    resized()
}

fn urgent_first() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    let (gate, waiting) = channel::bounded::<()>(1);
    let (note, notes) = channel::unbounded();
    // The one worker is held until all three are in their lanes.
    pool.execute(move || {
        let _ = waiting.recv();
    })?;
    for (priority, what) in [
        (Priority::Background, "count the buckets"),
        (Priority::Ordinary, "fill the trough"),
        (Priority::Urgent, "fire!"),
    ] {
        let note = note.clone();
        pool.lane(priority).execute(move || {
            let _ = note.send(what);
        })?;
    }
    drop(note);
    gate.close();
    println!("order: {:?}", notes.iter().collect::<Vec<_>>());
    Ok(())
}

/// A camera whose pictures are developed: if that takes too long, the newest ones count.
fn full() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder()
        .threads(1)
        .queue_capacity(1)
        .when_full(Full::DropOldest)
        .build()?;
    let (begin, begun) = channel::bounded(1);
    let (gate, waiting) = channel::bounded::<()>(1);
    pool.execute(move || {
        let _ = begin.send(());
        let _ = waiting.recv();
    })?;
    begun.recv()?;

    let pictures = (1..=3)
        .map(|number| pool.submit(move || format!("picture {number}")))
        .collect::<Result<Vec<_>, _>>()?;
    // `try_` never waits and pushes nobody out, whatever the pool was told.
    match pool.try_submit(|| "picture 4".to_owned()) {
        Err(Rejected::Full(_job)) => println!("picture 4: given back"),
        other => println!("picture 4: {other:?}"),
    }
    gate.close();
    for picture in pictures {
        match picture.join() {
            Ok(developed) => println!("developed: {developed}"),
            Err(error) => println!("lost: {error}"),
        }
    }
    Ok(())
}

/// A job waits for something that is not Brigade's, on a pool of one.
fn blocked() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    let (sender, receiver) = mpsc::channel();
    let waits = pool.submit(move || pool::blocking(|| receiver.recv()))?;
    pool.execute(move || {
        let _ = sender.send("the answer");
    })?;
    println!("blocked, and then: {}", waits.join()??);
    Ok(())
}

fn resized() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().threads(1).threads_max(4).timed().build()?;
    pool.resize(3)?;
    for bucket in 1..=10 {
        pool.execute(move || assert_ne!(bucket, 7, "bucket 7 leaks"))?;
    }
    pool.shutdown(Shutdown::Drain, None)?;
    let stats = pool.stats();
    println!(
        "threads: {}, done: {}, panicked: {}",
        stats.threads, stats.done, stats.panicked
    );
    let median = stats.runs.and_then(|runs| runs.quantile(0.5));
    println!("median of the times is known: {}", median.is_some());
    Ok(())
}
