//! Groups: children on the runtime or pool around them, which end before the group does.
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
//! they are woken by that, and dropped by who runs them. They own what they use (`'static`), so nothing depends on the
//! drop: a group that is forgotten goes on.
//!
//! # Who may enter
//!
//! A [`Group`] can be cloned and kept for longer than the group lasts. So the body is a member of the ledger, and
//! nobody enters once the count is 0. A child counts itself out as the last thing it does, when its future, its result
//! and its share of the group are gone or have another owner.
//!
//! This module does not know what a child does, nor what runs it.

mod child;
mod conduct;
mod guided;
mod latest;
mod local;
#[cfg(all(test, brigade_loom))]
mod model;
mod nest;
mod results;
mod room;

pub use child::{Child, ChildFuture};
pub use conduct::{GroupOptions, group};
pub use local::{AnyThread, Local, OneThread, Threads, local, local_on_thread};
pub use results::Results;

use super::home::{Home, Running};
use crate::cancel::CancelToken;
use crate::prim::StdArc;
use crate::scope::{Failure, Ledger, Whose};
use crate::wait::Wait;
use child::{Joining, Life, Sink};
use crossbeam_utils::CachePadded;
use latest::Latest;
use room::{Place, Room};
use std::fmt;
use std::future::Future;
use std::io;
use std::mem;
use std::panic::Location;

type Site = &'static Location<'static>;

/// What a group is made of. Apart from the count of those who share it, which changes with every child.
#[repr(align(128))]
struct Core<E> {
    ledger: Ledger<E>,
    /// `None` is without a bound.
    room: Option<Room>,
    /// Of those that run elsewhere.
    latest: CachePadded<Latest<Running>>,
}

impl<E> Core<E> {
    /// A place in the room; `None` if there is no bound, or no waiting because the group is cancelled.
    async fn place(&self, site: Site) -> Option<Place<'_>> {
        let entering = Wait::new(self.room.as_ref()?.entering(), site);
        self.ledger.token().within_async(entering).await
    }

    /// A place if there is one now, or `None` if there is no bound. Gives `future` back if there is no place.
    fn try_place<F>(&self, future: F) -> Result<(F, Option<Place<'_>>), NoRoom<F>> {
        let Some(room) = &self.room else {
            return Ok((future, None));
        };
        match room.try_enter() {
            None => Err(NoRoom { future }),
            place => Ok((future, place)),
        }
    }

    /// The child that is to be run, counted in; or `None`, and its sink is told why. `refused` is why it cannot be run.
    fn admit<F, T, S>(
        self: &StdArc<Self>,
        future: F,
        sink: S,
        place: Option<Place<'_>>,
        site: Site,
        refused: Option<io::Error>,
    ) -> Option<Life<F, E, S, T>>
    where
        F: Future<Output = Result<T, E>>,
        S: Sink<T, E>,
    {
        let ledger = &self.ledger;
        if ledger.token().is_cancelled() {
            sink.fill(Err(ledger.note_dropped(Whose::Child)));
            return None;
        }
        if !ledger.enter_if_open() {
            let ended = io::Error::other("the group has ended");
            sink.fill(Err(ledger.unlisted(Failure::NotStarted(ended))));
            return None;
        }
        if let Some(why) = refused {
            sink.fill(Err(ledger.note(Failure::NotStarted(why), Whose::Child)));
            ledger.call_off(Whose::Child);
            ledger.leave();
            return None;
        }
        let core = StdArc::clone(self);
        Some(Life::new(future, core, sink, place, site))
    }
}

/// Where children are spawned. See [`group`](fn@group).
///
/// Clones are the same group, so a child can spawn others. What is spawned after the end of the group does not begin.
pub struct Group<E> {
    core: StdArc<Core<E>>,
    /// `None` if there was none: then each child looks again.
    home: Option<Home>,
}

impl<E> Clone for Group<E> {
    fn clone(&self) -> Self {
        Self {
            core: StdArc::clone(&self.core),
            home: self.home.clone(),
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
    /// child fails and nobody awaits it, its failure is the group's. A child that cannot be started, because the group has
    /// ended or the system refuses the threads of the pool, fails with [`Failure::NotStarted`]; in a group that is cancelled
    /// it fails with [`Failure::Cancelled`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child, which has not begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::task;
    ///
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sum = task::group(async |group| {
    ///     let left = group.spawn(async { Ok("40".parse::<i32>()?) }).await;
    ///     let right = group.spawn(async { Ok("2".parse::<i32>()?) }).await;
    ///     Ok::<_, Error>(left.await? + right.await?)
    /// });
    /// assert_eq!(sum.await.unwrap(), 42);
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
            let place = self.core.place(site).await;
            self.child(future, place, site)
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
        let (future, place) = self.core.try_place(future)?;
        Ok(self.child(future, place, site))
    }

    fn child<T, F>(&self, future: F, place: Option<Place<'_>>, site: Site) -> Child<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
    {
        let (joining, cell) = Joining::pair(site);
        self.start(future, cell, place, site);
        Child::new(joining)
    }

    /// Starts a child; or says in its sink why not.
    fn start<T, F, S>(&self, future: F, sink: S, place: Option<Place<'_>>, site: Site)
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        S: Sink<T, E> + Send + 'static,
    {
        let (found, refused) = match self.home {
            Some(_) => (None, None),
            None => match Home::here() {
                Ok(home) => (Some(home), None),
                Err(why) => (None, Some(why)),
            },
        };
        let life = self.core.admit(future, sink, place, site, refused);
        if let (Some(life), Some(home)) = (life, self.home.as_ref().or(found.as_ref())) {
            let size = mem::size_of_val(&life);
            self.core.latest.keep(home.spawn(life, site), size);
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
