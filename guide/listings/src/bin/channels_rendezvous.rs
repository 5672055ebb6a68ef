//! With room for one, the sender goes on before anybody has received. With room for none, it does not.

use brigade::channel::{self, Receiver, TrySendError};
use std::error::Error;
use std::thread;

/// A thread that sends one bucket, and the reports of what it has done.
fn send_one(capacity: usize) -> (Receiver<&'static str>, Receiver<&'static str>) {
    let (sender, bucket) = channel::bounded(capacity);
    let (report, reports) = channel::bounded(1);
    thread::spawn(move || {
        let sent = sender.send("bucket");
        // Nobody reads it if `main` has failed.
        let _ = report.send(if sent.is_ok() { "sent" } else { "not sent" });
    });
    (bucket, reports)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (bucket, reports) = send_one(1);
    println!("room for 1: the sender says: {}", reports.recv()?);
    println!("room for 1: received: {}", bucket.recv()?);

    let (bucket, reports) = send_one(0);
    println!(
        "room for 0: the sender has said something: {}",
        !reports.is_empty()
    );
    println!("room for 0: in the channel: {}", bucket.len());
    println!("room for 0: received: {}", bucket.recv()?);
    println!("room for 0: the sender says: {}", reports.recv()?);

    // Where nobody receives at this moment, there is nobody to hand it to.
    let (sender, _receiver) = channel::bounded(0);
    if let Err(TrySendError::Full(bucket)) = sender.try_send("another bucket") {
        println!("room for 0: {bucket} comes back");
    }
    Ok(())
}
