//! One deadlock for each test.

use crate::{RUNTIME, keep, keep_reports, reports_of};
use brigade::pool::Pool;
use brigade::sync::{Barrier, Mutex, MutexGuard, RwLock, RwLockUpgradableGuard};
use brigade::wait::{Deadlock, Waiter, on_deadlock, waiters};
use std::sync::Arc;
use std::thread;

/// Two or three who each have one thing before anybody wants the next.
fn meeting(count: usize) -> Arc<Barrier> {
    Arc::new(Barrier::new(count))
}

/// The one report of a deadlock among waits that begin in these lines.
fn only_report(lines: std::ops::Range<u32>) -> Deadlock {
    loop {
        let mut reports = reports_of(file!(), &lines);
        if let Some(report) = reports.pop() {
            assert!(reports.is_empty(), "reported twice: {reports:?}");
            return report;
        }
        thread::yield_now();
    }
}

/// What those in it wait for, sorted.
fn waits_for(deadlock: &Deadlock) -> Vec<&'static str> {
    let waits = deadlock.cycle().iter();
    let mut waits: Vec<_> = waits.map(|stuck| stuck.waiter().waits_for()).collect();
    waits.sort_unstable();
    waits
}

/// A thread that locks one, meets the others and locks the other.
fn lock_both(first: &Arc<Mutex<()>>, second: &Arc<Mutex<()>>, meeting: &Arc<Barrier>) {
    let (first, second) = (Arc::clone(first), Arc::clone(second));
    let meeting = Arc::clone(meeting);
    thread::spawn(move || {
        let _first = first.lock();
        meeting.wait();
        let _second = second.lock();
    });
}

#[test]
fn two_threads_and_two_mutexes() {
    keep_reports();
    let mutexes = [(); 2].map(|()| Arc::new(Mutex::new(())));
    let both = meeting(2);
    let from = line!();
    let in_turn = |first: &Arc<Mutex<()>>, second: &Arc<Mutex<()>>| {
        let (first, second) = (Arc::clone(first), Arc::clone(second));
        let both = Arc::clone(&both);
        thread::spawn(move || {
            let _first = first.lock();
            both.wait();
            let _second = second.lock();
        });
    };
    in_turn(&mutexes[0], &mutexes[1]);
    in_turn(&mutexes[1], &mutexes[0]);
    let report = only_report(from..line!());
    assert_eq!(waits_for(&report), ["mutex lock", "mutex lock"]);
    assert!(report.is_certain());
    for stuck in report.cycle() {
        // Where it waits, and where what it waits for was locked.
        assert_eq!(stuck.waiter().site().line(), from + 7);
        assert_eq!(stuck.holder().site().line(), from + 5);
        assert!(!stuck.holder().is_task());
    }
    let text = report.to_string();
    assert!(
        text.starts_with("deadlock: 2 wait for each other\n"),
        "{text}"
    );
}

#[test]
fn three_threads_and_three_mutexes() {
    keep_reports();
    let mutexes = [(); 3].map(|()| Arc::new(Mutex::new(())));
    let all = meeting(3);
    for first in 0..3 {
        lock_both(&mutexes[first], &mutexes[(first + 1) % 3], &all);
    }
    let is_of_three = |report: &Deadlock| report.cycle().len() == 3;
    while !reports_of(file!(), &(0..u32::MAX)).iter().any(is_of_three) {
        thread::yield_now();
    }
}

#[test]
fn a_thread_that_locks_again() {
    keep_reports();
    let from = line!();
    thread::spawn(|| {
        let mutex = Mutex::new(());
        let _first = mutex.lock();
        let _second = mutex.lock();
    });
    let report = only_report(from..line!());
    assert_eq!(report.cycle().len(), 1);
    assert_eq!(report.cycle()[0].holder().site().line(), from + 3);
    let text = report.to_string();
    assert!(
        text.starts_with("deadlock: one waits for itself\n"),
        "{text}"
    );
}

#[test]
fn a_thread_that_reads_and_then_writes() {
    keep_reports();
    let from = line!();
    thread::spawn(|| {
        let lock = RwLock::new(());
        let _reads = lock.read();
        let _writes = lock.write();
    });
    assert_eq!(waits_for(&only_report(from..line!())), ["rwlock write"]);
}

#[test]
fn a_thread_that_writes_and_then_reads() {
    keep_reports();
    let from = line!();
    thread::spawn(|| {
        let lock = RwLock::new(());
        let _writes = lock.write();
        let _reads = lock.read();
    });
    assert_eq!(waits_for(&only_report(from..line!())), ["rwlock read"]);
}

#[test]
fn a_thread_that_reads_twice_with_a_writer_between() {
    keep_reports();
    let lock = Arc::new(RwLock::new(()));
    let from = line!();
    thread::spawn({
        let lock = Arc::clone(&lock);
        move || {
            let _first = lock.read();
            thread::spawn({
                let lock = Arc::clone(&lock);
                move || drop(lock.write())
            });
            // The writer waits, and keeps newcomers out.
            while waiters()
                .iter()
                .all(|waiter| waiter.waits_for() != "rwlock write")
            {}
            while lock.try_read().is_ok() {}
            let _second = lock.read();
        }
    });
    let report = only_report(from..line!());
    assert!(waits_for(&report).contains(&"rwlock read"), "{report}");
}

#[test]
fn two_who_read_one_and_write_the_other() {
    keep_reports();
    let locks = [(); 2].map(|()| Arc::new(RwLock::new(())));
    let both = meeting(2);
    let from = line!();
    for turn in 0..2 {
        let (reads, writes) = (Arc::clone(&locks[turn]), Arc::clone(&locks[1 - turn]));
        let both = Arc::clone(&both);
        thread::spawn(move || {
            let _reads = reads.read();
            both.wait();
            let _writes = writes.write();
        });
    }
    let report = only_report(from..line!());
    assert_eq!(waits_for(&report), ["rwlock write", "rwlock write"]);
}

#[test]
fn an_upgrade_and_a_reader_that_wants_a_mutex() {
    keep_reports();
    let (lock, mutex) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(())));
    let both = meeting(2);
    let from = line!();
    thread::spawn({
        let (lock, mutex, both) = (Arc::clone(&lock), Arc::clone(&mutex), Arc::clone(&both));
        move || {
            let _mutex = mutex.lock();
            let looks = lock.read_upgradable();
            both.wait();
            let _writes = RwLockUpgradableGuard::upgrade(looks);
        }
    });
    thread::spawn(move || {
        let _reads = lock.read();
        both.wait();
        let _mutex = mutex.lock();
    });
    let report = only_report(from..line!());
    assert_eq!(waits_for(&report), ["mutex lock", "rwlock upgrade"]);
}

#[test]
fn a_mutex_and_a_read_write_lock() {
    keep_reports();
    let (lock, mutex) = (Arc::new(RwLock::new(())), Arc::new(Mutex::new(())));
    let both = meeting(2);
    let from = line!();
    thread::spawn({
        let (lock, mutex, both) = (Arc::clone(&lock), Arc::clone(&mutex), Arc::clone(&both));
        move || {
            let _mutex = mutex.lock();
            both.wait();
            let _writes = lock.write();
        }
    });
    thread::spawn(move || {
        let _writes = lock.write();
        both.wait();
        let _mutex = mutex.lock();
    });
    let report = only_report(from..line!());
    assert_eq!(waits_for(&report), ["mutex lock", "rwlock write"]);
}

#[test]
fn a_job_that_wants_what_its_joiner_has() {
    keep_reports();
    let mutex = Arc::new(Mutex::new(()));
    let from = line!();
    thread::spawn(move || {
        let pool = Pool::new(1);
        let _guard = mutex.lock();
        let started = meeting(2);
        let job = pool.submit({
            let (mutex, started) = (Arc::clone(&mutex), Arc::clone(&started));
            move || {
                started.wait();
                drop(mutex.lock());
            }
        });
        started.wait();
        job.unwrap().join()
    });
    let report = only_report(from..line!());
    assert_eq!(waits_for(&report), ["job join", "mutex lock"]);
    assert!(report.is_certain());
}

/// Locks one as a task, meets the other and locks the other's.
async fn lock_both_as_a_task(first: Arc<Mutex<()>>, second: Arc<Mutex<()>>, both: Arc<Barrier>) {
    // Not an owned guard: whoever gets one has the mutex, and that is not seen.
    let mutex = &*first;
    let _first = mutex.lock_async().await;
    both.wait_async().await;
    let _second = second.lock_async().await;
}

/// A guard that stays on its thread is kept across an await: on a runtime of one thread that is allowed.
fn on_one_thread(future: impl Future<Output = ()> + Send + 'static) {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(future);
    });
}

/// Lets a future that keeps such a guard be moved to the thread that will run it from then on.
struct StaysFromNowOn<F>(F);

// SAFETY: the future has not been polled when it is moved, so it keeps no guard yet; from then on it stays.
unsafe impl<F> Send for StaysFromNowOn<F> {}

impl<F: Future<Output = ()>> Future for StaysFromNowOn<F> {
    type Output = ();

    fn poll(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        // SAFETY: pinned with the whole.
        unsafe { self.map_unchecked_mut(|stays| &mut stays.0) }.poll(cx)
    }
}

#[test]
fn two_tasks_and_two_mutexes() {
    keep_reports();
    let mutexes = [(); 2].map(|()| Arc::new(Mutex::new(())));
    let both = meeting(2);
    for turn in 0..2 {
        let (first, second) = (Arc::clone(&mutexes[turn]), Arc::clone(&mutexes[1 - turn]));
        let task = lock_both_as_a_task(first, second, Arc::clone(&both));
        on_one_thread(StaysFromNowOn(task));
    }
    let is_of_tasks = |report: &&Deadlock| {
        report.cycle().len() == 2 && report.cycle().iter().all(|stuck| stuck.holder().is_task())
    };
    let report = loop {
        if let Some(report) = reports_of(file!(), &(0..u32::MAX)).iter().find(is_of_tasks) {
            break report.clone();
        }
        thread::yield_now();
    };
    assert!(!report.is_certain());
    let text = report.to_string();
    assert!(
        text.starts_with("deadlock, as far as can be seen: 2 wait"),
        "{text}"
    );
}

#[test]
fn a_thread_and_a_task() {
    keep_reports();
    let mutexes = [(); 2].map(|()| Arc::new(Mutex::new(())));
    let both = meeting(2);
    let (first, second) = (Arc::clone(&mutexes[0]), Arc::clone(&mutexes[1]));
    let from = line!();
    thread::spawn({
        let (first, second, both) = (Arc::clone(&first), Arc::clone(&second), Arc::clone(&both));
        move || {
            let _second = second.lock();
            both.wait();
            let _first = first.lock();
        }
    });
    let to = line!();
    on_one_thread(StaysFromNowOn(lock_both_as_a_task(first, second, both)));
    let report = only_report(from..to);
    assert_eq!(report.cycle().len(), 2);
    let tasks = report
        .cycle()
        .iter()
        .filter(|stuck| stuck.holder().is_task());
    assert_eq!(tasks.count(), 1);
}

#[test]
fn a_task_that_locks_again() {
    keep_reports();
    let from = line!();
    on_one_thread(StaysFromNowOn(async {
        let mutex = Mutex::new(());
        let _first = mutex.lock_async().await;
        let _second = mutex.lock_async().await;
    }));
    let report = only_report(from..line!());
    assert_eq!(report.cycle().len(), 1);
    assert!(report.cycle()[0].holder().is_task() && !report.is_certain());
}

/// A wait that has been forgotten stays listed, though the mutex may be gone.
#[test]
fn a_forgotten_wait_for_a_mutex_that_is_gone_does_no_harm() {
    keep_reports();
    for _ in 0..100 {
        let mutex = Box::new(Mutex::new([0_u64; 8]));
        let guard = mutex.lock();
        let mut wait = Box::pin(mutex.lock_async());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        std::mem::forget(wait);
        drop(guard);
        drop(mutex);
        let listed = waiters();
        let ours = listed
            .iter()
            .filter(|waiter| waiter.site().file() == file!());
        assert!(
            ours.flat_map(|waiter| waiter.held_by())
                .all(|holder| holder.site().line() > 0)
        );
    }
}

/// Returns when the list of waiters has been looked at once more: a thread that waits for itself is reported by the
/// first look at it.
fn be_looked_at() {
    let stuck = thread::spawn(|| {
        let mutex = Mutex::new(());
        let _first = mutex.lock();
        let _second = mutex.lock();
    });
    let id = Some(stuck.thread().id());
    let is_it = |report: &Deadlock| report.cycle()[0].waiter().thread_id() == id;
    while !reports_of(file!(), &(0..u32::MAX)).iter().any(is_it) {
        thread::yield_now();
    }
}

/// One who is polled with a waker without data is nobody, and not the thread on which it is polled.
#[test]
fn a_wait_of_nobody_known_is_not_taken_for_one_of_its_thread() {
    keep_reports();
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let from = line!();
    let mut wait = std::pin::pin!(mutex.lock_async());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    let to = line!();
    // What a task is part of is reported by the second look at it, and the third comes after that.
    for _ in 0..3 {
        be_looked_at();
    }
    let reports = reports_of(file!(), &(from..to));
    assert!(reports.is_empty(), "{reports:?}");
    drop(guard);
    assert!(wait.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_hook_may_panic_when_it_is_dropped() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the hook is dropped");
        }
    }

    keep_reports();
    let bomb = Bomb;
    on_deadlock(move |deadlock| {
        let _bomb = &bomb;
        keep(deadlock);
        // From here on only the caller of this hook has it.
        on_deadlock(keep);
    });
    // The first look may be the one that drops it.
    for _ in 0..2 {
        be_looked_at();
    }
}

/// A task reads, and lets go of it outside of our polls: then nobody reads any more.
#[test]
fn readers_that_have_left_are_not_seen() {
    keep_reports();
    let lock = Arc::new(RwLock::new(()));
    let from = line!();
    let reads = RUNTIME.block_on(async {
        for _ in 0..20 {
            drop(lock.read_async().await);
        }
        lock.read_async().await
    });
    let site = line!() - 2;
    let writes = thread::spawn({
        let lock = Arc::clone(&lock);
        move || drop(lock.write())
    });
    let lines = from..line!();
    let waiter = loop {
        let listed = waiters();
        let is_ours = |waiter: &&Waiter| {
            waiter.site().file() == file!() && lines.contains(&waiter.site().line())
        };
        if let Some(waiter) = listed.iter().find(is_ours) {
            break waiter.clone();
        }
        thread::yield_now();
    };
    let holders: Vec<_> = waiter
        .held_by()
        .iter()
        .map(|holder| holder.site().line())
        .collect();
    assert_eq!(holders, [site]);
    drop(reads);
    writes.join().unwrap();
}

#[test]
fn a_waiter_says_who_has_what_it_waits_for() {
    keep_reports();
    let mutex = Arc::new(Mutex::new(()));
    let locked = line!() + 1;
    let guard = mutex.lock();
    let waits = thread::spawn({
        let mutex = Arc::clone(&mutex);
        move || drop(mutex.lock())
    });
    let (from, to) = (locked + 1, line!());
    let waiter = loop {
        let is_ours = |line: u32| (from..to).contains(&line);
        let found = waiters()
            .into_iter()
            .find(|waiter| waiter.site().file() == file!() && is_ours(waiter.site().line()));
        if let Some(waiter) = found {
            break waiter;
        }
    };
    let [holder] = waiter.held_by() else {
        panic!("one has it: {waiter}");
    };
    assert_eq!(holder.site().line(), locked);
    MutexGuard::unlock_fair(guard);
    waits.join().unwrap();
    assert!(reports_of(file!(), &(from..to)).is_empty());
}
