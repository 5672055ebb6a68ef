//! Two producers, one consumer, four buckets: the full ones go down the line, the empty ones come back.

use brigade::channel::{self, Receiver, Sender};
use std::error::Error;
use std::ops::RangeInclusive;
use std::thread;

const BUCKETS: usize = 4;
const DROPS_IN_A_BUCKET: usize = 10;

type Bucket = Vec<u32>;
type AnyError = Box<dyn Error + Send + Sync>;

/// Fills buckets until there are no more drops. Returns how many it has filled.
fn produce(
    mut drops: RangeInclusive<u32>,
    empty: &Receiver<Bucket>,
    full: &Sender<Bucket>,
) -> Result<u32, AnyError> {
    let mut filled = 0;
    while !drops.is_empty() {
        let mut bucket = empty.recv()?;
        bucket.extend(drops.by_ref().take(DROPS_IN_A_BUCKET));
        full.send(bucket)?;
        filled += 1;
    }
    Ok(filled)
}

/// Pours out what comes, and sends the buckets back. Returns the sum of all drops.
fn consume(full: &Receiver<Bucket>, empty: &Sender<Bucket>) -> Result<u32, AnyError> {
    let mut sum = 0;
    for mut bucket in full {
        sum += bucket.drain(..).sum::<u32>();
        empty.send(bucket)?;
    }
    Ok(sum)
}

fn main() -> Result<(), AnyError> {
    let (send_full, full) = channel::bounded(BUCKETS);
    let (send_empty, empty) = channel::bounded(BUCKETS);
    for _ in 0..BUCKETS {
        send_empty.send(Bucket::with_capacity(DROPS_IN_A_BUCKET))?;
    }

    let producers = [1..=500, 501..=1000].map(|drops| {
        let (empty, full) = (empty.clone(), send_full.clone());
        thread::spawn(move || produce(drops, &empty, &full))
    });
    // The producers have the senders now. When they have ended, the consumer ends.
    drop(send_full);
    let consumer = thread::spawn(move || consume(&full, &send_empty));

    for producer in producers {
        let filled = producer.join().map_err(|_| "a producer panicked")??;
        println!("produced: {filled} buckets");
    }
    let sum = consumer.join().map_err(|_| "the consumer panicked")??;
    println!("consumed: the sum of all drops is {sum}");
    println!("left: {} empty buckets", empty.len());
    Ok(())
}
