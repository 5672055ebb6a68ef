//! A hand stands at two lines and takes what comes first; a bucket goes to whichever line has room.

use brigade::channel::{self, Receiver, SendError, Sender};
use brigade::{select, select_async};
use futures::executor::block_on;
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let (fill, buckets) = channel::bounded(2);
    let (call, calls) = channel::bounded(2);
    let hand = thread::spawn(move || take_both(buckets, calls));
    let filler = thread::spawn(move || (1..=4).try_for_each(|litres| fill.send(10 * litres)));
    for words in ["more", "faster", "enough"] {
        call.send(words)?;
    }
    drop(call);
    filler.join().map_err(|_| "the filler panicked")??;
    let (litres, heard) = hand.join().map_err(|_| "the hand panicked")?;
    println!("poured: {litres} litres");
    println!("heard: {heard:?}");

    let (left, _left_line) = channel::bounded(1);
    let (right, right_line) = channel::bounded(1);
    left.send("bucket 1")?;
    println!("bucket 2 goes {}", to_either("bucket 2", &left, &right)?);
    let received = block_on(from_either(&right_line, &channel::never()));
    println!("on the right: {}", received?);
    Ok(())
}

/// Takes from both lines, in whatever order it comes, until both have ended.
fn take_both(
    mut buckets: Receiver<u32>,
    mut calls: Receiver<&'static str>,
) -> (u32, Vec<&'static str>) {
    let (mut litres, mut heard) = (0, Vec::new());
    let mut lines = 2;
    while lines > 0 {
        select! {
            recv(buckets) -> bucket => match bucket {
                Ok(bucket) => litres += bucket,
                Err(_) => {
                    // A closed channel would be ready in every turn.
                    buckets = channel::never();
                    lines -= 1;
                }
            },
            recv(calls) -> call => match call {
                Ok(words) => heard.push(words),
                Err(_) => {
                    calls = channel::never();
                    lines -= 1;
                }
            },
        }
    }
    (litres, heard)
}

/// Sends to the line that has room first. Says which one it was.
fn to_either(
    bucket: &'static str,
    left: &Sender<&'static str>,
    right: &Sender<&'static str>,
) -> Result<&'static str, SendError<&'static str>> {
    select! {
        send(left, bucket) -> sent => sent.map(|()| "left"),
        send(right, bucket) -> sent => sent.map(|()| "right"),
    }
}

/// The same in a task.
async fn from_either(
    one: &Receiver<&'static str>,
    other: &Receiver<&'static str>,
) -> Result<&'static str, channel::RecvError> {
    select_async! {
        recv(one) -> bucket => bucket,
        recv(other) -> bucket => bucket,
    }
}
