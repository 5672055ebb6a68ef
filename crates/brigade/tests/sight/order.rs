//! Locks that are never wanted at the same time, in orders that could lead to a deadlock, and in orders that could not.

use crate::{RUNTIME, keep_reports, potential_of, tell_all};
use brigade::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard,
};
use brigade::wait::PotentialDeadlock;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The one report in which these lines have a part.
fn only_report(lines: Range<u32>) -> PotentialDeadlock {
    loop {
        let mut reports = potential_of(file!(), &lines);
        if let Some(report) = reports.pop() {
            assert!(reports.is_empty(), "reported twice: {reports:?}");
            return report;
        }
        thread::yield_now();
    }
}

/// The lines of a report: of each step, where the outer lock was taken and the inner one asked for, counted from
/// `from`; the step that begins with the lowest line comes first.
fn lines(report: &PotentialDeadlock, from: u32) -> Vec<(u32, u32)> {
    let steps = report.cycle().iter();
    let mut lines: Vec<_> = steps
        .map(|step| {
            (
                step.outer_site().line() - from,
                step.inner_site().line() - from,
            )
        })
        .collect();
    let first = (0..lines.len()).min_by_key(|&place| lines[place]);
    lines.rotate_left(first.expect("there are some"));
    lines
}

fn assert_silent(lines: Range<u32>) {
    let reports = potential_of(file!(), &lines);
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn two_mutexes_in_both_orders() {
    keep_reports();
    let (one, other) = (Mutex::new(()), Mutex::new(()));
    let from = line!();
    for _ in 0..3 {
        thread::scope(|scope| {
            scope.spawn(|| {
                let _one = one.lock();
                drop(other.lock());
            });
        });
        let _other = other.lock();
        drop(one.lock());
    }
    let to = line!();
    tell_all!();
    let report = only_report(from..to);
    assert_eq!(lines(&report, from), [(4, 5), (8, 9)]);
    assert!(
        report
            .cycle()
            .iter()
            .all(|step| !step.is_task() && !step.needs_writer())
    );
    let text = report.to_string();
    assert!(
        text.starts_with(
            "could deadlock: 2 locks are taken in both orders\n  a thread took lock 1 at "
        ),
        "{text}"
    );
    let place = |line: u32| format!("{}:{}:", file!(), from + line);
    for line in [4, 5, 8, 9] {
        assert!(text.contains(&place(line)), "{text}");
    }
}

#[test]
fn three_mutexes_in_a_circle() {
    keep_reports();
    let [a, b, c] = [(); 3].map(|()| Mutex::new(()));
    let from = line!();
    drop((a.lock(), b.lock()));
    drop((b.lock(), c.lock()));
    let two = line!();
    tell_all!();
    assert_silent(from..two);
    let last = line!();
    drop((c.lock(), a.lock()));
    let report = only_report(last..line!());
    assert_eq!(
        lines(&report, from),
        [(1, 1), (2, 2), (last - from + 1, last - from + 1)]
    );
    let text = report.to_string();
    assert!(
        text.contains("a thread took lock 3 at") && text.contains("asked for lock 1 at"),
        "{text}"
    );
}

#[test]
fn what_is_held_longer_counts_too() {
    keep_reports();
    let [a, b, c] = [(); 3].map(|()| Mutex::new(()));
    let from = line!();
    {
        let first = a.lock();
        let second = b.lock();
        let _third = c.lock();
        drop(second);
        drop(first);
    }
    drop((c.lock(), a.lock()));
    assert_eq!(lines(&only_report(from..line!()), from), [(2, 4), (8, 8)]);
}

#[test]
fn a_mutex_and_a_read_write_lock() {
    keep_reports();
    let (mutex, lock) = (Mutex::new(()), RwLock::new(()));
    let from = line!();
    drop((mutex.lock(), lock.read()));
    drop((lock.write(), mutex.lock()));
    assert_eq!(lines(&only_report(from..line!()), from), [(1, 1), (2, 2)]);
}

#[test]
fn an_upgrade_and_a_reader_that_wants_a_mutex() {
    keep_reports();
    let (mutex, lock) = (Mutex::new(()), RwLock::new(()));
    let from = line!();
    {
        let looks = lock.read_upgradable();
        let _mutex = mutex.lock();
        drop(RwLockUpgradableGuard::upgrade(looks));
    }
    let one = line!();
    // Of two who upgrade, the second waits before it has anything.
    tell_all!();
    assert_silent(from..one);
    let from = line!();
    drop((lock.read(), mutex.lock()));
    let report = only_report(from..line!());
    assert_eq!(report.cycle().len(), 2);
}

#[test]
fn an_upgrade_that_did_not_wait_has_the_lock_alone() {
    keep_reports();
    let (mutex, lock) = (Mutex::new(()), RwLock::new(()));
    let from = line!();
    let looks = lock.read_upgradable();
    let writes = RwLockUpgradableGuard::try_upgrade(looks).unwrap();
    drop((mutex.lock(), writes));
    drop((mutex.lock(), lock.read()));
    assert_eq!(lines(&only_report(from..line!()), from), [(2, 3), (4, 4)]);
}

#[test]
fn readers_deadlock_only_with_a_writer_between() {
    keep_reports();
    let (one, other) = (RwLock::new(()), RwLock::new(()));
    let from = line!();
    drop((one.read(), other.read()));
    drop((other.read(), one.read()));
    let readers = line!();
    tell_all!();
    assert_silent(from..readers);
    drop(one.write());
    tell_all!();
    assert_silent(from..readers);
    // Now somebody may wait to write either of them.
    drop(other.write());
    let report = only_report(from..readers);
    assert_eq!(lines(&report, from), [(1, 1), (2, 2)]);
    assert!(report.cycle().iter().all(|step| step.needs_writer()));
    assert!(
        report
            .to_string()
            .contains(", and a writer may wait between\n"),
        "{report}"
    );
}

#[test]
fn a_lock_that_is_read_again() {
    keep_reports();
    let (lock, unwritten, gated) = (RwLock::new(()), RwLock::new(()), RwLock::new(()));
    let gate = Mutex::new(());
    drop(lock.write());
    drop((gate.lock(), gated.write()));
    let from = line!();
    drop((lock.read(), lock.read_again()));
    drop((unwritten.read(), unwritten.read()));
    drop((gate.lock(), gated.read(), gated.read()));
    let right = line!();
    tell_all!();
    assert_silent(from..right);
    let from = line!();
    drop((lock.read(), lock.read()));
    let report = only_report(from..line!());
    assert_eq!(lines(&report, from), [(1, 1)]);
    let text = report.to_string();
    assert!(
        text.starts_with("could deadlock: a lock is read again by one who reads it\n"),
        "{text}"
    );
}

/// Locks the one and then the other, as a task that gives way in between.
async fn both_as_a_task(one: Arc<Mutex<()>>, other: Arc<Mutex<()>>) -> u32 {
    let one = &*one;
    let local = tokio::task::LocalSet::new();
    let both = async {
        let _one = one.lock_async().await;
        tokio::task::yield_now().await;
        drop(other.lock_async().await);
        line!()
    };
    local.run_until(both).await
}

#[test]
fn a_task_and_a_thread() {
    keep_reports();
    let (one, other) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let after = runtime.block_on(both_as_a_task(Arc::clone(&one), Arc::clone(&other)));
    let from = line!();
    drop((other.lock(), one.lock()));
    let report = only_report(from..line!());
    let task = report
        .cycle()
        .iter()
        .find(|step| step.is_task())
        .expect("one is a task");
    assert_eq!(
        (task.outer_site().line(), task.inner_site().line()),
        (after - 3, after - 1)
    );
    assert_eq!(
        report.cycle().iter().filter(|step| step.is_task()).count(),
        1
    );
}

#[test]
fn a_condition_that_is_waited_for_with_another_lock_in_hand() {
    keep_reports();
    let (one, other, changed) = (Mutex::new(()), Mutex::new(()), Condvar::new());
    let from = line!();
    {
        let one = one.lock();
        let _other = other.lock();
        // It is let go of, and taken again with the other in hand.
        drop(changed.wait_timeout(one, Duration::ZERO));
    }
    assert_eq!(lines(&only_report(from..line!()), from), [(2, 3), (3, 5)]);
}

#[test]
fn one_who_does_not_wait_has_what_it_takes() {
    keep_reports();
    let (one, other) = (Mutex::new(()), Mutex::new(()));
    let from = line!();
    drop((one.try_lock(), other.lock()));
    drop((other.lock_timeout(Duration::ZERO), one.lock()));
    assert_eq!(lines(&only_report(from..line!()), from), [(1, 1), (2, 2)]);
}

#[test]
fn a_gate_makes_both_orders_safe_and_one_way_without_it_does_not() {
    keep_reports();
    let [gate, one, other] = [(); 3].map(|()| Mutex::new(()));
    let from = line!();
    drop((gate.lock(), one.lock(), other.lock()));
    drop((gate.lock(), other.lock(), one.lock()));
    let to = line!();
    tell_all!();
    assert_silent(from..to);
    // The first of both ways without it, which goes with the second as it was.
    let from = line!();
    drop((one.lock(), other.lock()));
    assert_eq!(only_report(from..line!()).cycle().len(), 2);
}

#[test]
fn a_gate_that_is_shared_is_none() {
    keep_reports();
    let (gate, one, other) = (RwLock::new(()), Mutex::new(()), Mutex::new(()));
    let from = line!();
    drop((gate.read(), one.lock(), other.lock()));
    drop((gate.read(), other.lock(), one.lock()));
    assert_eq!(lines(&only_report(from..line!()), from), [(1, 1), (2, 2)]);
}

#[test]
fn nobody_waits_in_what_is_only_tried() {
    keep_reports();
    let (one, other, lock) = (Mutex::new(()), Mutex::new(()), RwLock::new(()));
    let from = line!();
    drop((one.lock(), other.lock(), lock.write()));
    drop((
        lock.read(),
        other.try_lock(),
        one.lock_timeout(Duration::ZERO),
    ));
    drop((other.lock(), one.try_lock()));
    drop((other.lock(), format!("{one:?}")));
    let mut select = brigade::select::Select::new().lock(&one, drop);
    drop((other.lock(), select.wait()));
    let writes = lock.try_write().unwrap();
    let reads = RwLockWriteGuard::downgrade(writes);
    drop((reads, one.try_lock()));
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

#[test]
fn edges_go_with_their_locks() {
    keep_reports();
    let from = line!();
    let lasting = Mutex::new(());
    for turn in 0..100 {
        // Most probably in the same place every time, and its record is used again.
        let passing = Box::new(Mutex::new(()));
        if turn % 2 == 0 {
            drop((lasting.lock(), passing.lock()));
        } else {
            drop((passing.lock(), lasting.lock()));
        }
    }
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

#[test]
fn an_order_by_number_is_one_however_the_lines_are() {
    keep_reports();
    let accounts: Vec<Mutex<u32>> = (0..40).map(Mutex::new).collect();
    let from = line!();
    let transfer = |source: usize, target: usize| {
        let first = accounts[source.min(target)].lock();
        let second = accounts[source.max(target)].lock();
        drop((first, second));
    };
    for source in 0..40 {
        (0..40)
            .filter(|&target| target != source)
            .for_each(|target| transfer(source, target));
    }
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

#[test]
fn the_same_lines_for_different_accounts_are_a_circle_if_the_accounts_are() {
    keep_reports();
    let accounts: Vec<Mutex<u32>> = (0..4).map(Mutex::new).collect();
    let from = line!();
    let transfer = |source: usize, target: usize| {
        let first = accounts[source].lock();
        drop((accounts[target].lock(), first));
    };
    transfer(0, 1);
    transfer(3, 2);
    let to = line!();
    tell_all!();
    assert_silent(from..to);
    transfer(1, 0);
    transfer(2, 3);
    tell_all!();
    assert_eq!(lines(&only_report(from..to), from), [(2, 3), (2, 3)]);
}

#[test]
fn who_owns_a_guard_is_not_known() {
    keep_reports();
    let (one, other) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let lock = Arc::new(RwLock::new(()));
    let from = line!();
    drop((one.lock(), other.lock(), lock.write()));
    let owned = other.lock_owned();
    drop((owned, one.lock()));
    let owned = RwLockReadGuard::into_owned(lock.read(), &lock);
    drop((owned, one.lock()));
    // Nor who has one that went to a future.
    let changed = Condvar::new();
    let waits = changed.wait_async(other.lock());
    drop((one.lock(), waits));
    let upgrades = RwLockUpgradableGuard::upgrade_async(lock.read_upgradable());
    drop((one.lock(), upgrades));
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

#[test]
fn two_tasks_on_one_thread_are_two() {
    keep_reports();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (one, other) = (Mutex::new(()), Mutex::new(()));
    let (one, other): (&'static _, &'static _) =
        (Box::leak(Box::new(one)), Box::leak(Box::new(other)));
    let from = line!();
    let holds = |has: &'static Mutex<()>| async move {
        let guard = has.lock_async().await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        drop(guard);
    };
    let local = tokio::task::LocalSet::new();
    for turn in 0..4 {
        let (first, second) = if turn % 2 == 0 {
            (one, other)
        } else {
            (other, one)
        };
        local.spawn_local(holds(first));
        local.spawn_local(holds(second));
    }
    runtime.block_on(local);
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

/// It is known that this is false, and why it cannot be helped: see `wait/sight/order.rs`.
#[test]
fn tasks_on_one_thread_that_lock_like_threads_look_like_one() {
    keep_reports();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mutexes: &'static [Mutex<()>; 2] = Box::leak(Box::new([(); 2].map(Mutex::new)));
    let from = line!();
    let holds = |has: &'static Mutex<()>| async move {
        let guard = has.lock();
        tokio::task::yield_now().await;
        drop(guard);
    };
    for first in 0..2 {
        let local = tokio::task::LocalSet::new();
        local.spawn_local(holds(&mutexes[first]));
        local.spawn_local(holds(&mutexes[1 - first]));
        runtime.block_on(local);
    }
    let report = only_report(from..line!());
    assert_eq!(lines(&report, from), [(2, 2), (2, 2)]);
    assert!(report.cycle().iter().all(|step| !step.is_task()));
}

/// The one step of a task in the one report of these lines, after all has been told.
fn only_step_of_a_task(lines: Range<u32>) -> (u32, u32) {
    let reports = potential_of(file!(), &lines);
    let [report] = &reports[..] else {
        panic!("not one: {reports:?}");
    };
    let of_task: Vec<_> = report
        .cycle()
        .iter()
        .filter(|step| step.is_task())
        .collect();
    let [step] = of_task[..] else {
        panic!("not one of a task: {report}");
    };
    (step.outer_site().line(), step.inner_site().line())
}

/// A guard is still the task's when it has become one of another kind, though no future of ours is being polled then.
#[test]
fn what_a_task_exchanges_it_has_itself() {
    keep_reports();
    let (lock, other) = (RwLock::new(()), Mutex::new(()));
    let from = line!();
    RUNTIME.block_on(async {
        let looks = lock.read_upgradable_async().await;
        let writes = RwLockUpgradableGuard::try_upgrade(looks).unwrap();
        let looks = RwLockWriteGuard::downgrade_to_upgradable(writes);
        let _reads = RwLockUpgradableGuard::downgrade(looks);
        drop(other.lock_async().await);
    });
    drop((other.lock(), lock.write()));
    let to = line!();
    tell_all!();
    assert_eq!(only_step_of_a_task(from..to), (from + 5, from + 6));
}

#[test]
fn what_an_arm_of_a_select_has_taken_is_the_tasks() {
    keep_reports();
    let (one, other) = (Mutex::new(()), Mutex::new(()));
    let from = line!();
    RUNTIME.block_on(async {
        let mut select = brigade::select::Select::new().lock(&one, |guard| guard);
        let _one = select.wait_async().await.unwrap();
        drop(other.lock_async().await);
    });
    drop((other.lock(), one.lock()));
    let to = line!();
    tell_all!();
    assert_eq!(only_step_of_a_task(from..to), (from + 2, from + 4));
}

#[test]
fn tasks_that_move_between_threads_leave_nothing_behind() {
    keep_reports();
    let (one, other, lock) = (Mutex::new(0), Mutex::new(0), RwLock::new(0));
    let shared = Arc::new((one, other, lock, Condvar::new()));
    let from = line!();
    let tasks: Vec<_> = (0..20)
        .map(|turn| {
            let shared = Arc::clone(&shared);
            RUNTIME.spawn(async move {
                let (one, other, lock, changed) = &*shared;
                for _ in 0..20 {
                    let guard = one.lock_async().await;
                    let moment = Duration::from_micros(turn);
                    drop(changed.wait_timeout_async(guard, moment).await);
                    *other.lock_async().await += 1;
                    *one.lock() += other.try_lock().map_or(0, |other| *other);
                    let looks = lock.read_upgradable_async().await;
                    drop(RwLockUpgradableGuard::upgrade_async(looks).await);
                    *other.lock_async().await += 1;
                    *lock.write() += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        RUNTIME.block_on(task).unwrap();
    }
    let to = line!();
    tell_all!();
    assert_silent(from..to);
}

#[test]
fn a_guard_that_was_forgotten_of_a_lock_that_is_gone() {
    keep_reports();
    let from = line!();
    let last = Mutex::new(());
    for _ in 0..100 {
        let lock = RwLock::new(());
        std::mem::forget(lock.read());
        drop(last.lock());
    }
    // There is still room for what is locked on this thread.
    let other = Mutex::new(());
    drop((last.lock(), other.lock()));
    drop((other.lock(), MutexGuard::map(last.lock(), |unit| unit)));
    assert_eq!(only_report(from..line!()).cycle().len(), 2);
}
