//! Work that contends for locks in ways that are right: nothing of it is reported.

use crate::{RUNTIME, keep_reports, potential_of, reports_of, tell_all};
use brigade::sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockUpgradableGuard, Shared};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long to go on; a moment, unless it is asked for.
fn end() -> Instant {
    let seconds = std::env::var("BRIGADE_STRESS_SECONDS");
    let seconds: u64 = seconds.ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    Instant::now() + Duration::from_secs(seconds)
}

struct Table {
    mutexes: [Mutex<u64>; 3],
    lock: RwLock<u64>,
    changed: Condvar,
    queue: Mutex<u64>,
}

/// Locks in one order, of all kinds, with and without limits.
fn work(table: &Table, turn: u64) {
    let start = (turn % 3) as usize;
    let mut guards: Vec<MutexGuard<'_, u64>> = Vec::new();
    for mutex in &table.mutexes[start..] {
        guards.push(mutex.lock());
    }
    guards.iter_mut().for_each(|guard| **guard += 1);
    match turn % 5 {
        0 => *table.lock.write() += 1,
        1 => drop(table.lock.read()),
        2 => {
            let looks = table.lock.read_upgradable();
            *RwLockUpgradableGuard::upgrade(looks) += 1;
        }
        3 => drop(table.lock.read_timeout(Duration::from_micros(10))),
        _ => {
            // In the other order, but not for ever.
            let other = table.mutexes[..start].first();
            drop(other.map(|mutex| mutex.lock_timeout(Duration::from_micros(50))));
        }
    }
    drop(guards);
    if turn.is_multiple_of(7) {
        *table.queue.lock() += 1;
        table.changed.notify_one();
    } else if turn % 7 == 1 {
        let some = Duration::from_micros(100);
        let wait = table
            .changed
            .wait_while_timeout(table.queue.lock(), some, |left| *left == 0);
        *MutexGuard::map(wait.0, |left| left) = 0;
    }
}

#[test]
fn nothing_is_reported_of_correct_work() {
    keep_reports();
    let table = Arc::new(Table {
        mutexes: [const { Mutex::new(0) }; 3],
        lock: RwLock::new(0),
        changed: Condvar::new(),
        queue: Mutex::new(0),
    });
    let end = end();
    let threads: Vec<_> = (0..6)
        .map(|first| {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                let mut turn = first;
                while Instant::now() < end {
                    work(&table, turn);
                    turn += 1;
                }
            })
        })
        .collect();
    let shared = Shared::new(0_u64);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (table, shared) = (Arc::clone(&table), shared.clone());
            RUNTIME.spawn(async move {
                while Instant::now() < end {
                    *table.mutexes[2].lock_async().await += 1;
                    *table.lock.write_async().await += 1;
                    let mut owned =
                        MutexGuard::into_owned(shared.lock_async().await, shared.as_arc());
                    tokio::task::yield_now().await;
                    *owned += *table.lock.read_async().await;
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    tasks
        .into_iter()
        .for_each(|task| RUNTIME.block_on(task).unwrap());
    let reports = reports_of(file!(), &(0..u32::MAX));
    assert!(reports.is_empty(), "{reports:?}");
    let last = line!();
    tell_all!();
    let potential = potential_of(file!(), &(0..last));
    assert!(potential.is_empty(), "{potential:?}");
}
