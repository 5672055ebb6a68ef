//! Channels that the clock fills: one value at a time to come, and one in every period.

use brigade::channel::{self, Receiver};
use brigade::select;
use futures::executor::block_on;
use std::error::Error;
use std::time::{Duration, Instant};

const A_WHILE: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    // To receive from it is to sleep, for a thread and for a task.
    let start = Instant::now();
    channel::after(A_WHILE).recv()?;
    block_on(channel::after(A_WHILE).recv_async())?;
    println!("slept twice: {}", start.elapsed() >= 2 * A_WHILE);

    let (sender, buckets) = channel::bounded(4);
    for bucket in 1..=3 {
        sender.send(bucket)?;
    }
    println!(
        "until the time is over: {:?}",
        take(&buckets, Some(A_WHILE))
    );
    for bucket in 4..=5 {
        sender.send(bucket)?;
    }
    drop(sender);
    println!("without a limit: {:?}", take(&buckets, None));

    let ticks = channel::tick(A_WHILE);
    let first = ticks.recv()?;
    // Too late for some of the ticks that follow.
    channel::at(Instant::now() + 3 * A_WHILE).recv()?;
    println!("ticks kept: {}", ticks.len());
    for tick in ticks.iter().take(2) {
        let since = (tick - first).as_nanos();
        let whole = since.is_multiple_of(A_WHILE.as_nanos());
        println!("a whole number of periods later: {whole}");
    }
    Ok(())
}

/// Takes buckets until there are no more, or until the time for all of them is over.
fn take(buckets: &Receiver<u32>, limit: Option<Duration>) -> Vec<u32> {
    let over = limit.map_or_else(channel::never, channel::after);
    let mut taken = Vec::new();
    loop {
        select! {
            biased;
            recv(buckets) -> bucket => match bucket {
                Ok(bucket) => taken.push(bucket),
                Err(_) => return taken,
            },
            recv(over) -> _ => return taken,
        }
    }
}
