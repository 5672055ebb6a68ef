//! Until so much is done, until all have gone, until somebody says so: a latch, a wait group, an event.

use brigade::sync::{Event, Latch, Mutex, WaitGroup};
use futures::executor::block_on;
use std::error::Error;
use std::sync::Arc;
use std::thread;

/// What the threads of this program share.
struct Brigade {
    /// Opens when three are in their places, and stays open.
    in_place: Latch,
    /// The order to start.
    start: Event,
    poured: Mutex<Vec<u32>>,
}

impl Brigade {
    fn pour(&self, bucket: u32) {
        self.in_place.count_down();
        self.start.wait();
        self.poured.lock().push(bucket);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let brigade = Arc::new(Brigade {
        in_place: Latch::new(3),
        start: Event::new(),
        poured: Mutex::new(Vec::new()),
    });
    let mut all = WaitGroup::new();
    for bucket in [1, 2, 3] {
        let (brigade, handle) = (Arc::clone(&brigade), all.clone());
        thread::spawn(move || {
            brigade.pour(bucket);
            // It has gone, and its buckets are poured. A panic would drop the handle too.
            drop(handle);
        });
    }

    // A task waits as a thread would, by the other name.
    block_on(brigade.in_place.wait_async());
    println!("all in place; poured: {:?}", brigade.poured.lock());

    brigade.start.set();
    all.wait();
    let mut poured = brigade.poured.lock();
    poured.sort_unstable();
    println!("all gone; poured: {poured:?}");

    // Who comes late goes right through, until it is reset.
    brigade.start.wait();
    println!("it was set: {}", brigade.start.reset());
    println!("it is set: {}", brigade.start.is_set());
    Ok(())
}
