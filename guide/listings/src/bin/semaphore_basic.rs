//! Nine threads, and three of them at a time.

use brigade::sync::{Barrier, Gauge, Semaphore};
use std::error::Error;
use std::thread;

/// The ladders of the brigade: whoever climbs takes one, and puts it back.
struct Brigade {
    ladders: Semaphore,
    climbing: Gauge,
    /// Up there, three wait for each other.
    on_top: Barrier,
}

impl Brigade {
    fn climb(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ladder = self.ladders.acquire()?;
        self.climbing.add(1)?;
        self.on_top.wait();
        self.climbing.sub(1)?;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let brigade = Brigade {
        ladders: Semaphore::new(3),
        climbing: Gauge::new(),
        on_top: Barrier::new(3),
    };
    thread::scope(|scope| {
        let climbers = [0; 9].map(|_| scope.spawn(|| brigade.climb()));
        climbers
            .into_iter()
            .try_for_each(|climber| climber.join().map_err(|_| "a climber panicked")?)
    })?;
    println!("most at the same time: {}", brigade.climbing.max());
    println!("ladders in their place: {}", brigade.ladders.available());
    Ok(())
}
