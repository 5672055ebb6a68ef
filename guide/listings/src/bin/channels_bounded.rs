//! A full channel makes the sender wait; `try_send` does not wait, and gives the value back.

use brigade::channel::{self, TrySendError};
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, buckets) = channel::bounded(2);
    // The sender reports here what it has got rid of. There are five reports at most.
    let (report, reports) = channel::bounded(5);

    let in_a_hurry = sender.clone();
    let filler = thread::spawn(move || {
        for bucket in 1..=5 {
            sender.send(bucket).map_err(|_| "nobody takes buckets")?;
            report.send(bucket).map_err(|_| "nobody reads reports")?;
        }
        Ok::<(), &str>(())
    });

    println!("sent: bucket {}", reports.recv()?);
    println!("sent: bucket {}", reports.recv()?);
    println!("in the channel: {} of 2", buckets.len());
    // Nobody has taken a bucket, so the third cannot have been sent, however long this looks.
    println!("third bucket sent: {}", !reports.is_empty());

    match in_a_hurry.try_send(99) {
        Err(TrySendError::Full(bucket)) => println!("full: bucket {bucket} comes back"),
        other => return Err(format!("the channel is full, but: {other:?}").into()),
    }
    drop(in_a_hurry);

    for _ in 1..=3 {
        let taken = buckets.recv()?;
        println!("taken: bucket {taken}, sent: bucket {}", reports.recv()?);
    }
    for taken in &buckets {
        println!("taken: bucket {taken}");
    }
    filler.join().map_err(|_| "the filler panicked")??;
    Ok(())
}
