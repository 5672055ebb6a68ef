//! Four ways for a pool to end: drained, aborted, past its deadline, and dropped.

use brigade::channel;
use brigade::pool::{Pool, Shutdown};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    drained()?;
    aborted()?;
    dropped()
}

fn drained() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    let jobs = (1..=3)
        .map(|number| pool.submit(move || number * 10))
        .collect::<Result<Vec<_>, _>>()?;

    pool.shutdown(Shutdown::Drain, None)?;
    for job in jobs {
        println!("drained: {}", job.join()?);
    }
    if let Err(rejected) = pool.execute(|| ()) {
        println!("drained: {rejected}");
    }
    Ok(())
}

fn aborted() -> Result<(), Box<dyn Error>> {
    let pool = Pool::new(1);
    let (begin, begun) = channel::bounded(1);
    let (gate, waiting) = channel::bounded::<()>(1);
    let slow = pool.submit(move || {
        let told = begin.send(()).is_ok();
        let _ = waiting.recv();
        told
    })?;
    let queued = pool.submit(|| "never run")?;
    begun.recv()?;

    // The slow job waits at the gate, so no deadline is late enough. This one has passed already.
    if let Err(unfinished) = pool.shutdown(Shutdown::Abort, Some(Instant::now())) {
        println!("aborted: {} still queued", unfinished.queued());
        for site in unfinished.running() {
            let file = Path::new(site.file()).file_name().unwrap_or_default();
            println!(
                "aborted: still running, from {}:{}",
                file.display(),
                site.line()
            );
        }
    }
    if let Err(error) = queued.join() {
        println!("aborted: {error}");
    }

    // The shutdown goes on, and may be waited for again.
    gate.close();
    pool.shutdown(Shutdown::Abort, None)?;
    println!("aborted: the slow job finished: {}", slow.join()?);
    Ok(())
}

fn dropped() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = channel::unbounded();
    let pool = Pool::new(1);
    for number in 1..=3 {
        let sender = sender.clone();
        pool.execute(move || {
            let _ = sender.send(number);
        })?;
    }
    drop(pool);
    println!("dropped: {:?}", receiver.try_iter().collect::<Vec<_>>());
    Ok(())
}
