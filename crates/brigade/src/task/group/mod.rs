//! Groups: children on the runtime around them, which end before the group does.
//!
//! # How a group ends
//!
//! The body and each child are *guided* (`guided.rs`): polled under the token of the group, with a panic caught. The
//! ledger (`scope`) counts them. When the group is cancelled,
//!
//! - who has not begun is dropped without being polled;
//! - everybody else is polled once more. What it awaits of this library ends with `Cancelled`, so it can clean up, and
//!   return what it has;
//! - if it is still not done, it is dropped where it awaits; but a [`shield_async`](crate::cancel::shield_async), and a
//!   group inside, come to their end first (`cancel/keep.rs`).
//!
//! The group then waits until all are gone. If its own future is dropped instead, it cancels them and does not wait;
//! they are woken by that, and dropped by the runtime. They own what they use (`'static`), so nothing depends on the
//! drop: a group that is forgotten goes on.
//!
//! # Who may enter
//!
//! A [`Group`] can be cloned and kept for longer than the group lasts. So the body is a member of the ledger, and
//! nobody enters once the count is 0. A child counts itself out as the last thing it does, when its future, its result
//! and its share of the group are gone or have another owner.
//!
//! This module does not know what a child does, nor the runtime.

mod child;
mod conduct;
mod guided;
#[cfg(all(test, brigade_loom))]
mod model;
mod results;
mod room;

pub use child::{Child, ChildFuture};
pub use conduct::{GroupOptions, group};
pub use results::Results;

use super::runtime::Runtime;
use crate::cancel::CancelToken;
use crate::prim::StdArc;
use crate::scope::{Failure, Ledger, Whose};
use crate::wait::{Interrupts, Wait};
use child::{Joining, Life, Sink};
use room::{Place, Room};
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;

type Site = &'static Location<'static>;

/// What a group is made of.
struct Core<E> {
    ledger: Ledger<E>,
    /// What ends waits under the token of the ledger.
    source: StdArc<dyn Interrupts>,
    /// `None` is without a bound.
    room: Option<StdArc<Room>>,
    runtime: io::Result<Runtime>,
}

/// Where children are spawned. See [`group`](fn@group).
///
/// Clones are the same group, so a child can spawn others. What is spawned after the end of the group does not begin.
pub struct Group<E> {
    core: StdArc<Core<E>>,
}

impl<E> Clone for Group<E> {
    fn clone(&self) -> Self {
        Self {
            core: StdArc::clone(&self.core),
        }
    }
}

impl<E> Group<E> {
    /// The token of the group: what cancels its children, and its body.
    ///
    /// It is cancelled by the first failure (under [`OnError::CancelAll`](crate::scope::OnError::CancelAll)), at the
    /// deadline of the group, with the token that the group was started under, and if its future is dropped.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.core.ledger.token()
    }
}

impl<E: Send + 'static> Group<E> {
    /// Starts a child in the group, once there is room for it.
    ///
    /// With a [`limit`](GroupOptions::limit) it waits until so few children run; without one it is done at once. If the
    /// child fails and nobody awaits it, its failure is the group's. A child that cannot be started, because there is no
    /// runtime or the group has ended, fails with [`Failure::NotStarted`]; in a group that is cancelled it fails with
    /// [`Failure::Cancelled`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child, which has not begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::task;
    /// use std::num::ParseIntError;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sum = task::group(async |group| {
    ///     let left = group.spawn(async { "40".parse::<i32>() }).await;
    ///     let right = group.spawn(async { "two".parse::<i32>() }).await;
    ///     let sum = left.await.unwrap_or(0) + right.await.unwrap_or(0);
    ///     Ok::<_, ParseIntError>(sum)
    /// });
    /// assert_eq!(sum.await.unwrap_err().to_string(), "invalid digit found in string");
    /// # }
    /// ```
    ///
    /// A child may run beside its parent, so it owns what it uses:
    ///
    /// ```compile_fail,E0373
    /// # async fn f() {
    /// let words = vec!["fill", "lift"];
    /// brigade::task::group(async |group| {
    ///     group.spawn(async { Ok(words.len()) }).await;
    ///     Ok::<_, std::io::Error>(())
    /// }).await;
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<T, F>(&self, future: F) -> impl Future<Output = Child<T, E>> + use<'_, T, E, F>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let site = Location::caller();
        async move {
            let place = self.place(site).await;
            let (joining, cell) = Joining::pair(site);
            self.start(future, cell, place, site);
            Child::new(joining)
        }
    }

    /// Starts a child if there is room for it now.
    ///
    /// # Errors
    ///
    /// If as many children run as the group may have. The future comes back.
    #[track_caller]
    pub fn try_spawn<T, F>(&self, future: F) -> Result<Child<T, E>, NoRoom<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let site = Location::caller();
        let place = match &self.core.room {
            None => None,
            Some(room) => match Room::try_enter(room) {
                None => return Err(NoRoom { future }),
                place => place,
            },
        };
        let (joining, cell) = Joining::pair(site);
        self.start(future, cell, place, site);
        Ok(Child::new(joining))
    }

    /// A place in the room; `None` if there is no bound, or no waiting because the group is cancelled.
    async fn place(&self, site: Site) -> Option<Place> {
        let room = self.core.room.as_ref()?;
        let entering = Wait::new(Room::entering(room), site);
        self.token().within_async(entering).await
    }

    /// Starts a child; or says in its sink why not.
    fn start<T, F>(&self, future: F, sink: impl Sink<T, E>, place: Option<Place>, site: Site)
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let ledger = &self.core.ledger;
        if ledger.token().is_cancelled() {
            sink.fill(Err(ledger.note_dropped(Whose::Child)));
            return;
        }
        let Some(member) = ledger.enter_if_open() else {
            let ended = io::Error::other("the group has ended");
            sink.fill(Err(ledger.unlisted(Failure::NotStarted(ended))));
            return;
        };
        match &self.core.runtime {
            Ok(runtime) => {
                let core = StdArc::clone(&self.core);
                drop(runtime.spawn(Life::new(future, core, sink, place, member, site)));
            }
            Err(error) => {
                let refused = io::Error::new(error.kind(), error.to_string());
                let entry = ledger.note(Failure::NotStarted(refused), Whose::Child);
                sink.fill(Err(entry));
                ledger.call_off(Whose::Child);
            }
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("token", self.token())
            .finish_non_exhaustive()
    }
}

/// As many children run as the group may have. Here is the future.
pub struct NoRoom<F> {
    future: F,
}

impl<F> NoRoom<F> {
    /// The future; it was not started.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F> fmt::Debug for NoRoom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoRoom { .. }")
    }
}

impl<F> fmt::Display for NoRoom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as many tasks run as the group may have at once")
    }
}

impl<F> std::error::Error for NoRoom<F> {}
