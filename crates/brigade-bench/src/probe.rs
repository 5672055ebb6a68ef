//! How far apart two processors are at this moment: the round trip of one cache line between two
//! spinning threads. A virtual machine moves between states that differ tenfold, and every figure
//! beside the probe moves with it.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const ROUND_TRIPS: usize = 2000;
/// Round trips before the clock starts: until both threads spin, one waits for the other to come.
const WARM_UP: usize = 200;
/// Spins before the other thread is given a chance to run on this processor.
const PATIENCE: u32 = 1_000;

/// Nanoseconds of one round trip between the first two processors this process may use.
pub(crate) fn line_round_trip() -> f64 {
    let line = AtomicUsize::new(0);
    let processors = processors();
    let elapsed = thread::scope(|scope| {
        let asker = scope.spawn(|| play(&line, 0, processors.first()));
        scope.spawn(|| play(&line, 1, processors.get(1)));
        asker.join().expect("a probe does not panic")
    });
    elapsed.as_secs_f64() * 1e9 / ROUND_TRIPS as f64
}

fn processors() -> Vec<usize> {
    let allowed = sched_getaffinity(None).unwrap_or_default();
    let all = 0..CpuSet::MAX_CPU;
    all.filter(|cpu| allowed.is_set(*cpu)).take(2).collect()
}

/// Waits for every second number, beginning with `first`, and answers with the next; returns how
/// long that took after the warm-up.
fn play(line: &AtomicUsize, first: usize, processor: Option<&usize>) -> Duration {
    if let Some(&processor) = processor {
        let mut only = CpuSet::new();
        only.set(processor);
        // Where the system forbids it the threads stay where they are, and the probe says so by
        // what it measures.
        let _unpinned = sched_setaffinity(None, &only).is_err();
    }
    let mut started = Instant::now();
    for mine in (first..2 * (WARM_UP + ROUND_TRIPS)).step_by(2) {
        if mine / 2 == WARM_UP {
            started = Instant::now();
        }
        let mut spins = 0;
        while line.load(SeqCst) != mine {
            spins += 1;
            if spins % PATIENCE == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
        line.store(mine + 1, SeqCst);
    }
    started.elapsed()
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_threads_finish_and_take_time() {
        assert!(super::line_round_trip() > 0.0);
    }
}
