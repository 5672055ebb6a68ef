//! Retries and rate limits as threads and tasks wait for them: what ends the waits, and what they leave behind.
//!
//! The delays here are hours or nothing, so no test depends on the time. Their lengths, and the numbers of permits, are
//! computed in the unit tests of the library.

use crate::allocations;
use crate::by_hand::{Count, poll, poll_counted};
use brigade::cancel::{CancelToken, Reason};
use brigade::policy::{
    Backoff, RateError, RateLimit, RetryError, Stopped, retry, retry_async, retry_if,
    retry_if_async,
};
use brigade::wait::waiters;
use futures::executor::block_on;
use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);
const NOW: Duration = Duration::ZERO;

/// Returns once the thread sleeps, waiting for that.
fn until_asleep(thread: ThreadId, waits_for: &str) {
    let asleep = || {
        waiters()
            .iter()
            .any(|waiter| waiter.thread_id() == Some(thread) && waiter.waits_for() == waits_for)
    };
    while !asleep() {
        thread::yield_now();
    }
}

/// Blocks a thread in `wait`, cancels it, and returns what has come of the wait.
fn cancelled_in_thread<T: Send>(waits_for: &str, wait: impl FnOnce() -> T + Send) -> T {
    let token = CancelToken::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| token.within(wait));
        until_asleep(waiter.thread().id(), waits_for);
        token.cancel_because(Reason::Shutdown);
        waiter.join().unwrap()
    })
}

/// Fails until it has been called so often.
fn works_at(attempt: u32) -> impl FnMut() -> Result<u32, u32> {
    let mut made = 0;
    move || {
        made += 1;
        if made < attempt { Err(made) } else { Ok(made) }
    }
}

#[test]
fn what_works_in_time_is_returned_and_not_tried_again() {
    let backoff = Backoff::constant(NOW).attempts(3);
    assert_eq!(retry(&backoff, works_at(1)), Ok(1));
    assert_eq!(retry(&backoff, works_at(3)), Ok(3));
    let stopped = Stopped::Attempts;
    let failed = Err(RetryError {
        error: 3,
        attempts: 3,
        stopped,
    });
    assert_eq!(retry(&backoff, works_at(4)), failed);
    let mut works = works_at(4);
    assert_eq!(block_on(retry_async(&backoff, || ready(works()))), failed);
    let mut works = works_at(3);
    assert_eq!(block_on(retry_async(&backoff, || ready(works()))), Ok(3));
}

#[test]
fn each_failure_is_judged_once_and_the_first_that_is_not_worth_it_is_the_last() {
    let backoff = Backoff::constant(NOW).attempts(5);
    let stopped = Stopped::NotWorthIt;
    let failed = Err(RetryError {
        error: 3,
        attempts: 3,
        stopped,
    });
    let seen = RefCell::new(Vec::new());
    let worth = |error: &u32| {
        seen.borrow_mut().push(*error);
        *error < 3
    };
    assert_eq!(retry_if(&backoff, worth, works_at(9)), failed);
    assert_eq!(seen.take(), [1, 2, 3]);
    let mut works = works_at(9);
    assert_eq!(
        block_on(retry_if_async(&backoff, worth, || ready(works()))),
        failed
    );
    assert_eq!(seen.take(), [1, 2, 3]);
    // The last that is allowed is judged too.
    let all = |error: &u32| {
        seen.borrow_mut().push(*error);
        true
    };
    assert_eq!(
        retry_if(&backoff, all, works_at(9)).unwrap_err().attempts,
        5
    );
    assert_eq!(seen.take(), [1, 2, 3, 4, 5]);
}

#[test]
fn a_delay_that_does_not_fit_is_not_begun() {
    let backoff = Backoff::constant(HOUR).total(HOUR - Duration::from_nanos(1));
    assert_eq!(
        retry(&backoff, works_at(2)).unwrap_err().stopped,
        Stopped::Time
    );
}

#[test]
fn a_delay_of_a_thread_is_cancelled_and_the_failure_is_kept() {
    let backoff = Backoff::constant(HOUR);
    let error = cancelled_in_thread("retry", || retry(&backoff, works_at(9))).unwrap_err();
    let stopped = Stopped::Cancelled(Reason::Shutdown);
    assert_eq!(
        error,
        RetryError {
            error: 1,
            attempts: 1,
            stopped
        }
    );
}

#[test]
fn a_delay_of_a_task_is_cancelled_and_the_failure_is_kept() {
    let backoff = Backoff::constant(HOUR);
    let token = CancelToken::new();
    let mut works = works_at(9);
    let mut retrying = pin!(token.within_async(retry_async(&backoff, || ready(works()))));
    let woken: Arc<Count> = Arc::default();
    assert!(poll_counted(retrying.as_mut(), &woken).is_pending());
    token.cancel();
    assert_eq!(woken.get(), 1);
    let stopped = Stopped::Cancelled(Reason::User);
    let error = RetryError {
        error: 1,
        attempts: 1,
        stopped,
    };
    assert_eq!(poll(retrying), Poll::Ready(Err(error)));
}

/// Nothing waits here, so nothing but a look at the token can end it.
#[test]
fn who_tries_again_at_once_and_for_ever_is_cancelled_too() {
    let backoff = Backoff::constant(NOW).endless();
    let token = CancelToken::new();
    let mut attempts = 0;
    let mut fail_and_cancel = || {
        attempts += 1;
        if attempts == 3 {
            token.cancel();
        }
        Err::<(), _>(attempts)
    };
    let error = token
        .within(|| retry(&backoff, &mut fail_and_cancel))
        .unwrap_err();
    assert_eq!((error.error, error.attempts), (3, 3));
    assert_eq!(error.stopped, Stopped::Cancelled(Reason::User));
    let retrying = retry_async(&backoff, || ready(fail_and_cancel()));
    let error = block_on(token.within_async(retrying)).unwrap_err();
    // The first attempt is always made.
    assert_eq!((error.error, error.attempts), (4, 1));
}

#[test]
fn a_task_that_tries_again_at_once_lets_others_run() {
    let backoff = Backoff::constant(NOW).endless();
    let other_has_run = Cell::new(false);
    let wait = retry_async(&backoff, || {
        ready(other_has_run.get().then_some(()).ok_or(()))
    });
    let other = async { other_has_run.set(true) };
    let (waited, ()) = block_on(async { futures::join!(wait, other) });
    assert_eq!(waited, Ok(()));
}

#[test]
fn a_retry_that_is_dropped_drops_its_attempt() {
    let backoff = Backoff::constant(NOW);
    let attempt = Arc::new(());
    {
        let mut retrying = Box::pin(retry_async(&backoff, || {
            let held = Arc::clone(&attempt);
            async move {
                let () = pending().await;
                drop(held);
                Err::<(), ()>(())
            }
        }));
        assert!(poll(retrying.as_mut()).is_pending());
        assert_eq!(Arc::strong_count(&attempt), 2);
    }
    assert_eq!(Arc::strong_count(&attempt), 1);
}

/// One every hour, of which the first is gone.
fn used_up() -> RateLimit {
    let limit = RateLimit::per(1, HOUR).unwrap();
    limit.acquire().unwrap();
    limit
}

/// How many are in front of the next who comes, not counting what is used.
fn in_front(limit: &RateLimit) -> u128 {
    match limit.try_acquire() {
        // An hour for each, less what has passed of the first.
        Err(RateError::NotYet { wait }) => wait.as_nanos().div_ceil(HOUR.as_nanos()) - 1,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_says_how_long_it_takes_and_costs_nothing() {
    let limit = used_up();
    for _ in 0..3 {
        assert_eq!(in_front(&limit), 0);
        let soon = limit.acquire_timeout(Duration::from_secs(1));
        assert!(matches!(soon, Err(RateError::NotYet { wait }) if wait <= HOUR));
        let past = limit.acquire_deadline(Instant::now());
        assert!(matches!(past, Err(RateError::NotYet { .. })));
        let soon = block_on(limit.acquire_timeout_async(Duration::from_secs(1)));
        assert!(matches!(soon, Err(RateError::NotYet { .. })));
        let past = block_on(limit.acquire_deadline_async(Instant::now()));
        assert!(matches!(past, Err(RateError::NotYet { .. })));
    }
}

#[test]
fn a_deadline_in_the_past_takes_what_is_there() {
    let limit = RateLimit::per(1, HOUR).unwrap().burst(4).unwrap();
    let past = Instant::now();
    assert_eq!(limit.acquire_deadline(past), Ok(()));
    assert_eq!(limit.acquire_many_timeout(2, NOW), Ok(()));
    assert_eq!(block_on(limit.acquire_many_deadline_async(1, past)), Ok(()));
    assert_eq!(in_front(&limit), 0);
}

#[test]
fn counts_that_never_come_at_once_are_refused_at_once() {
    let limit = RateLimit::per(1, HOUR).unwrap().burst(2).unwrap();
    for count in [0, 3, u32::MAX] {
        let bad = Err(RateError::BadCount { count, burst: 2 });
        assert_eq!(limit.try_acquire_many(count), bad);
        assert_eq!(limit.acquire_many(count), bad);
        assert_eq!(limit.acquire_many_timeout(count, HOUR), bad);
        assert_eq!(limit.acquire_many_deadline(count, Instant::now()), bad);
        assert_eq!(block_on(limit.acquire_many_async(count)), bad);
        assert_eq!(block_on(limit.acquire_many_timeout_async(count, HOUR)), bad);
    }
    assert_eq!(limit.try_acquire_many(2), Ok(()));
}

#[test]
fn a_thread_that_is_cancelled_gives_its_time_back() {
    let limit = used_up();
    let ended = cancelled_in_thread("rate limit", || limit.acquire());
    assert_eq!(ended, Err(RateError::Cancelled(Reason::Shutdown)));
    assert_eq!(in_front(&limit), 0);
}

#[test]
fn a_task_that_is_cancelled_gives_its_time_back() {
    let limit = used_up();
    let token = CancelToken::new();
    let mut acquire = pin!(token.within_async(limit.acquire_async()));
    assert!(poll(acquire.as_mut()).is_pending());
    assert_eq!(in_front(&limit), 1);
    token.cancel();
    let cancelled = Err(RateError::Cancelled(Reason::User));
    assert_eq!(poll(acquire.as_mut()), Poll::Ready(cancelled));
    assert_eq!(in_front(&limit), 0);
}

/// Its time would lapse if somebody came after it, though it never wanted to wait.
#[test]
fn who_is_cancelled_before_reserves_nothing_but_takes_what_is_there() {
    let limit = RateLimit::per(1, HOUR).unwrap();
    let token = CancelToken::new();
    token.cancel();
    token.within(|| {
        assert_eq!(limit.acquire(), Ok(()));
        let cancelled = Err(RateError::Cancelled(Reason::User));
        assert_eq!(limit.acquire(), cancelled);
        assert_eq!(limit.acquire_timeout(9 * HOUR), cancelled);
    });
    assert_eq!(in_front(&limit), 0);
}

#[test]
fn a_future_that_is_dropped_gives_its_time_back_if_nobody_has_come_after_it() {
    let limit = used_up();
    // Nothing is reserved before the first poll.
    drop(limit.acquire_async());
    assert_eq!(in_front(&limit), 0);
    let mut futures = [(); 3].map(|()| Some(Box::pin(limit.acquire_async())));
    for (before, future) in futures.iter_mut().enumerate() {
        assert_eq!(in_front(&limit), before as u128);
        assert!(poll(future.as_mut().unwrap().as_mut()).is_pending());
    }
    futures[2] = None;
    assert_eq!(in_front(&limit), 2);
    // This one lapses, because of the one before the last.
    futures[0] = None;
    assert_eq!(in_front(&limit), 2);
    futures[1] = None;
    assert_eq!(in_front(&limit), 1);
}

#[test]
fn a_future_that_is_forgotten_keeps_its_time_and_harms_nobody() {
    let limit = Arc::new(used_up());
    let mut acquire = {
        let limit = Arc::clone(&limit);
        Box::pin(async move { limit.acquire_async().await })
    };
    assert!(poll(acquire.as_mut()).is_pending());
    std::mem::forget(acquire);
    assert_eq!(in_front(&limit), 1);
    assert!(limit.acquire_timeout(HOUR).is_err());
}

#[test]
fn those_who_wait_go_when_their_time_comes() {
    let limit = RateLimit::per(1000, Duration::from_secs(1)).unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        let threads =
            [(); 2].map(|()| scope.spawn(|| limit.acquire().and_then(|()| limit.acquire())));
        let task = scope.spawn(|| {
            block_on(async {
                limit.acquire_async().await?;
                limit.acquire_timeout_async(HOUR).await
            })
        });
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
        assert_eq!(task.join().unwrap(), Ok(()));
    });
    // The bound itself: six permits cannot be had in less than five intervals.
    assert!(start.elapsed() >= Duration::from_millis(5));
}

#[test]
fn threads_at_once_get_the_burst_and_no_more() {
    let limit = RateLimit::per(1, HOUR).unwrap().burst(100).unwrap();
    let got: usize = thread::scope(|scope| {
        let threads = [(); 4]
            .map(|()| scope.spawn(|| (0..100).filter(|_| limit.try_acquire().is_ok()).count()));
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    assert_eq!(got, 100);
}

#[test]
fn waiting_for_a_rate_or_another_attempt_allocates_nothing() {
    let limit = used_up();
    let wait = || {
        let mut acquire = pin!(limit.acquire_async());
        assert!(poll(acquire.as_mut()).is_pending());
        let backoff = Backoff::constant(HOUR);
        let mut retrying = pin!(retry_async(&backoff, || ready(Err::<(), ()>(()))));
        assert!(poll(retrying.as_mut()).is_pending());
        let soon = Backoff::constant(Duration::from_micros(100)).attempts(2);
        assert!(retry(&soon, || Err::<(), ()>(())).is_err());
    };
    crate::sides::sleep_once();
    // The first wait starts the thread that keeps the time, once for all.
    wait();
    assert_eq!(allocations::during(wait), 0);
}

#[test]
fn what_is_waited_for_is_told() {
    let limit = used_up();
    let here = std::panic::Location::caller().file();
    let mut acquire = pin!(limit.acquire_async());
    assert!(poll(acquire.as_mut()).is_pending());
    let told = waiters();
    let waits = |waiter: &&brigade::wait::Waiter| waiter.waits_for() == "rate limit";
    assert!(
        told.iter()
            .filter(waits)
            .any(|waiter| waiter.site().file() == here)
    );
}

#[test]
fn errors_are_a_sentence() {
    let backoff = Backoff::constant(NOW).attempts(1);
    let error = retry(&backoff, || Err::<(), _>("no answer")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer (given up after 1 attempt: no more are allowed)"
    );
    let wait = Duration::from_millis(1500);
    assert_eq!(
        RateError::NotYet { wait }.to_string(),
        "the rate limit allows it in 1.5s at the earliest"
    );
    assert_eq!(
        RateLimit::per(0, HOUR).unwrap_err().to_string(),
        "a rate limit has to allow something: give a count of 1 or more"
    );
}
