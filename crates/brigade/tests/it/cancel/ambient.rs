//! What a thread or a task is under, and what ends futures of any kind.

use super::{FOREVER, SOON, until_asleep};
use crate::allocations;
use crate::by_hand::{poll, poll_counted};
use brigade::cancel::{self, CancelToken, Cancelled, Reason};
use brigade::channel::{self, RecvError, RecvTimeoutError, bounded};
use brigade::pool::Pool;
use futures::executor::block_on;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Instant;

#[test]
fn the_innermost_token_counts() {
    let (outer, inner) = (CancelToken::new(), CancelToken::new());
    let (_sender, receiver) = bounded::<i32>(1);
    outer.cancel();
    outer.within(|| {
        assert_eq!(cancel::current().as_ref(), Some(&outer));
        inner.within(|| {
            assert_eq!(cancel::current().as_ref(), Some(&inner));
            // The outer one is cancelled, and does not count.
            assert_eq!(receiver.recv_timeout(SOON), Err(RecvTimeoutError::Timeout));
            cancel::shield(|| {
                assert_eq!(cancel::current(), None);
                inner.within(|| assert_eq!(cancel::current().as_ref(), Some(&inner)));
            });
        });
        assert_eq!(receiver.recv(), Err(RecvError::Cancelled));
        let both = outer.child();
        assert_eq!(both.within(|| receiver.recv()), Err(RecvError::Cancelled));
    });
    assert_eq!(cancel::current(), None);
}

#[test]
fn what_a_thread_was_under_is_put_back_after_a_panic() {
    let (outer, inner) = (CancelToken::new(), CancelToken::new());
    outer.within(|| {
        for shielded in [false, true] {
            let thrown: Result<(), _> = catch_unwind(AssertUnwindSafe(|| {
                let throw = || resume_unwind(Box::new(()));
                if shielded {
                    cancel::shield(throw)
                } else {
                    inner.within(throw)
                }
            }));
            assert!(thrown.is_err());
            assert_eq!(cancel::current().as_ref(), Some(&outer));
        }
    });
    assert_eq!(cancel::current(), None);
}

#[test]
fn a_shield_lets_cleanup_wait() {
    let token = CancelToken::new();
    token.cancel();
    let (sender, receiver) = bounded(1);
    thread::scope(|scope| {
        let cleaner = scope.spawn(|| {
            token.within(|| {
                assert_eq!(receiver.recv(), Err(RecvError::Cancelled));
                cancel::shield(|| receiver.recv())
            })
        });
        until_asleep(cleaner.thread().id(), "channel recv");
        sender.send(1).unwrap();
        assert_eq!(cleaner.join().unwrap(), Ok(1));
    });
    let mut cleaner = pin!(token.within_async(async {
        assert_eq!(receiver.recv_async().await, Err(RecvError::Cancelled));
        let first = cancel::shield_async(receiver.recv_async()).await;
        (first, cancel::current())
    }));
    assert!(poll(cleaner.as_mut()).is_pending());
    sender.send(2).unwrap();
    assert_eq!(poll(cleaner), Poll::Ready((Ok(2), Some(token.clone()))));
}

#[test]
fn a_future_is_under_its_token_wherever_it_is_polled() {
    let token = CancelToken::new();
    let other = CancelToken::new();
    let (_sender, receiver) = bounded::<i32>(1);
    let mut future = Box::pin(token.within_async(async {
        let ended = receiver.recv_async().await;
        (ended, cancel::current())
    }));
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(cancel::current(), None);
    other.cancel();
    assert!(other.within(|| poll(future.as_mut())).is_pending());
    token.cancel();
    let polled = thread::scope(|scope| scope.spawn(|| poll(future.as_mut())).join().unwrap());
    assert_eq!(
        polled,
        Poll::Ready((Err(RecvError::Cancelled), Some(token.clone())))
    );
}

/// A future that blocks its thread is under the token there as well.
#[test]
fn a_thread_that_blocks_in_a_future_ends() {
    let token = CancelToken::new();
    token.cancel();
    let (_sender, receiver) = bounded::<i32>(1);
    let ended = poll(pin!(token.within_async(async { receiver.recv() })));
    assert_eq!(ended, Poll::Ready(Err(RecvError::Cancelled)));
    let ended = token.within(|| block_on(receiver.recv_async()));
    assert_eq!(ended, Err(RecvError::Cancelled));
}

#[test]
fn a_deadline_ends_waits() {
    let (_sender, receiver) = bounded::<i32>(1);
    let cancelled = Err(RecvError::Cancelled);
    let soon = || CancelToken::with_timeout(SOON);
    assert_eq!(soon().within(|| receiver.recv()), cancelled);
    assert_eq!(soon().child().within(|| receiver.recv()), cancelled);
    assert_eq!(
        block_on(soon().within_async(receiver.recv_async())),
        cancelled
    );
    assert_eq!(
        block_on(soon().child().within_async(receiver.recv_async())),
        cancelled
    );
    // Whichever comes first.
    let timeout = Err(RecvTimeoutError::Timeout);
    let late = CancelToken::with_timeout(FOREVER);
    assert_eq!(late.within(|| receiver.recv_timeout(SOON)), timeout);
    assert_eq!(
        block_on(late.within_async(receiver.recv_timeout_async(SOON))),
        timeout
    );
    let cancelled = Err(RecvTimeoutError::Cancelled);
    assert_eq!(soon().within(|| receiver.recv_timeout(FOREVER)), cancelled);
    assert_eq!(
        block_on(soon().within_async(receiver.recv_timeout_async(FOREVER))),
        cancelled
    );
    let past = CancelToken::with_deadline(Instant::now());
    let mut select = brigade::select::Select::new().recv(&receiver, |_| ());
    assert!(past.within(|| select.wait()).is_err());
    assert!(soon().within(|| select.wait()).is_err());
    assert!(block_on(soon().within_async(select.wait_async())).is_err());
}

#[test]
fn whatever_a_future_awaits_it_ends_when_it_is_cancelled() {
    let token = CancelToken::new();
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    let mut run = pin!(token.run_async(async move {
        let _held = held;
        pending::<()>().await;
    }));
    let woken = Arc::default();
    assert!(poll_counted(run.as_mut(), &woken).is_pending());
    assert_eq!((woken.get(), Arc::strong_count(&dropped)), (0, 2));
    token.cancel();
    assert_eq!(woken.get(), 1);
    let reason = Reason::User;
    assert_eq!(poll(run.as_mut()), Poll::Ready(Err(Cancelled { reason })));
    // Dropped where it awaits, not when the wrapper goes.
    assert_eq!(Arc::strong_count(&dropped), 1);
    let mut never_begun = pin!(token.run_async(async { panic!("polled") }));
    assert_eq!(
        poll::<_>(never_begun.as_mut()),
        Poll::Ready(Err::<(), _>(Cancelled { reason }))
    );
    let soon = CancelToken::with_timeout(SOON).child();
    let ended = block_on(soon.run_async(pending::<()>()));
    assert_eq!(
        ended,
        Err(Cancelled {
            reason: Reason::Parent
        })
    );
}

#[test]
fn a_future_that_is_done_in_time_is_done() {
    let token = CancelToken::new();
    let (sender, receiver) = bounded(1);
    let mut run = pin!(token.run_async(receiver.recv_async()));
    assert!(poll(run.as_mut()).is_pending());
    sender.send(1).unwrap();
    assert_eq!(poll(run), Poll::Ready(Ok(Ok(1))));
    token.cancel();
    // A value is not lost with the future that would have taken it.
    let other = CancelToken::new();
    let mut run = Box::pin(other.run_async(receiver.recv_async()));
    let mut next = pin!(receiver.recv_async());
    let woken = Arc::default();
    assert!(poll(run.as_mut()).is_pending());
    assert!(poll_counted(next.as_mut(), &woken).is_pending());
    sender.send(2).unwrap();
    other.cancel();
    assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
    assert_eq!(woken.get(), 1);
    assert_eq!(poll(next), Poll::Ready(Ok(2)));
}

#[test]
fn a_tree_of_tasks_ends_on_a_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let token = CancelToken::new();
    let (sender, receiver) = bounded::<i32>(1);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let receiver = receiver.clone();
            runtime.spawn(
                token
                    .child()
                    .within_async(async move { receiver.recv_async().await }),
            )
        })
        .collect();
    crate::sides::until_waiting("channel recv", file!(), 50);
    token.cancel();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), Err(RecvError::Cancelled));
    }
    drop(sender);
}

/// What a worker runs while it waits was not asked for by the token that it waits under.
#[test]
fn a_job_that_a_joiner_runs_is_not_under_the_joiners_token() {
    let pool = Arc::new(Pool::new(1));
    let inner = Arc::clone(&pool);
    let seen = pool.submit(move || {
        let token = CancelToken::new();
        let job = inner.submit(cancel::current).unwrap();
        token.within(|| job.join().unwrap())
    });
    assert_eq!(seen.unwrap().join().unwrap(), None);
}

#[test]
fn a_wait_under_a_token_allocates_nothing() {
    let token = CancelToken::new();
    let (sender, receiver) = channel::bounded::<i32>(1);
    let block = || {
        assert_eq!(receiver.recv_timeout(SOON), Err(RecvTimeoutError::Timeout));
    };
    crate::sides::sleep_once();
    token.within(block);
    assert_eq!(allocations::during(|| token.within(block)), 0);
    let count = allocations::during(|| {
        let mut recv = pin!(token.within_async(receiver.recv_async()));
        assert!(poll(recv.as_mut()).is_pending());
    });
    assert_eq!(count, 0);
    drop(sender);
}
