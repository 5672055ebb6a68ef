//! A number of permits: who gets them, in which order, and what is refused.

use crate::by_hand::{Count, poll, poll_counted};
use crate::sides::Side::{Task, Thread};
use crate::sides::until_waiting_at;
use brigade::sync::{
    AcquireError, AcquireTimeoutError, AddPermitsError, Semaphore, TryAcquireError,
};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[test]
fn no_more_are_inside_than_there_are_permits() {
    for sides in [[Thread; 4], [Task; 4], [Thread, Task, Thread, Task]] {
        let shared = Arc::new((Semaphore::new(2), AtomicUsize::new(0)));
        let actors = sides.map(|side| {
            let shared = Arc::clone(&shared);
            side.spawn(async move {
                for _ in 0..500 {
                    let permit = match side {
                        Thread => shared.0.acquire(),
                        Task => shared.0.acquire_async().await,
                    };
                    assert!(shared.1.fetch_add(1, Relaxed) < 2);
                    std::thread::yield_now();
                    shared.1.fetch_sub(1, Relaxed);
                    drop(permit.unwrap());
                }
            })
        });
        actors.into_iter().for_each(|actor| actor.join());
        assert_eq!(shared.0.available(), 2);
    }
}

#[test]
fn one_who_wants_many_is_not_passed_by_those_who_want_few() {
    let semaphore = Semaphore::new(3);
    let out = semaphore.acquire_many(2).unwrap();
    let mut many = pin!(semaphore.acquire_many_async(3));
    assert!(poll(many.as_mut()).is_pending());
    // There is one, but somebody is in line.
    assert_eq!(
        semaphore.try_acquire().err(),
        Some(TryAcquireError::NoPermits)
    );
    let mut few = pin!(semaphore.acquire_async());
    assert!(poll(few.as_mut()).is_pending());
    drop(out);
    assert!(poll(few.as_mut()).is_pending());
    let std::task::Poll::Ready(Ok(all)) = poll(many.as_mut()) else {
        panic!("there are three");
    };
    assert_eq!(all.count(), 3);
    drop(all);
    assert!(poll(few.as_mut()).is_ready());
}

/// The first in line has been woken and has not come yet: a newcomer does not have others pass it.
#[test]
fn a_newcomer_has_nobody_pass_the_first_in_line() {
    let semaphore = Semaphore::new(0);
    let mut many = pin!(semaphore.acquire_many_async(5));
    let mut few = pin!(semaphore.acquire_async());
    let mut newcomer = pin!(semaphore.acquire_async());
    let count = Arc::new(Count::default());
    assert!(poll(many.as_mut()).is_pending());
    assert!(poll_counted(few.as_mut(), &count).is_pending());
    semaphore.add_permits(5).unwrap();
    assert!(poll(newcomer.as_mut()).is_pending());
    assert_eq!(count.get(), 0);
    assert!(poll(many.as_mut()).is_ready());
}

#[test]
fn more_permits_than_there_can_be_do_not_come_back() {
    let semaphore = Semaphore::new(0);
    let most = Semaphore::MAX_PERMITS;
    let mut all = Vec::new();
    for _ in 0..5 {
        semaphore.add_permits(most).unwrap();
        all.push(semaphore.acquire_many(most).unwrap());
    }
    drop(all);
    assert_eq!(semaphore.available(), most);
}

#[test]
fn permits_go_round_in_the_order_of_asking() {
    let semaphore = Semaphore::new(0);
    let counts = [(); 3].map(|()| Arc::new(Count::default()));
    let mut waits = [(); 3].map(|()| Box::pin(semaphore.acquire_async()));
    for (wait, count) in waits.iter_mut().zip(&counts) {
        assert!(poll_counted(wait.as_mut(), count).is_pending());
    }
    for (turn, wait) in waits.iter_mut().enumerate() {
        semaphore.add_permits(1).unwrap();
        let woken = counts.each_ref().map(|count| usize::from(count.get() > 0));
        assert_eq!(woken.iter().sum::<usize>(), turn + 1);
        let std::task::Poll::Ready(Ok(permit)) = poll(wait.as_mut()) else {
            panic!("it has been woken");
        };
        permit.forget();
    }
}

#[test]
fn permits_that_are_enough_for_several_serve_them_all() {
    for side in [Thread, Task] {
        let semaphore = Arc::new(Semaphore::new(0));
        let waits = [2, 1, 3].map(|count| {
            let semaphore = Arc::clone(&semaphore);
            side.spawn(async move {
                match side {
                    Thread => semaphore.acquire_many(count).unwrap().forget(),
                    Task => semaphore.acquire_many_async(count).await.unwrap().forget(),
                }
            })
        });
        until_waiting_at(&*semaphore, 3);
        semaphore.add_permits(6).unwrap();
        waits.into_iter().for_each(|wait| wait.join());
        assert_eq!(semaphore.available(), 0);
    }
}

#[test]
fn a_wait_that_is_dropped_or_late_keeps_nobody_back() {
    let semaphore = Semaphore::new(1);
    let mut greedy = Box::pin(semaphore.acquire_many_async(2));
    assert!(poll(greedy.as_mut()).is_pending());
    let mut modest = pin!(semaphore.acquire_async());
    assert!(poll(modest.as_mut()).is_pending());
    drop(greedy);
    assert!(poll(modest.as_mut()).is_ready());
    let late = Some(AcquireTimeoutError::Timeout);
    let short = Duration::from_millis(1);
    assert_eq!(semaphore.acquire_many_timeout(2, short).err(), late);
    assert_eq!(
        semaphore.acquire_many_deadline(2, Instant::now()).err(),
        late
    );
    futures::executor::block_on(async {
        assert_eq!(
            semaphore.acquire_many_timeout_async(2, short).await.err(),
            late
        );
        let past = Instant::now();
        assert_eq!(
            semaphore.acquire_many_deadline_async(2, past).await.err(),
            late
        );
        assert!(semaphore.acquire_timeout_async(short).await.is_ok());
    });
    assert!(semaphore.acquire_timeout(short).is_ok());
}

#[test]
fn a_future_that_is_woken_and_forgotten_has_no_permit() {
    let semaphore: &'static Semaphore = Box::leak(Box::new(Semaphore::new(0)));
    let mut forgotten = Box::pin(semaphore.acquire_async());
    assert!(poll(forgotten.as_mut()).is_pending());
    mem::forget(forgotten);
    semaphore.add_permits(1).unwrap();
    drop(semaphore.try_acquire().unwrap());
    drop(semaphore.acquire().unwrap());
    futures::executor::block_on(async { drop(semaphore.acquire_async().await.unwrap()) });
}

#[test]
fn a_closed_one_gives_no_permits_and_takes_them_back() {
    for side in [Thread, Task] {
        let semaphore = Arc::new(Semaphore::new(1));
        let permit = semaphore.acquire().unwrap();
        let waits = side.spawn({
            let semaphore = Arc::clone(&semaphore);
            async move {
                match side {
                    Thread => semaphore.acquire().err(),
                    Task => semaphore.acquire_async().await.err(),
                }
            }
        });
        until_waiting_at(&*semaphore, 1);
        assert!(semaphore.close() && !semaphore.close());
        assert_eq!(waits.join(), Some(AcquireError::Closed));
        drop(permit);
        assert_eq!(semaphore.available(), 1);
        assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::Closed));
        let short = Duration::from_millis(1);
        assert_eq!(
            semaphore.acquire_timeout(short).err(),
            Some(AcquireTimeoutError::Closed)
        );
    }
}

#[test]
fn bad_counts_are_refused_and_change_nothing() {
    let semaphore = Semaphore::new(2);
    for bad in [0, Semaphore::MAX_PERMITS + 1, usize::MAX] {
        assert_eq!(
            semaphore.acquire_many(bad).err(),
            Some(AcquireError::BadCount(bad))
        );
        assert_eq!(
            semaphore.try_acquire_many(bad).err(),
            Some(TryAcquireError::BadCount(bad))
        );
        let refused = semaphore.acquire_many_timeout(bad, Duration::from_millis(1));
        assert_eq!(refused.err(), Some(AcquireTimeoutError::BadCount(bad)));
        futures::executor::block_on(async {
            let refused = semaphore.acquire_many_async(bad).await;
            assert_eq!(refused.err(), Some(AcquireError::BadCount(bad)));
        });
    }
    assert_eq!(semaphore.add_permits(usize::MAX), Err(AddPermitsError));
    assert_eq!(
        semaphore.add_permits(Semaphore::MAX_PERMITS - 1),
        Err(AddPermitsError)
    );
    assert_eq!(semaphore.available(), 2);
    assert!(semaphore.add_permits(Semaphore::MAX_PERMITS - 2).is_ok());
    let error = AcquireError::BadCount(0).to_string();
    assert!(
        error.starts_with("0 permits cannot be asked for: ask for 1 to "),
        "{error}"
    );
}

#[test]
fn permits_are_split_merged_and_owned() {
    let semaphore = Arc::new(Semaphore::new(4));
    let mut all = semaphore.acquire_many(4).unwrap();
    assert!(all.split(5).is_none());
    let one = all.split(1).unwrap();
    assert_eq!((all.count(), one.count()), (3, 1));
    all.merge(one);
    assert_eq!(all.count(), 4);
    let owned = all.into_owned(&semaphore);
    std::thread::spawn(move || drop(owned)).join().unwrap();
    assert_eq!(semaphore.available(), 4);
    semaphore.acquire().unwrap().forget();
    assert_eq!(semaphore.available(), 3);
}
