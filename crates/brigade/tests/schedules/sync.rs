//! Locks and meeting points of four to six actors: nobody is let in who must wait, and nobody waits who was let in.
//!
//! What a lock guards is changed in steps that others can come between, so that two who are in at once are seen.

use crate::actors::{any, give_up, join, pass, task, thread};
use crate::explore::explore;
use brigade::sync::{
    Barrier, Condvar, Event, Latch, Mutex, MutexGuard, Once, OnceCell, ReadMostly, RwLock,
    RwLockUpgradableGuard, RwLockWriteGuard, Semaphore, WaitGroup,
};
use shuttle::thread::JoinHandle;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const EACH: usize = 3;
const SOON: Duration = Duration::from_millis(1);

/// Adds one, so slowly that two who do it at once lose one.
fn add(total: &mut usize) {
    let before = *total;
    pass();
    *total = before + 1;
}

#[test]
fn a_mutex_lets_one_in_at_a_time() {
    explore(|| {
        let mutex = Arc::new(Mutex::new(0));
        let counts = |with: fn(&Mutex<usize>) -> usize| {
            let mutex = mutex.clone();
            thread(move || (0..EACH).map(|_| with(&mutex)).sum())
        };
        let mut actors: Vec<JoinHandle<usize>> = vec![
            counts(|mutex| {
                add(&mut mutex.lock());
                1
            }),
            counts(|mutex| {
                let mut guard = mutex.lock();
                add(&mut guard);
                MutexGuard::unlock_fair(guard);
                1
            }),
            counts(|mutex| {
                mutex.try_lock().map_or(0, |mut guard| {
                    add(&mut guard);
                    1
                })
            }),
            counts(|mutex| {
                mutex.lock_timeout(SOON).map_or(0, |mut guard| {
                    add(&mut guard);
                    1
                })
            }),
        ];
        for fickle in [false, true] {
            let mutex = mutex.clone();
            actors.push(task(move || async move {
                let mut added = 0;
                for _ in 0..EACH {
                    let polls = if fickle { 1 + any(3) } else { usize::MAX };
                    if let Some(mut guard) = give_up(polls, mutex.lock_async()).await {
                        add(&mut guard);
                        added += 1;
                    }
                }
                added
            }));
        }
        let added: usize = join(actors).into_iter().sum();
        assert_eq!(*mutex.try_lock().unwrap(), added);
    });
}

/// Two values that are equal whenever nobody writes.
type Pair = RwLock<(usize, usize)>;

fn write(pair: &mut (usize, usize)) {
    add(&mut pair.0);
    pass();
    add(&mut pair.1);
}

fn equal(pair: &(usize, usize)) -> usize {
    let before = *pair;
    pass();
    assert_eq!((before, before.0), (*pair, before.1));
    before.0
}

/// Gives up some of its waits; how often it has written.
fn fickle_writer(lock: Arc<Pair>) -> JoinHandle<usize> {
    task(move || async move {
        let mut written = 0;
        for _ in 0..EACH {
            if let Some(mut guard) = give_up(1 + any(3), lock.write_async()).await {
                write(&mut guard);
                written += 1;
            }
            if let Some(guard) = give_up(1 + any(3), lock.read_async()).await {
                equal(&guard);
            }
        }
        written
    })
}

#[test]
fn a_lock_is_read_by_many_or_written_by_one() {
    explore(|| {
        let lock = Arc::new(Pair::default());
        let repeats = |what: fn(&Pair) -> usize| {
            let lock = lock.clone();
            thread(move || (0..EACH).map(|_| what(&lock)).sum())
        };
        let mut actors: Vec<JoinHandle<usize>> = vec![
            repeats(|lock| {
                write(&mut lock.write());
                1
            }),
            repeats(|lock| {
                let guard = lock.read();
                let again = lock.read_again();
                assert!(equal(&guard) == equal(&again));
                0
            }),
            repeats(|lock| {
                let looks = lock.read_upgradable();
                let seen = equal(&looks);
                let mut writes = RwLockUpgradableGuard::upgrade(looks);
                assert_eq!(equal(&writes), seen);
                write(&mut writes);
                let reads = RwLockWriteGuard::downgrade(writes);
                assert_eq!(equal(&reads), seen + 1);
                1
            }),
            repeats(|lock| {
                match RwLockUpgradableGuard::upgrade_timeout(lock.read_upgradable(), SOON) {
                    Ok(mut writes) => {
                        write(&mut writes);
                        1
                    }
                    Err((_, looks)) => {
                        equal(&looks);
                        0
                    }
                }
            }),
        ];
        actors.push(fickle_writer(lock.clone()));
        let tries = lock.clone();
        actors.push(thread(move || {
            let mut written = 0;
            for _ in 0..EACH {
                if let Ok(mut guard) = tries.try_write() {
                    write(&mut guard);
                    written += 1;
                }
                if let Ok(guard) = tries.read_timeout(SOON) {
                    equal(&guard);
                }
            }
            written
        }));
        let written: usize = join(actors).into_iter().sum();
        assert_eq!(equal(&lock.try_write().unwrap()), written);
    });
}

#[test]
fn what_is_mostly_read_is_read_by_many_or_written_by_one() {
    explore(|| {
        let lock = Arc::new(ReadMostly::new((0, 0)));
        let mut actors: Vec<JoinHandle<usize>> = Vec::new();
        for _ in 0..2 {
            let lock = lock.clone();
            actors.push(thread(move || {
                for _ in 0..EACH {
                    write(&mut lock.write());
                }
                EACH
            }));
        }
        let reads = lock.clone();
        actors.push(thread(move || {
            for _ in 0..EACH {
                equal(&reads.read());
                if let Ok(guard) = reads.read_timeout(SOON) {
                    equal(&guard);
                }
            }
            0
        }));
        for _ in 0..2 {
            let lock = lock.clone();
            actors.push(task(move || async move {
                let mut written = 0;
                for _ in 0..EACH {
                    if let Some(guard) = give_up(1 + any(3), lock.read_async()).await {
                        equal(&guard);
                    }
                    if let Some(mut guard) = give_up(1 + any(3), lock.write_async()).await {
                        write(&mut guard);
                        written += 1;
                    }
                }
                written
            }));
        }
        let written: usize = join(actors).into_iter().sum();
        assert_eq!(equal(&lock.try_write().unwrap()), written);
    });
}

/// A buffer with two places, made of a mutex and two condition variables.
#[derive(Default)]
struct Buffer {
    values: Mutex<VecDeque<usize>>,
    not_full: Condvar,
    not_empty: Condvar,
}

impl Buffer {
    fn put(&self, value: usize) {
        let mut values = self
            .not_full
            .wait_while(self.values.lock(), |values| values.len() == 2);
        values.push_back(value);
        self.not_empty.notify_one();
    }

    async fn put_async(&self, value: usize) {
        let values = self.values.lock_async().await;
        let waits = self
            .not_full
            .wait_while_async(values, |values| values.len() == 2);
        waits.await.push_back(value);
        self.not_empty.notify_one();
    }

    fn take(&self) -> usize {
        let mut values = self.values.lock();
        while values.is_empty() {
            // Whoever runs out of time may have been notified in vain for another.
            values = if any(2) == 0 {
                self.not_empty.wait(values)
            } else {
                self.not_empty.wait_timeout(values, SOON).0
            };
        }
        let value = values.pop_front().unwrap();
        self.not_full.notify_one();
        value
    }

    /// Gives its wait up now and then, and comes again.
    async fn take_async(&self) -> usize {
        loop {
            let values = self.values.lock_async().await;
            let waits = self
                .not_empty
                .wait_while_async(values, |values| values.is_empty());
            if let Some(mut values) = give_up(1 + any(4), waits).await {
                let value = values.pop_front().unwrap();
                self.not_full.notify_one();
                return value;
            }
        }
    }
}

#[test]
fn a_notification_reaches_one_who_waits() {
    explore(|| {
        let buffer = Arc::new(Buffer::default());
        let puts = [0, 1, 2].map(|from| {
            let buffer = buffer.clone();
            let values = from * EACH..(from + 1) * EACH;
            if from == 0 {
                task(move || async move {
                    for value in values {
                        buffer.put_async(value).await;
                    }
                })
            } else {
                thread(move || values.for_each(|value| buffer.put(value)))
            }
        });
        let takes = [0, 1, 2].map(|which| {
            let buffer = buffer.clone();
            if which == 0 {
                task(move || async move {
                    let mut taken = Vec::new();
                    for _ in 0..EACH {
                        taken.push(buffer.take_async().await);
                    }
                    taken
                })
            } else {
                thread(move || (0..EACH).map(|_| buffer.take()).collect())
            }
        });
        join(puts);
        let mut all = join(takes).concat();
        all.sort_unstable();
        assert_eq!(all, (0..3 * EACH).collect::<Vec<_>>());
    });
}

#[test]
fn everybody_hears_of_notify_all() {
    explore(|| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let waiters = [0, 1, 2, 3].map(|which| {
            let shared = shared.clone();
            if which % 2 == 0 {
                thread(move || {
                    let (mutex, changed) = &*shared;
                    *changed.wait_while(mutex.lock(), |round| *round < 2)
                })
            } else {
                task(move || async move {
                    let (mutex, changed) = &*shared;
                    let guard = mutex.lock_async().await;
                    *changed.wait_while_async(guard, |round| *round < 2).await
                })
            }
        });
        for _ in 0..2 {
            *shared.0.lock() += 1;
            shared.1.notify_all();
        }
        assert_eq!(join(waiters), [2; 4]);
    });
}

#[test]
fn permits_are_taken_by_as_many_as_there_are() {
    const PERMITS: usize = 3;
    explore(|| {
        let shared = Arc::new((Semaphore::new(PERMITS), AtomicUsize::new(0)));
        let uses = |used: &AtomicUsize, count: usize| {
            assert!(used.fetch_add(count, Relaxed) + count <= PERMITS);
            pass();
            used.fetch_sub(count, Relaxed);
        };
        let actors: Vec<_> = (0..6)
            .map(|which| {
                let shared = shared.clone();
                let count = which % 3 + 1;
                if which % 2 == 0 {
                    thread(move || {
                        let (permits, used) = &*shared;
                        for round in 0..EACH {
                            let permit = if round == 1 {
                                permits.acquire_many_timeout(count, SOON).ok()
                            } else {
                                permits.acquire_many(count).ok()
                            };
                            if let Some(permit) = permit {
                                uses(used, permit.count());
                            }
                        }
                    })
                } else {
                    task(move || async move {
                        let (permits, used) = &*shared;
                        for round in 0..EACH {
                            let polls = if round == 1 { 1 + any(3) } else { usize::MAX };
                            let acquired = give_up(polls, permits.acquire_many_async(count)).await;
                            if let Some(permit) = acquired {
                                uses(used, permit.unwrap().count());
                            }
                        }
                    })
                }
            })
            .collect();
        join(actors);
        assert_eq!(shared.0.available(), PERMITS);
    });
}

#[test]
fn closing_a_semaphore_reaches_everybody_in_line() {
    explore(|| {
        let permits = Arc::new(Semaphore::new(1));
        let actors = [0, 1, 2, 3].map(|which| {
            let permits = permits.clone();
            let count = 1 + which / 3;
            if which % 2 == 0 {
                thread(move || {
                    let acquired = (0..EACH).filter(|_| permits.acquire_many(count).is_ok());
                    let _acquired = acquired.count();
                    assert!(permits.acquire_many(2).is_err());
                })
            } else {
                task(move || async move {
                    for _ in 0..EACH {
                        drop(permits.acquire_many_async(count).await);
                    }
                    assert!(permits.acquire_many_async(2).await.is_err());
                })
            }
        });
        pass();
        assert!(permits.close());
        join(actors);
        assert_eq!(permits.available(), 1);
    });
}

#[test]
fn every_round_of_a_barrier_has_one_leader() {
    explore(|| {
        let barrier = Arc::new((Barrier::new(4), AtomicUsize::new(0)));
        let actors = [0, 1, 2, 3].map(|which| {
            let shared = barrier.clone();
            let check = move |round: usize, came: &AtomicUsize| {
                assert!(
                    came.load(Relaxed) >= 4 * (round + 1),
                    "somebody has not come"
                );
            };
            if which % 2 == 0 {
                thread(move || {
                    let (barrier, came) = &*shared;
                    let lead = |round| {
                        came.fetch_add(1, Relaxed);
                        // A wait that runs out of time takes its arrival back.
                        let mut result = barrier.wait_timeout(SOON);
                        while result.is_err() {
                            result = Ok(barrier.wait());
                        }
                        check(round, came);
                        usize::from(result.unwrap().is_leader())
                    };
                    (0..EACH).map(lead).sum()
                })
            } else {
                task(move || async move {
                    let (barrier, came) = &*shared;
                    let mut leads = 0;
                    for round in 0..EACH {
                        came.fetch_add(1, Relaxed);
                        // Were it given up, it could not tell whether it had been counted.
                        let result = barrier.wait_async().await;
                        check(round, came);
                        leads += usize::from(result.is_leader());
                    }
                    leads
                })
            }
        });
        assert_eq!(join(actors).into_iter().sum::<usize>(), EACH);
    });
}

#[test]
fn what_is_done_once_is_done_once() {
    explore(|| {
        let shared = Arc::new((Once::new(), OnceCell::new(), AtomicUsize::new(0)));
        let actors = [0, 1, 2, 3, 4].map(|which| {
            let shared = shared.clone();
            if which % 2 == 0 {
                thread(move || {
                    let (once, cell, calls) = &*shared;
                    once.call_once(|| {
                        pass();
                        calls.fetch_add(1, Relaxed);
                    });
                    assert_eq!(calls.load(Relaxed), 1);
                    let init = || {
                        pass();
                        if which == 2 { Err(()) } else { Ok(which) }
                    };
                    cell.get_or_try_init(init).copied().ok()
                })
            } else {
                task(move || async move {
                    let (once, cell, calls) = &*shared;
                    if which == 1 {
                        // Maybe in the middle of its own attempt: then somebody else makes one.
                        let init = || async {
                            shuttle::future::yield_now().await;
                            which
                        };
                        give_up(1 + any(3), cell.get_or_init_async(init))
                            .await
                            .copied()
                    } else {
                        once.wait_async().await;
                        assert_eq!(calls.load(Relaxed), 1);
                        Some(*cell.wait_async().await)
                    }
                })
            }
        });
        let seen = join(actors);
        let value = *shared.1.get().unwrap();
        assert!(seen.into_iter().flatten().all(|seen| seen == value));
    });
}

#[test]
fn latches_events_and_groups_let_everybody_through() {
    explore(|| {
        let shared = Arc::new((Latch::new(2), Event::new()));
        let mut group = WaitGroup::new();
        let mut actors = Vec::new();
        for which in 0..4 {
            let (shared, member) = (shared.clone(), group.clone());
            actors.push(if which % 2 == 0 {
                thread(move || {
                    shared.0.count_down();
                    shared.1.wait();
                    drop(member);
                })
            } else {
                task(move || async move {
                    shared.0.wait_async().await;
                    while give_up(1 + any(3), shared.1.wait_async()).await.is_none() {}
                    drop(member);
                })
            });
        }
        shared.0.wait();
        shared.1.set();
        group.wait();
        join(actors);
    });
}
