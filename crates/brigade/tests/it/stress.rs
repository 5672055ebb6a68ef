//! Under pressure every value is counted: all threads on one processor, and many more threads than
//! processors. `BRIGADE_STRESS_SECONDS` asks for more than one round of each.

use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{bounded, unbounded};
use brigade::pool::Pool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const EACH: u64 = 2_000;

/// Runs `round` once, or for as long as the environment asks.
fn rounds(round: impl Fn()) {
    let seconds = std::env::var("BRIGADE_STRESS_SECONDS")
        .ok()
        .map_or(0, |text| {
            text.parse()
                .expect("BRIGADE_STRESS_SECONDS is a number of seconds")
        });
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        round();
        if Instant::now() >= end {
            return;
        }
    }
}

/// `count` actors send, `count` receive, on every capacity.
fn all_arrive(count: u64, sends: Side, receives: Side) {
    for capacity in [Some(1), Some(2), Some(64), None] {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        let producers: Vec<_> = (0..count)
            .map(|producer| {
                let sender = sender.clone();
                sends.spawn(async move {
                    for n in 0..EACH {
                        sends.send(&sender, producer * EACH + n).await.unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let consumers: Vec<_> = (0..count)
            .map(|_| {
                let receiver = receiver.clone();
                receives.spawn(async move {
                    let (mut sum, mut number) = (0, 0);
                    while let Ok(value) = receives.recv(&receiver).await {
                        sum += value;
                        number += 1;
                    }
                    (sum, number)
                })
            })
            .collect();
        for producer in producers {
            producer.join();
        }
        let (mut sum, mut number) = (0, 0);
        for consumer in consumers {
            let (part, received) = consumer.join();
            sum += part;
            number += received;
        }
        let sent = count * EACH;
        assert_eq!(
            (number, sum),
            (sent, sent * (sent - 1) / 2),
            "capacity {capacity:?}"
        );
    }
}

fn cpus() -> u64 {
    thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64)
}

#[test]
fn eight_times_more_threads_than_processors() {
    rounds(|| all_arrive(4 * cpus(), Thread, Thread));
}

#[test]
fn many_tasks_and_threads_on_one_channel() {
    rounds(|| all_arrive(8, Task, Thread));
    rounds(|| all_arrive(8, Thread, Task));
    rounds(|| all_arrive(8, Task, Task));
}

/// Threads inherit the affinity of the one that starts them.
#[cfg(target_os = "linux")]
#[test]
fn all_threads_on_one_processor() {
    let pinned = thread::spawn(|| {
        // SAFETY: a set of zeros is a set without processors.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: no arguments; the processor that we run on is one that we may run on.
        let cpu = unsafe { libc::sched_getcpu() };
        let cpu = usize::try_from(cpu).expect("the kernel knows its processors");
        // SAFETY: the set is ours and the number is that of a processor.
        unsafe { libc::CPU_SET(cpu, &mut set) };
        // SAFETY: the set lives for the call and its size is given; 0 is the calling thread.
        let answer = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
        assert_eq!(answer, 0, "a thread may restrict itself");
        rounds(|| all_arrive(4, Thread, Thread));
    });
    pinned.join().unwrap();
}

#[test]
fn a_pool_runs_every_job_of_many_submitters_once() {
    rounds(|| {
        let pool = Arc::new(
            Pool::builder()
                .threads(2)
                .queue_capacity(4)
                .build()
                .unwrap(),
        );
        let done = Arc::new(AtomicU64::new(0));
        let submitters: Vec<_> = (0..8)
            .map(|_| {
                let (pool, done) = (Arc::clone(&pool), Arc::clone(&done));
                thread::spawn(move || {
                    for n in 0..EACH {
                        let (inner, done) = (Arc::clone(&pool), Arc::clone(&done));
                        let count = move || {
                            done.fetch_add(1, Relaxed);
                        };
                        if n % 16 == 0 {
                            let nested = move || inner.submit(count).unwrap().join().unwrap();
                            pool.submit(nested).unwrap().join().unwrap();
                        } else {
                            pool.execute(count).unwrap();
                        }
                    }
                })
            })
            .collect();
        for submitter in submitters {
            submitter.join().unwrap();
        }
        drop(Arc::into_inner(pool));
        while done.load(Relaxed) < 8 * EACH {
            thread::yield_now();
        }
        assert_eq!(done.load(Relaxed), 8 * EACH);
    });
}
