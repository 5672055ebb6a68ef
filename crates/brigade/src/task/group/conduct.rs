//! How a group is described, and its life: the body, the wait for the children, the error.

use super::guided::{End, Guided};
use super::latest::Latest;
use super::room::Room;
use super::{Core, Group, Site};
use crate::cancel::{CancelToken, Keep, Reason};
use crate::prim::StdArc;
use crate::scope::{Failure, OnError, Options, ScopeError, Whose};
use crate::task::home::Home;
use crate::wait::Wait;
use crossbeam_utils::CachePadded;
use std::future::{Future, poll_fn};
use std::panic::{Location, resume_unwind};
use std::pin::pin;
use std::time::{Duration, Instant};

/// Runs `body`, in which tasks can be spawned on the runtime or pool around it, and waits for all of them.
///
/// The children, and the body, return a `Result`. The first of them that fails cancels the others. When all have ended
/// the group returns the error, or if there is none, what the body has returned. For a bound, other policies and a
/// deadline see [`GroupOptions`].
///
/// The children run [where tasks run](crate::task#where-tasks-run): on what is nearest when the group is first polled.
///
/// Who is cancelled is polled once more: what it awaits of this library ends with an error (see
/// [`cancel`](crate::cancel)), so it can clean up and return. If it is not done then, it is dropped where it awaits, a
/// child as the body. Cleaning up that has to wait is awaited in a [`shield_async`](crate::cancel::shield_async), and
/// is not cut off.
///
/// A child fails if it returns an error or panics. Its failure belongs to whoever awaits it; if nobody does, to the
/// group. A child that has ended leaves nothing behind, if nobody has its handle, but memory for the children after it.
///
/// # Errors
///
/// If the body or a child that nobody awaited has failed; also if somebody was dropped because the group was cancelled
/// from outside. See [`ScopeError`]. Those who were dropped are not listed beside the cause.
///
/// # Panics
///
/// If the body panics, with what it threw: after the children have been cancelled and have ended.
///
/// # Cancel safety
///
/// Dropping the future cancels all children, and does not wait for them. Each is dropped by who runs it at its next await.
///
/// # Examples
///
/// ```
/// use brigade::{channel, task};
///
/// type Error = Box<dyn std::error::Error + Send + Sync>;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (sender, receiver) = channel::bounded(1);
/// let sum = task::group(async |group| {
///     let parser = sender.clone();
///     group.spawn(async move {
///         for line in ["1", "2", "three"] {
///             parser.send_async(line.parse::<i32>()?).await?;
///         }
///         Ok(())
///     }).await;
///     // The sender lives on, so this would wait for ever; but the parser's error cancels it.
///     let mut sum = 0;
///     for _ in 0..3 {
///         sum += receiver.recv_async().await?;
///     }
///     Ok::<_, Error>(sum)
/// });
/// assert!(sum.await.unwrap_err().to_string().starts_with("invalid digit found in string"));
/// # }
/// ```
//
// `AsyncFnOnce` would say the same in fewer words. But the future is then not seen to be `Send` if `E` has a lifetime in it,
// were it `'static`: in there the compiler forgets which one it was, and asks for a body that takes any.
#[track_caller]
pub fn group<T, E, F, B>(
    body: F,
) -> impl Future<Output = Result<T, ScopeError<E>>> + use<T, E, F, B>
where
    F: FnOnce(Group<E>) -> B,
    B: Future<Output = Result<T, E>>,
    E: Send + 'static,
{
    GroupOptions::new().run(body)
}

/// Describes a group: how many children run at once, what failures do, how long it may last.
///
/// # Examples
///
/// ```
/// use brigade::scope::ScopeError;
/// use brigade::task::GroupOptions;
/// use std::convert::Infallible;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ScopeError<Infallible>> {
/// let squares = GroupOptions::new().limit(4).run(async |group| {
///     let mut results = group.results_in_order();
///     for number in 1..=10 {
///         results.spawn(async move { Ok(number * number) }).await; // waits for one of four places
///     }
///     let mut squares = Vec::new();
///     while let Some(Ok(square)) = results.next().await {
///         squares.push(square);
///     }
///     Ok::<_, Infallible>(squares)
/// });
/// assert_eq!(squares.await?, [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a description starts nothing until `run`"]
pub struct GroupOptions {
    scope: Options,
    limit: Option<usize>,
}

impl GroupOptions {
    /// A group without a bound, that the first failure cancels, and that may last for ever.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many children run at once, at most; 0 counts as 1. [`Group::spawn`] waits while there are so many.
    ///
    /// A child that waits for room to spawn another has a place itself: if all do, none gets one.
    pub fn limit(mut self, children: usize) -> Self {
        self.limit = Some(children.max(1));
        self
    }

    /// What becomes of the others when a child fails; without this, [`OnError::CancelAll`].
    pub fn on_error(mut self, policy: OnError) -> Self {
        self.scope = self.scope.on_error(policy);
        self
    }

    /// When the group is cancelled, if it has not ended by then. It still waits for its children.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.scope = self.scope.deadline(deadline);
        self
    }

    /// How long after its beginning the group is cancelled. A timeout too long for the clock is none.
    ///
    /// With a [`deadline`](Self::deadline) too, the earlier one counts.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.scope = self.scope.timeout(timeout);
        self
    }

    /// What cancels the group from outside; without this, the token that it is under when it is first polled, if any.
    pub fn token(mut self, parent: &CancelToken) -> Self {
        self.scope = self.scope.token(parent);
        self
    }

    /// Runs a group of this description. See [`group`](fn@super::group).
    ///
    /// # Errors
    ///
    /// As for [`group`](fn@super::group).
    ///
    /// # Panics
    ///
    /// As [`group`](fn@super::group).
    ///
    /// # Cancel safety
    ///
    /// As that of [`group`](fn@super::group).
    #[track_caller]
    pub fn run<T, E, F, B>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, ScopeError<E>>> + use<T, E, F, B>
    where
        F: FnOnce(Group<E>) -> B,
        B: Future<Output = Result<T, E>>,
        E: Send + 'static,
    {
        let site = Location::caller();
        async move {
            let home = Home::here().ok();
            let core = self.core(home.as_ref());
            let group = Group {
                core: StdArc::clone(&core),
                home,
            };
            conduct(core, site, async move { body(group).await }).await
        }
    }

    /// What a group is made of that begins now. Its children run at `home`, if that is known.
    pub(super) fn core<E>(self, home: Option<&Home>) -> StdArc<Core<E>> {
        let ledger = self.scope.ledger();
        StdArc::new(Core {
            ledger,
            room: self.limit.map(Room::new),
            latest: CachePadded::new(Latest::new(home.is_some_and(Home::frees_far_away))),
        })
    }
}

/// The end of the group, however that comes: cancels the children if it is dropped before.
struct Ending<'a, E> {
    core: &'a Core<E>,
    is_dropped: bool,
}

impl<E> Drop for Ending<'_, E> {
    fn drop(&mut self) {
        if self.is_dropped {
            self.core.ledger.token().cancel();
        }
        // Who has a clone of the group may have it for long.
        self.core.latest.end();
    }
}

/// The life of a group, whatever runs the children.
pub(super) async fn conduct<T, E>(
    core: StdArc<Core<E>>,
    site: Site,
    body: impl Future<Output = Result<T, E>>,
) -> Result<T, ScopeError<E>> {
    let ledger = &core.ledger;
    let member = ledger.enter();
    let mut ending = Ending {
        core: &core,
        is_dropped: true,
    };
    // A group inside of a child ends by itself, as its token is below the child's. So nobody cuts it off.
    let mut keep = Keep::new();
    let mut guided = pin!(Guided::new(body));
    let end = poll_fn(|cx| {
        let polled = guided.as_mut().poll(core.ledger.interrupts(), cx);
        keep.after(&polled);
        polled
    });
    let value = match end.await {
        End::Returned(Ok(value)) => Ok(Some(value)),
        End::Returned(Err(error)) => {
            ledger.note(Failure::Failed(error), Whose::Body);
            ledger.call_off(Whose::Body);
            Ok(None)
        }
        End::Panicked(payload) => {
            ledger.token().cancel_because(Reason::Sibling);
            Err(payload)
        }
        End::Dropped => {
            ledger.note_dropped(Whose::Body);
            Ok(None)
        }
    };
    drop(member);
    let mut nobody_left = pin!(Wait::new(ledger.nobody_left(), site));
    poll_fn(|cx| {
        let polled = nobody_left.as_mut().poll(cx);
        keep.after(&polled);
        polled
    })
    .await;
    ending.is_dropped = false;
    drop(ending);
    match value {
        Ok(value) => ledger.settle(value).map_err(without_the_dropped),
        Err(payload) => {
            ledger.discard();
            resume_unwind(payload)
        }
    }
}

/// Those who were dropped are told of if they are the cause, but not beside it.
fn without_the_dropped<E>(error: ScopeError<E>) -> ScopeError<E> {
    let (first, mut others) = error.into_parts();
    others.retain(|other| !matches!(other, Failure::Cancelled(_)));
    ScopeError::new(first, others)
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use std::future::pending;
    use std::task::{Context, Waker};

    #[test]
    fn nothing_is_kept_of_the_children_of_a_group_that_was_dropped() {
        let core = StdArc::new(Core {
            ledger: Options::new().ledger(),
            room: None,
            latest: CachePadded::new(Latest::new(true)),
        });
        let body = pending::<Result<(), ()>>();
        let mut group = Box::pin(conduct(StdArc::clone(&core), Location::caller(), body));
        let polled = group.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending() && core.latest.keeps());
        drop(group);
        assert!(!core.latest.keeps());
    }
}
