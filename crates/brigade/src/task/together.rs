//! Two futures in one task: both, both unless one fails, or whichever is first.
//!
//! Both are polled at each wake, the left one first; each is dropped as soon as it is done. For many there is `local`,
//! which polls only who was woken. This file does not know what they do.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Runs both futures at once, in this task, and returns both outputs.
///
/// They may borrow, and need no runtime. More than two nest: `join(a, join(b, c))`; for many see
/// [`local`](fn@super::local).
///
/// # Cancel safety
///
/// Dropping it drops both, where they await.
///
/// # Examples
///
/// ```
/// use brigade::{channel, task};
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel::bounded(1);
/// let (sent, received) = task::join(sender.send_async(42), receiver.recv_async()).await;
/// assert_eq!((sent, received), (Ok(()), Ok(42)));
/// # });
/// ```
pub async fn join<A: Future, B: Future>(left: A, right: B) -> (A::Output, B::Output) {
    let (mut left, mut right) = (pin!(Some(left)), pin!(Some(right)));
    let (mut of_left, mut of_right) = (None, None);
    poll_fn(|cx| {
        poll_into(&mut of_left, left.as_mut(), cx);
        poll_into(&mut of_right, right.as_mut(), cx);
        match (of_left.take(), of_right.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (first, second) => {
                (of_left, of_right) = (first, second);
                Poll::Pending
            }
        }
    })
    .await
}

/// Runs both futures at once, in this task, until both have succeeded or one has failed.
///
/// The other is then dropped where it awaits. Otherwise as [`join`].
///
/// # Errors
///
/// The first error. If both fail in one poll, that of `left`.
///
/// # Cancel safety
///
/// As that of [`join`].
///
/// # Examples
///
/// ```
/// use brigade::task;
/// use std::future::pending;
///
/// # futures::executor::block_on(async {
/// let never = pending::<Result<u32, _>>();
/// let failed = task::try_join(never, async { "two".parse::<u32>() }).await;
/// assert_eq!(failed.unwrap_err().to_string(), "invalid digit found in string");
/// # });
/// ```
pub async fn try_join<T, U, E>(
    left: impl Future<Output = Result<T, E>>,
    right: impl Future<Output = Result<U, E>>,
) -> Result<(T, U), E> {
    let (mut left, mut right) = (pin!(Some(left)), pin!(Some(right)));
    let (mut of_left, mut of_right) = (None, None);
    poll_fn(|cx| {
        poll_into(&mut of_left, left.as_mut(), cx);
        if !matches!(of_left, Some(Err(_))) {
            poll_into(&mut of_right, right.as_mut(), cx);
        }
        match (of_left.take(), of_right.take()) {
            (Some(Err(error)), _) | (_, Some(Err(error))) => Poll::Ready(Err(error)),
            (Some(Ok(first)), Some(Ok(second))) => Poll::Ready(Ok((first, second))),
            (first, second) => {
                (of_left, of_right) = (first, second);
                Poll::Pending
            }
        }
    })
    .await
}

/// Runs both futures at once, in this task, and returns the output of whichever is done first. The other is dropped where
/// it awaits.
///
/// `left` is polled first, so it is the first if both are ready. For receiving and sending at several places there is
/// [`select_async!`](crate::select_async!); this is for futures of any kind. Whatever a future of this library had been
/// about to do is not done when it is dropped: nothing is lost.
///
/// # Cancel safety
///
/// As that of [`join`].
///
/// # Examples
///
/// ```
/// use brigade::{channel, task};
/// use std::future::ready;
///
/// # futures::executor::block_on(async {
/// let (sender, receiver) = channel::bounded::<&str>(1);
/// let request = async { receiver.recv_async().await.unwrap_or("closed") };
/// let other_library = ready("a signal");
/// assert_eq!(task::first(request, other_library).await, "a signal");
/// # drop(sender);
/// # });
/// ```
pub async fn first<T>(left: impl Future<Output = T>, right: impl Future<Output = T>) -> T {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|cx| match left.as_mut().poll(cx) {
        Poll::Pending => right.as_mut().poll(cx),
        ready => ready,
    })
    .await
}

/// Polls a future that is not done yet. If it is done now, it is dropped, and its output is kept.
fn poll_into<F: Future>(
    output: &mut Option<F::Output>,
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) {
    if let Some(running) = future.as_mut().as_pin_mut()
        && let Poll::Ready(value) = running.poll(cx)
    {
        *output = Some(value);
        future.set(None);
    }
}
