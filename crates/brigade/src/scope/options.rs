//! How a scope is described, whatever its children are: what their failures do, and how long it may last.

use super::{Ledger, OnError};
use crate::cancel::{self, CancelToken};
use crate::wait::deadline_after;
use std::time::{Duration, Instant};

/// Describes a scope: what its failures do, how long it may last, and what cancels it.
///
/// # Examples
///
/// ```
/// use brigade::channel::{self, RecvError};
/// use brigade::pool::Pool;
/// use brigade::scope::{Failure, Options};
/// use std::time::Duration;
///
/// let pool = Pool::new(1);
/// let (_sender, receiver) = channel::bounded::<i32>(1);
/// let hasty = Options::new().timeout(Duration::from_millis(1));
/// let error = pool.scope_with(hasty, |scope| {
///     receiver.recv()?;
///     scope.spawn(|| Ok(()));
///     Ok(())
/// });
/// let (first, suppressed) = error.unwrap_err().into_parts();
/// assert!(matches!(first, Failure::Cancelled(_)));
/// assert!(matches!(suppressed[..], [Failure::Failed(RecvError::Cancelled)]));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a description starts nothing"]
pub struct Options {
    on_error: OnError,
    deadline: Option<Instant>,
    timeout: Option<Duration>,
    parent: Option<CancelToken>,
}

impl Options {
    /// A scope that the first failure cancels, and that may last for ever.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of the others when a child fails; without this, [`OnError::CancelAll`].
    pub fn on_error(mut self, policy: OnError) -> Self {
        self.on_error = policy;
        self
    }

    /// When the scope is cancelled, if it has not ended by then. It still waits for its children.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long after its beginning the scope is cancelled. A timeout too long for the clock is none.
    ///
    /// With a [`deadline`](Self::deadline) too, the earlier one counts.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What cancels the scope from outside; without this, the token that the caller is under, if there is one.
    pub fn token(mut self, parent: &CancelToken) -> Self {
        self.parent = Some(parent.clone());
        self
    }

    /// The ledger of a scope that begins now.
    pub(crate) fn ledger<E>(self) -> Ledger<E> {
        let soon = self.timeout.and_then(deadline_after);
        let deadline = match (self.deadline, soon) {
            (Some(deadline), Some(soon)) => Some(deadline.min(soon)),
            (deadline, soon) => deadline.or(soon),
        };
        let token = match (self.parent.or_else(cancel::current), deadline) {
            (Some(parent), Some(deadline)) => parent.child_with_deadline(deadline),
            (Some(parent), None) => parent.child(),
            (None, Some(deadline)) => CancelToken::with_deadline(deadline),
            (None, None) => CancelToken::new(),
        };
        Ledger::new(token, self.on_error)
    }
}
