//! Several ways to the same result, of which the first counts.

use super::ScopeOptions;
use crate::cancel::Reason;
use crate::prim::Lock;
use crate::scope::{OnError, RaceError};

/// Runs all `closures` at once, each on a thread of its own, and returns the first success.
///
/// It cancels the others (see [`cancel`](crate::cancel)), and waits for them: they may borrow. Once somebody has won,
/// no more are started.
///
/// # Errors
///
/// If nobody succeeds: all failures, in the order in which they came.
///
/// # Panics
///
/// If the iterator does.
///
/// # Examples
///
/// ```
/// use brigade::channel;
/// use brigade::thread;
///
/// let (_to_mirror, from_mirror) = channel::bounded::<&str>(1);
/// let (to_cache, from_cache) = channel::bounded(1);
/// to_cache.send("the page")?;
/// let page = thread::race([from_mirror, from_cache].map(|source| move || source.recv()));
/// assert_eq!(page.unwrap(), "the page");
/// # Ok::<(), channel::SendError<&str>>(())
/// ```
#[track_caller]
pub fn race<T, E, I>(closures: I) -> Result<T, RaceError<E>>
where
    I: IntoIterator<Item: FnOnce() -> Result<T, E> + Send>,
    T: Send,
    E: Send,
{
    ScopeOptions::new().race(closures)
}

impl ScopeOptions {
    /// Runs a [`race`] with this deadline, token, name and stack; the policy is the race's.
    ///
    /// # Errors
    ///
    /// As for [`race`].
    ///
    /// # Panics
    ///
    /// As [`race`].
    #[track_caller]
    pub fn race<T, E, I>(self, closures: I) -> Result<T, RaceError<E>>
    where
        I: IntoIterator<Item: FnOnce() -> Result<T, E> + Send>,
        T: Send,
        E: Send,
    {
        let won = Lock::new(None);
        let ended = self.on_error(OnError::CollectAll).run(|scope| {
            for closure in closures {
                if won.lock().is_some() {
                    break;
                }
                let won = &won;
                scope.spawn(move || {
                    let value = closure()?;
                    let late = enter(&mut won.lock(), value);
                    scope.token().cancel_because(Reason::Sibling);
                    // It is the application's, and so dropped under no lock.
                    drop(late);
                    Ok(())
                });
            }
            Ok(())
        });
        match (won.into_inner(), ended) {
            (Some(value), _) => Ok(value),
            (None, Ok(())) => Err(RaceError::new(Vec::new())),
            (None, Err(error)) => {
                let (first, others) = error.into_parts();
                let failures = std::iter::once(first).chain(others).collect();
                Err(RaceError::new(failures))
            }
        }
    }
}

/// Returns the value if another was faster.
fn enter<T>(won: &mut Option<T>, value: T) -> Option<T> {
    if won.is_some() {
        return Some(value);
    }
    *won = Some(value);
    None
}
