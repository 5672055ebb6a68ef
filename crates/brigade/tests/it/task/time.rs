//! Sleep, deadlines and races, without a runtime.

use super::Census;
use crate::by_hand::{Count, poll, poll_counted};
use brigade::cancel::{CancelToken, Reason};
use brigade::scope::Failure;
use brigade::task::{self, TimedOut};
use futures::executor::block_on;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn sleep_ends_with_its_time_and_not_before() {
    let begin = Instant::now();
    block_on(task::sleep(Duration::from_millis(2))).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(2));
    let token = CancelToken::new();
    token.cancel();
    // What is over is over.
    block_on(token.within_async(task::sleep_until(begin))).unwrap();
}

#[test]
fn sleep_ends_with_the_token() {
    for long in [LONG, Duration::MAX] {
        let token = CancelToken::new();
        let woken = Arc::new(Count::default());
        let mut sleeping = pin!(token.within_async(task::sleep(long)));
        assert!(poll_counted(sleeping.as_mut(), &woken).is_pending());
        token.cancel_because(Reason::Shutdown);
        assert!(woken.get() > 0);
        let Poll::Ready(Err(cancelled)) = poll(sleeping.as_mut()) else {
            panic!("it is cancelled")
        };
        assert_eq!(cancelled.reason, Reason::Shutdown);
    }
}

#[test]
fn a_timeout_drops_the_future_and_what_is_ready_is_in_time() {
    let census = Census::default();
    let alive = census.enter();
    let endless = async move {
        let _alive = alive;
        pending::<()>().await;
    };
    let mut late = pin!(task::timeout(Duration::from_millis(1), endless));
    assert_eq!(block_on(late.as_mut()), Err(TimedOut));
    assert_eq!(census.count(), 0);
    let past = Instant::now();
    assert_eq!(block_on(task::deadline(past, ready(1))), Ok(1));
    assert_eq!(
        block_on(task::deadline(past, pending::<()>())),
        Err(TimedOut)
    );
    let mut endless = pin!(task::timeout(Duration::MAX, pending::<()>()));
    assert!(poll(endless.as_mut()).is_pending());
}

#[test]
fn a_race_keeps_the_first_success_and_drops_the_rest() {
    let census = Census::default();
    let runner = |delay: usize, result: Result<usize, usize>| {
        let alive = census.enter();
        async move {
            let _alive = alive;
            for _ in 0..delay {
                let mut yielded = false;
                std::future::poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    if std::mem::replace(&mut yielded, true) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                })
                .await;
            }
            result
        }
    };
    let won = block_on(task::race([
        runner(9, Ok(1)),
        runner(0, Err(2)),
        runner(1, Ok(3)),
    ]));
    assert_eq!(won.unwrap(), 3);
    assert_eq!(census.count(), 0);
    let lost = block_on(task::race([
        runner(2, Err(1)),
        runner(0, Err(2)),
        runner(1, Err(3)),
    ]));
    let errors = lost
        .unwrap_err()
        .into_failures()
        .into_iter()
        .map(Failure::into_error);
    assert_eq!(errors.map(Result::unwrap).collect::<Vec<_>>(), [2, 3, 1]);
    let nobody = block_on(task::race(Vec::<std::future::Ready<Result<(), ()>>>::new()));
    assert!(nobody.unwrap_err().failures().is_empty());
}
