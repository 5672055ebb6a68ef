//! Several futures in one task, of which the first success counts.

use crate::scope::{Failure, RaceError};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all `futures` at once, in this task, and returns the first success. The others are dropped where they await.
///
/// They may borrow, and need no runtime. They take turns on one thread; each wake polls all that are left, in
/// their order, so it is meant for a few.
///
/// # Errors
///
/// If nobody succeeds: all errors, in the order in which they came.
///
/// # Cancel safety
///
/// Dropping it drops all `futures`.
///
/// # Examples
///
/// ```
/// use brigade::{channel, task};
///
/// # futures::executor::block_on(async {
/// let (_to_mirror, from_mirror) = channel::bounded::<&str>(1);
/// let (to_cache, from_cache) = channel::bounded(1);
/// to_cache.send_async("the page").await?;
/// let page = task::race([from_mirror.recv_async(), from_cache.recv_async()]).await;
/// assert_eq!(page.unwrap(), "the page");
/// # Ok::<(), channel::SendError<&str>>(())
/// # })?;
/// # Ok::<(), channel::SendError<&str>>(())
/// ```
pub async fn race<T, E, I>(futures: I) -> Result<T, RaceError<E>>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    let mut running: Vec<Pin<Box<I::Item>>> = futures.into_iter().map(Box::pin).collect();
    let mut failures = Vec::new();
    let won = poll_fn(|cx| {
        let mut next = 0;
        while let Some(future) = running.get_mut(next) {
            match future.as_mut().poll(cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(Some(value)),
                Poll::Ready(Err(error)) => {
                    failures.push(Failure::Failed(error));
                    drop(running.remove(next));
                }
                Poll::Pending => next += 1,
            }
        }
        if running.is_empty() {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    });
    won.await.ok_or_else(|| RaceError::new(failures))
}
