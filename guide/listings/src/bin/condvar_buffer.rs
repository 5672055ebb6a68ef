//! A buffer of two places, made of a mutex and two conditions: a thread fills it, a task empties it.

use brigade::sync::{Condvar, Mutex, Wakeup};
use futures::executor::block_on;
use std::collections::VecDeque;
use std::error::Error;
use std::thread;
use std::time::Duration;

const PLACES: usize = 2;

#[derive(Default)]
struct Buffer {
    buckets: Mutex<VecDeque<u32>>,
    not_full: Condvar,
    not_empty: Condvar,
}

impl Buffer {
    /// Blocks the thread until there is room.
    fn put(&self, bucket: u32) -> usize {
        let is_full = |buckets: &mut VecDeque<u32>| buckets.len() == PLACES;
        let mut buckets = self.not_full.wait_while(self.buckets.lock(), is_full);
        buckets.push_back(bucket);
        self.not_empty.notify_one();
        buckets.len()
    }

    /// Suspends the task until there is a bucket.
    async fn take_async(&self) -> Option<u32> {
        let buckets = self.buckets.lock_async().await;
        let mut buckets = self
            .not_empty
            .wait_while_async(buckets, |buckets| buckets.is_empty())
            .await;
        self.not_full.notify_one();
        buckets.pop_front()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let buffer = Buffer::default();
    let (most, taken) = thread::scope(|scope| {
        let filler = scope.spawn(|| (1..=6).map(|bucket| buffer.put(bucket)).max());
        let taken = block_on(async {
            let mut taken = Vec::new();
            for _ in 1..=6 {
                taken.extend(buffer.take_async().await);
            }
            taken
        });
        (filler.join(), taken)
    });
    let most = most.map_err(|_| "the filler panicked")?;
    println!("taken: {taken:?}");
    println!("never more than two in it: {}", most <= Some(PLACES));

    // Nobody fills it any more, so this wait ends by its time.
    let (buckets, wakeup) = buffer.not_empty.wait_while_timeout(
        buffer.buckets.lock(),
        Duration::from_millis(10),
        |buckets| buckets.is_empty(),
    );
    if wakeup == Wakeup::TimedOut {
        println!("no bucket came, and there are {}", buckets.len());
    }
    Ok(())
}
