//! Tokens, and every wait that they end.
//!
//! - `waits`: each operation that can be cancelled, blocked in a thread and in a task, and those that cannot.
//! - `token`: trees, reasons, callbacks, guards, deadlines.
//! - `ambient`: what a thread or a task is under, and what ends futures of any kind.

mod ambient;
mod token;
mod waits;

use crate::by_hand::{poll, poll_counted};
use brigade::cancel::CancelToken;
use brigade::wait::waiters;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Never comes in a test.
const FOREVER: Duration = Duration::from_secs(3600);
/// Comes soon; nothing depends on how soon.
const SOON: Duration = Duration::from_millis(1);

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
fn ended_in_thread<T: Send>(waits_for: &str, wait: impl FnOnce() -> T + Send) -> T {
    let token = CancelToken::new();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| token.within(wait));
        until_asleep(waiter.thread().id(), waits_for);
        token.cancel();
        waiter.join().unwrap()
    })
}

/// Polls `wait` until it sleeps, cancels it, and returns what has come of it.
fn ended_in_task<F: Future>(wait: F) -> F::Output {
    let token = CancelToken::new();
    let mut wait = pin!(token.within_async(wait));
    let woken = Arc::default();
    assert!(poll_counted(wait.as_mut(), &woken).is_pending());
    assert_eq!(woken.get(), 0);
    token.cancel();
    assert_eq!(woken.get(), 1);
    match poll(wait) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a wait goes on that was cancelled"),
    }
}
