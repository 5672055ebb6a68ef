//! Select: wait at several places at once, for whichever is first.
//!
//! A [`Select`] is a list of arms: receive here, send there. One call does exactly one of
//! them, inside the call: there is nothing to complete afterwards, and so nothing that could be lost. The same
//! select blocks a thread ([`wait`](Select::wait)) or suspends a task ([`wait_async`](Select::wait_async)),
//! over the same objects.
//!
//! - Arms are tried in random order, so that a busy one cannot keep out the others;
//!   [`biased`](Select::biased) tries them as they were given.
//! - Receiving from a closed channel, or sending to one, is done at once, with the error as the result.
//! - Receivers of every kind of channel are arms: see [`Receive`].
//! - A timer is an arm that receives from a channel of [`channel::after`](crate::channel::after) or
//!   [`channel::tick`](crate::channel::tick). A limit for a single call is
//!   [`wait_timeout`](Select::wait_timeout).
//! - A select can be used again: arms that receive take part every time, those that send until they have sent,
//!   and a oneshot's until it has been received.
//!   Building and waiting allocate nothing, but for lists made at run time ([`recv_any`](Select::recv_any)).
//! - In a task, [`select_async!`](crate::select_async!) has an arm for any future as well.
//! - While it sleeps, [`waiters`](crate::wait::waiters) lists it once for each arm.
//!
//! [`select!`](crate::select!) and [`select_async!`](crate::select_async!) write the same as a list of cases.
//!
//! # Examples
//!
//! ```
//! use brigade::channel;
//! use brigade::select::Select;
//!
//! let (to_log, log) = channel::unbounded();
//! let (stop, stopped) = channel::bounded::<()>(1);
//! to_log.send("ready")?;
//! drop(stop);
//! let mut lines = 0;
//! let mut select = Select::new()
//!     .recv(&log, |line| line.is_ok())
//!     .recv(&stopped, |_| false)
//!     .biased();
//! while select.wait()? {
//!     lines += 1;
//! }
//! assert_eq!(lines, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This module does not know what the arms do, nor how anybody sleeps (`wait`).

mod arm;
mod error;
mod future;
mod macros;
mod polled;
mod receive;

pub use error::{SelectError, SelectTimeoutError, TrySelectError};
pub use future::{SelectDeadlineFuture, SelectFuture};

pub use arm::NoArms;
pub(crate) use arm::{Arm, of_one};
pub(crate) use receive::Begin;
pub use receive::Receive;

use crate::wait::{Drive, Ended, Manner, Order, block_any, deadline_after, try_any};
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The arms of a select that yields an `R`. Only selects made by [`Select`] have them.
#[expect(
    private_bounds,
    reason = "sealed: how arms wait is the library's business"
)]
pub trait Arms<R>: Drive<R> {}

impl<R, A: Drive<R>> Arms<R> for A {}

/// Waits for the first of several operations. See the [module](self).
#[must_use = "a select does nothing until it waits"]
pub struct Select<A> {
    pub(crate) arms: A,
    order: Order,
    ending: Ending,
}

/// What a wait that is cancelled comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// An error of the select.
    Error,
    /// The first arm that can be cancelled is done, with its own error. If there is none, the wait goes on.
    Arm,
}

impl Select<NoArms> {
    /// A select without arms yet.
    pub fn new() -> Self {
        Self {
            arms: NoArms,
            order: Order::Fair,
            ending: Ending::Error,
        }
    }

    /// One for the macros: there a wait that is cancelled ends with a case.
    #[doc(hidden)]
    pub fn of_cases() -> Self {
        Self {
            ending: Ending::Arm,
            ..Self::new()
        }
    }
}

impl Default for Select<NoArms> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> Select<A> {
    /// Tries the arms in the order in which they were given, instead of a random one.
    ///
    /// An arm that is always ready then keeps all arms after it out.
    pub fn biased(self) -> Self {
        Self {
            order: Order::Biased,
            ..self
        }
    }

    /// The select with one more arm, made of those there are.
    pub(crate) fn with<B>(self, arm: impl FnOnce(A) -> B) -> Select<B> {
        Select {
            arms: arm(self.arms),
            order: self.order,
            ending: self.ending,
        }
    }

    /// Blocks the thread until one arm is done, and returns what that arm makes of its result.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    ///
    /// # Errors
    ///
    /// If there is no arm that could ever be done: none was given, or all of them have sent. Or if the wait is
    /// [cancelled](crate::cancel); then no arm has been done, and what was to be sent is still with the select.
    #[inline]
    #[track_caller]
    pub fn wait<R>(&mut self) -> Result<R, SelectError>
    where
        A: Arms<R>,
    {
        self.not_spent()?;
        let manner = self.manner(None, Location::caller());
        let ended = block_any(&mut self.arms, manner);
        self.ending.without_limit(&mut self.arms, ended)
    }

    /// Does one arm if that is possible at once.
    ///
    /// The arms are looked at one after the other, not all at one instant: while values go from one to another, it
    /// may find none.
    ///
    /// # Errors
    ///
    /// If no arm can be done now, or none ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::{Select, TrySelectError};
    ///
    /// let (sender, receiver) = channel::bounded(1);
    /// let mut select = Select::new().recv(&receiver, |value| value);
    /// assert_eq!(select.try_wait(), Err(TrySelectError::NotReady));
    /// sender.send(1)?;
    /// assert_eq!(select.try_wait(), Ok(Ok(1)));
    /// # Ok::<(), channel::SendError<i32>>(())
    /// ```
    #[inline]
    pub fn try_wait<R>(&mut self) -> Result<R, TrySelectError>
    where
        A: Arms<R>,
    {
        self.not_spent()?;
        if try_any(&mut self.arms, self.order) {
            Ok(done(&mut self.arms))
        } else {
            Err(TrySelectError::NotReady)
        }
    }

    /// As [`try_wait`](Self::try_wait), and polls the futures among the arms. For the macro.
    #[doc(hidden)]
    pub async fn try_wait_in_task<R>(&mut self) -> Result<R, TrySelectError>
    where
        A: Arms<R>,
    {
        poll_fn(|cx| {
            self.arms.called(cx.waker());
            Poll::Ready(self.try_wait())
        })
        .await
    }

    /// Blocks the thread until one arm is done, for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or there is no arm that could ever be done.
    #[track_caller]
    pub fn wait_timeout<R>(&mut self, timeout: Duration) -> Result<R, SelectTimeoutError>
    where
        A: Arms<R>,
    {
        self.wait_until(deadline_after(timeout))
    }

    /// Blocks the thread until one arm is done, or `deadline` has come. A deadline in the past tries once.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or there is no arm that could ever be done.
    #[track_caller]
    pub fn wait_deadline<R>(&mut self, deadline: Instant) -> Result<R, SelectTimeoutError>
    where
        A: Arms<R>,
    {
        self.wait_until(Some(deadline))
    }

    #[track_caller]
    fn wait_until<R>(&mut self, deadline: Option<Instant>) -> Result<R, SelectTimeoutError>
    where
        A: Arms<R>,
    {
        self.not_spent()?;
        let manner = self.manner(deadline, Location::caller());
        let ended = block_any(&mut self.arms, manner);
        self.ending.of(&mut self.arms, ended)
    }

    /// Suspends the task until one arm is done, and yields what that arm makes of its result.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, no arm has been: nothing was received, and what was to be
    /// sent is still with the select.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// # futures::executor::block_on(async {
    /// let (sender, receiver) = channel::bounded(1);
    /// let (_quiet, other) = channel::bounded::<i32>(1);
    /// sender.send(7)?;
    /// let mut select = Select::new()
    ///     .recv(&receiver, |value| value)
    ///     .recv(&other, |value| value);
    /// assert_eq!(select.wait_async().await, Ok(Ok(7)));
    /// # Ok::<(), channel::SendError<i32>>(())
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async<R>(&mut self) -> SelectFuture<'_, R, A>
    where
        A: Arms<R>,
    {
        let manner = self.manner(None, Location::caller());
        SelectFuture::new(&mut self.arms, manner, self.ending)
    }

    /// Suspends the task until one arm is done, for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out, or there is no arm that could ever be done.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async<R>(&mut self, timeout: Duration) -> SelectDeadlineFuture<'_, R, A>
    where
        A: Arms<R>,
    {
        let manner = self.manner(deadline_after(timeout), Location::caller());
        SelectDeadlineFuture::new(&mut self.arms, manner, self.ending)
    }

    /// Suspends the task until one arm is done, or `deadline` has come. A deadline in the past tries once.
    ///
    /// Needs no runtime.
    ///
    /// # Errors
    ///
    /// If the deadline passes, or there is no arm that could ever be done.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async<R>(&mut self, deadline: Instant) -> SelectDeadlineFuture<'_, R, A>
    where
        A: Arms<R>,
    {
        let manner = self.manner(Some(deadline), Location::caller());
        SelectDeadlineFuture::new(&mut self.arms, manner, self.ending)
    }

    fn manner<R>(&self, deadline: Option<Instant>, site: &'static Location<'static>) -> Manner
    where
        A: Arms<R>,
    {
        Manner {
            order: self.order,
            deadline,
            cancellable: self.ending == Ending::Error || self.arms.is_cancellable(),
            site,
        }
    }

    #[inline]
    fn not_spent<R>(&self) -> Result<(), SelectError>
    where
        A: Arms<R>,
    {
        if self.arms.is_spent() {
            Err(SelectError::NoArms)
        } else {
            Ok(())
        }
    }
}

impl Ending {
    /// What has come of a wait with a limit.
    fn of<R>(
        self,
        arms: &mut impl Arms<R>,
        ended: Result<(), Ended>,
    ) -> Result<R, SelectTimeoutError> {
        match (ended, self) {
            (Ok(()), _) => Ok(done(arms)),
            (Err(Ended::TimedOut), _) => Err(SelectTimeoutError::Timeout),
            (Err(Ended::Cancelled), Self::Error) => Err(SelectTimeoutError::Cancelled),
            (Err(Ended::Cancelled), Self::Arm) => {
                let is_done = arms.cancel();
                debug_assert!(is_done, "only then is the wait cancellable");
                Ok(done(arms))
            }
        }
    }

    /// What has come of a wait without one.
    fn without_limit<R>(
        self,
        arms: &mut impl Arms<R>,
        ended: Result<(), Ended>,
    ) -> Result<R, SelectError> {
        self.of(arms, ended).map_err(|error| match error {
            SelectTimeoutError::NoArms => SelectError::NoArms,
            SelectTimeoutError::Cancelled => SelectError::Cancelled,
            SelectTimeoutError::Timeout => unreachable!("there is no limit"),
        })
    }
}

fn done<R>(arms: &mut impl Arms<R>) -> R {
    arms.finish().expect("an arm is done")
}

impl<A> fmt::Debug for Select<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}
