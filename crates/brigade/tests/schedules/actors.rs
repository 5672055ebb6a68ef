//! Who takes part in a program: threads, tasks, and futures that are given up half way.
//!
//! Does not know what they do.

use shuttle::future::{block_on, yield_now};
use shuttle::thread::{self, JoinHandle};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// An actor that runs `body` on a thread.
pub(crate) fn thread<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::spawn(body)
}

/// An actor that runs what `body` makes as a task. Guards may be kept across awaits: it stays where it is.
pub(crate) fn task<T: Send + 'static, F: Future<Output = T>>(
    body: impl FnOnce() -> F + Send + 'static,
) -> JoinHandle<T> {
    thread::spawn(move || block_on(body()))
}

/// What all actors return, in the order in which they are given. Fails if one has panicked.
pub(crate) fn join<T>(actors: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    // All are started before the first is waited for.
    let actors: Vec<_> = actors.into_iter().collect();
    let joined = actors.into_iter().map(JoinHandle::join);
    joined
        .map(|result| result.expect("no actor panics"))
        .collect()
}

/// Polls `future` so often, and lets others run in between. `None` if it is not done by then: whoever has it
/// may drop it.
pub(crate) async fn poll_some<F: Future>(
    polls: usize,
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Gives `future` up unless it is done after so many polls.
pub(crate) async fn give_up<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    poll_some(polls, pin!(future)).await
}

/// A number below `end`, chosen by the schedule.
pub(crate) fn any(end: usize) -> usize {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..end)
}

/// Lets others run.
pub(crate) fn pass() {
    thread::yield_now();
}
