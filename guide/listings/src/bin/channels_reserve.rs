//! A pump that is dropped half-way: one that takes first loses a bucket, one that reserves first does not.

use brigade::channel::{self, Receiver, Sender};
use futures::FutureExt;
use std::error::Error;

type Bucket = &'static str;

/// Takes a bucket, and waits until there is room to pass it on.
async fn take_first(from: &Receiver<Bucket>, to: &Sender<Bucket>) -> Result<(), Box<dyn Error>> {
    let bucket = from.recv_async().await?;
    to.send_async(bucket).await?;
    Ok(())
}

/// Waits until there is room to pass on a bucket, and then takes one.
async fn reserve_first(from: &Receiver<Bucket>, to: &Sender<Bucket>) -> Result<(), Box<dyn Error>> {
    let room = to.reserve_async().await?;
    let bucket = from.recv_async().await?;
    room.send(bucket)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (fill, filled) = channel::bounded(2);
    let (pass, passed) = channel::bounded(1);
    fill.send("bucket 1")?;
    fill.send("bucket 2")?;
    pass.send("a bucket in the way")?;

    // Each is polled once, cannot finish, and is dropped.
    let done = take_first(&filled, &pass).now_or_never();
    println!(
        "take first: done: {}, left: {}",
        done.is_some(),
        filled.len()
    );
    let done = reserve_first(&filled, &pass).now_or_never();
    println!(
        "reserve first: done: {}, left: {}",
        done.is_some(),
        filled.len()
    );

    println!("out of the way: {}", passed.recv()?);
    if let Some(done) = reserve_first(&filled, &pass).now_or_never() {
        done?;
    }
    println!("passed on: {}", passed.recv()?);

    let room = pass.reserve()?;
    println!(
        "reserved: full for others: {}",
        pass.try_send("another").is_err()
    );
    drop(room);
    println!("given back: {:?}", pass.try_send("another"));
    Ok(())
}
