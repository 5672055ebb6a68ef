//! Under pressure every value is counted: all threads on one processor, many more threads than
//! processors, and selects in between. `BRIGADE_STRESS_SECONDS` asks for more than one round of each.

use crate::by_hand::poll;
use crate::sides::Side::{self, Task, Thread};
use brigade::channel::{Receiver, bounded, unbounded};
use brigade::pool::Pool;
use brigade::select::Select;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

const SIDES: [Side; 2] = [Thread, Task];
const EACH: u64 = 2_000;
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

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
        rounds(|| {
            all_arrive(4, Thread, Thread);
            all_arrive_by_selects(1);
        });
    });
    pinned.join().unwrap();
}

/// Receives at whichever channel is first until all are closed. Returns how many values, and their sum.
async fn drain(side: Side, mut receivers: Vec<Receiver<u64>>, hasty: bool) -> (u64, u64) {
    let (mut number, mut sum) = (0, 0);
    while !receivers.is_empty() {
        let mut select = Select::new().recv_any(&receivers, |index, value| (index, value));
        let done = if hasty {
            let moment = Duration::from_micros(number % 64);
            side.select_timeout(&mut select, moment).await
        } else {
            side.select_timeout(&mut select, FOREVER).await
        };
        drop(select);
        match done {
            Ok((_, Ok(value))) => {
                number += 1;
                sum += value;
            }
            Ok((index, Err(_))) => drop(receivers.swap_remove(index)),
            Err(ended) => assert!(hasty, "a select slept beside a value: {ended}"),
        }
    }
    (number, sum)
}

/// Selects that send at two channels, selects that receive at three, plain ones, and some that give up.
fn all_arrive_by_selects(capacity: usize) {
    let channels = [(); 3].map(|()| bounded(capacity));
    let producers: Vec<_> = (0..6)
        .map(|producer| {
            let [first, second] = [0, 1].map(|at| channels[(producer + at) % 3].0.clone());
            let side = SIDES[producer % 2];
            side.spawn(async move {
                for n in 0..EACH {
                    let value = producer as u64 * EACH + n;
                    let select = Select::new().send(&first, value, |sent| sent);
                    let mut select = select.send(&second, value, |sent| sent);
                    let sent = side.select_timeout(&mut select, FOREVER).await;
                    sent.unwrap().unwrap();
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..6)
        .map(|consumer| {
            let mut receivers = channels.clone().map(|(_, receiver)| receiver).to_vec();
            if consumer >= 4 {
                receivers.truncate(1);
            }
            let side = SIDES[consumer % 2];
            side.spawn(drain(side, receivers, consumer < 2))
        })
        .collect();
    drop(channels);
    for producer in producers {
        producer.join();
    }
    let parts = consumers.into_iter().map(|consumer| consumer.join());
    let all = parts.fold((0, 0), |all, part| (all.0 + part.0, all.1 + part.1));
    let sent = 6 * EACH;
    assert_eq!(all, (sent, sent * (sent - 1) / 2), "capacity {capacity}");
}

#[test]
fn many_selects_lose_no_value() {
    rounds(|| [0, 1, 2, 64].into_iter().for_each(all_arrive_by_selects));
}

/// Futures that are dropped after a poll or two, between others that wait: nobody is left asleep.
#[test]
fn selects_that_are_dropped_lose_no_value() {
    const VALUES: u64 = 5_000;
    for side in SIDES {
        let channels = [(); 2].map(|()| bounded(1));
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let receivers = channels.clone().map(|(_, receiver)| receiver).to_vec();
                side.spawn(drain(side, receivers, false))
            })
            .collect();
        let fickle = {
            let receivers = channels.clone().map(|(_, receiver)| receiver);
            Task.spawn(async move {
                let (mut number, mut sum) = (0, 0);
                while !receivers.iter().all(|receiver| receiver.is_closed()) {
                    let mut select = Select::new().recv_any(&receivers, |_, value| value);
                    let mut wait = Box::pin(select.wait_async());
                    for _ in 0..2 {
                        if let Poll::Ready(Ok(Ok(value))) = poll(wait.as_mut()) {
                            number += 1;
                            sum += value;
                        }
                        tokio::task::yield_now().await;
                    }
                }
                (number, sum)
            })
        };
        let senders = channels.map(|(sender, _)| sender);
        for value in 0..VALUES {
            senders[(value % 2) as usize]
                .send_timeout(value, FOREVER)
                .unwrap();
        }
        drop(senders);
        let parts = consumers.into_iter().map(|consumer| consumer.join());
        let (number, sum) = parts.fold(fickle.join(), |all, part| (all.0 + part.0, all.1 + part.1));
        assert_eq!((number, sum), (VALUES, VALUES * (VALUES - 1) / 2));
    }
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
