//! Groups whose children are polled by the task that waits for them, and may borrow.
//!
//! Everything but where the children are (`nest.rs`) is as in the groups whose children run elsewhere.
//!
//! They may be `Send` or not. It is the children who say whether the task may go on on another thread, and once they are
//! in the nest nobody sees it any more; so the type of the nest has to say it. Hence two kinds of local groups, which
//! differ in that type and in nothing that they do. Neither pays for the other.

use super::child::{Child, Joining, Life, Sink};
use super::conduct::conduct;
use super::nest::{Nest, Nested};
use super::room::Place;
use super::{Core, GroupOptions, NoRoom, Results, Site};
use crate::cancel::CancelToken;
use crate::prim::StdArc;
use crate::scope::ScopeError;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;

/// What the children of a local group are: those of [`AnyThread`] or of [`OneThread`].
#[expect(private_bounds, reason = "sealed: there are these two")]
pub trait Threads: Kind {}

impl<K: Kind> Threads for K {}

trait Kind {
    /// A child that nobody names any more.
    type Boxed<'a>: Future<Output = ()> + Unpin;
}

/// A local group whose children are `Send`: so is its future. The usual one, made by [`local`](fn@local).
#[derive(Clone, Copy, Debug)]
pub enum AnyThread {}

/// A local group whose children need not be `Send`: its future stays on its thread. Made by [`local_on_thread`].
#[derive(Clone, Copy, Debug)]
pub enum OneThread {}

impl Kind for AnyThread {
    type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

impl Kind for OneThread {
    type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
}

/// Runs `body` and children that may borrow, all in this task, and waits for all of them.
///
/// The children take turns with the body on the thread that polls this; they are never parallel. So they may borrow what
/// lives longer than this future, and no runtime is needed. Each is polled only when it is woken, so there may be many.
/// In everything else it is as [`group`](fn@super::group): bounds and policies by [`GroupOptions::run_local`], the first
/// failure, who is dropped when.
///
/// A child that computes for long, or blocks the thread, holds up all others.
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
/// Dropping the future drops the body and all children, where they await.
///
/// # Examples
///
/// ```
/// use brigade::{channel, task};
/// use brigade::task::Local;
///
/// # futures::executor::block_on(async {
/// let words = ["fill", "lift", "pass", "pour"];
/// let (sender, receiver) = channel::bounded(1);
/// let letters = task::local(async |local: Local<'_, channel::SendError<usize>>| {
///     for word in &words {
///         let sender = sender.clone();
///         local.spawn(async move { sender.send_async(word.len()).await }).await;
///     }
///     let mut letters = 0;
///     for _ in &words {
///         letters += receiver.recv_async().await.unwrap_or(0);
///     }
///     Ok(letters)
/// });
/// assert_eq!(letters.await.unwrap(), 16);
/// # });
/// ```
///
/// What the body owns cannot be borrowed, as the body may end before its children:
///
/// ```compile_fail,E0597
/// # async fn f() {
/// brigade::task::local(async |local| {
///     let words = vec!["fill", "lift"];
///     let words = &words;
///     local.spawn(async move { Ok(words.len()) }).await;
///     Ok::<_, std::io::Error>(())
/// }).await;
/// # }
/// ```
//
// No `AsyncFnOnce`, as for `group`.
#[track_caller]
pub fn local<'a, T, E, F, B>(
    body: F,
) -> impl Future<Output = Result<T, ScopeError<E>>> + use<'a, T, E, F, B>
where
    F: FnOnce(Local<'a, E>) -> B,
    B: Future<Output = Result<T, E>>,
    E: Send + 'a,
{
    GroupOptions::new().run_local(body)
}

/// As [`local`](fn@local), and the children need not be `Send`: an `Rc` is shared by them, a `RefCell` borrowed.
///
/// The future is not `Send` then: it stays on its thread, as what is awaited in `block_on`, in the main function of tokio,
/// or in a `LocalSet`.
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
/// As that of [`local`](fn@local).
///
/// # Examples
///
/// ```
/// use brigade::task::{self, Local, OneThread};
/// use std::cell::Cell;
/// use std::convert::Infallible;
/// use std::rc::Rc;
///
/// # futures::executor::block_on(async {
/// let letters = Rc::new(Cell::new(0));
/// let counted = task::local_on_thread(async |local: Local<'_, Infallible, OneThread>| {
///     for word in ["fill", "lift", "pass", "pour"] {
///         let letters = Rc::clone(&letters);
///         local.spawn(async move { Ok(letters.set(letters.get() + word.len())) }).await;
///     }
///     Ok(())
/// });
/// counted.await.unwrap();
/// assert_eq!(letters.get(), 16);
/// # });
/// ```
///
/// A task that may go on on another thread cannot have such children:
///
/// ```compile_fail,E0277
/// # use brigade::task::{self, Local, OneThread};
/// # use std::convert::Infallible;
/// fn send<T: Send>(future: T) -> T {
///     future
/// }
/// send(task::local_on_thread(async |local: Local<'_, Infallible, OneThread>| {
///     let word = std::rc::Rc::new("fill");
///     local.spawn(async move { Ok(word.len()) }).await;
///     Ok(())
/// }));
/// ```
///
/// nor can a group of [`local`](fn@local):
///
/// ```compile_fail,E0277
/// # use brigade::task::{self, Local};
/// # use std::convert::Infallible;
/// # async fn f() {
/// task::local(async |local: Local<'_, Infallible>| {
///     let word = std::rc::Rc::new("fill");
///     local.spawn(async move { Ok(word.len()) }).await;
///     Ok(())
/// }).await;
/// # }
/// ```
#[track_caller]
pub fn local_on_thread<'a, T, E, F, B>(
    body: F,
) -> impl Future<Output = Result<T, ScopeError<E>>> + use<'a, T, E, F, B>
where
    F: FnOnce(Local<'a, E, OneThread>) -> B,
    B: Future<Output = Result<T, E>>,
    E: 'a,
{
    GroupOptions::new().run_local_on_thread(body)
}

impl GroupOptions {
    /// Runs a group of this description whose children are polled in this task and may borrow. See
    /// [`local`](super::local).
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
    /// As that of [`local`](super::local).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::task::{GroupOptions, Local};
    /// use std::convert::Infallible;
    ///
    /// # futures::executor::block_on(async {
    /// let words = ["fill", "lift", "pass", "pour"];
    /// let lengths = GroupOptions::new().limit(2).run_local(async |local: Local<'_, Infallible>| {
    ///     let mut results = local.results_in_order();
    ///     for word in &words {
    ///         results.spawn(async move { Ok(word.len()) }).await; // waits for one of two places
    ///     }
    ///     let mut lengths = Vec::new();
    ///     while let Some(Ok(length)) = results.next().await {
    ///         lengths.push(length);
    ///     }
    ///     Ok(lengths)
    /// });
    /// assert_eq!(lengths.await.unwrap(), [4, 4, 4, 4]);
    /// # });
    /// ```
    #[track_caller]
    pub fn run_local<'a, T, E, F, B>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, ScopeError<E>>> + use<'a, T, E, F, B>
    where
        F: FnOnce(Local<'a, E>) -> B,
        B: Future<Output = Result<T, E>>,
        E: Send + 'a,
    {
        self.conduct_local(body, Location::caller())
    }

    /// As [`run_local`](Self::run_local), and the children need not be `Send`. See [`local_on_thread`].
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
    /// As that of [`local`](super::local).
    #[track_caller]
    pub fn run_local_on_thread<'a, T, E, F, B>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, ScopeError<E>>> + use<'a, T, E, F, B>
    where
        F: FnOnce(Local<'a, E, OneThread>) -> B,
        B: Future<Output = Result<T, E>>,
        E: 'a,
    {
        self.conduct_local(body, Location::caller())
    }

    async fn conduct_local<'a, T, E, K, F, B>(self, body: F, site: Site) -> Result<T, ScopeError<E>>
    where
        K: Kind,
        F: FnOnce(Local<'a, E, K>) -> B,
        B: Future<Output = Result<T, E>>,
    {
        let core = self.core(None);
        let nest = Nest::new();
        let local = Local {
            core: StdArc::clone(&core),
            nest: StdArc::clone(&nest),
        };
        let owner = conduct(core, site, async move { body(local).await });
        Nested::new(nest, owner).await
    }
}

/// Where children are spawned that may borrow, and take turns in one task. See [`local`](fn@local) and
/// [`local_on_thread`].
///
/// Clones are the same group, so a child can spawn others. What is spawned after the end of the group does not begin.
pub struct Local<'a, E, K: Threads = AnyThread> {
    core: StdArc<Core<E>>,
    nest: StdArc<Nest<K::Boxed<'a>>>,
}

impl<E, K: Threads> Clone for Local<'_, E, K> {
    fn clone(&self) -> Self {
        Self {
            core: StdArc::clone(&self.core),
            nest: StdArc::clone(&self.nest),
        }
    }
}

impl<'a, E, K: Threads> Local<'a, E, K> {
    /// The token of the group, as [`Group::token`](super::Group::token).
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.core.ledger.token()
    }

    /// Starts a child that is boxed by `boxed`; or says in its sink why not.
    fn start_as<T, F, S>(
        &self,
        future: F,
        sink: S,
        place: Option<Place<'_>>,
        site: Site,
        boxed: impl FnOnce(Life<F, E, S, T>) -> K::Boxed<'a>,
    ) where
        F: Future<Output = Result<T, E>>,
        S: Sink<T, E>,
    {
        if let Some(life) = self.core.admit(future, sink, place, site, None) {
            self.nest.put(boxed(life));
        }
    }
}

impl<'a, E: Send + 'a> Local<'a, E> {
    /// Starts a child, once there is room for it. As [`Group::spawn`](super::Group::spawn), but it may borrow.
    ///
    /// It is polled for the first time when the task is polled next.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child, which has not begun.
    #[track_caller]
    pub fn spawn<'s, T, F>(
        &'s self,
        future: F,
    ) -> impl Future<Output = Child<T, E>> + use<'s, 'a, T, E, F>
    where
        F: Future<Output = Result<T, E>> + Send + 'a,
        T: Send + 'a,
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
        F: Future<Output = Result<T, E>> + Send + 'a,
        T: Send + 'a,
    {
        let site = Location::caller();
        let (future, place) = self.core.try_place(future)?;
        Ok(self.child(future, place, site))
    }

    /// For children whose results are received as they come. As [`Group::results`](super::Group::results).
    #[must_use = "it is for spawning children"]
    pub fn results<T: Send + 'a>(&self) -> Results<T, E, Self> {
        Results::as_they_come(self.clone(), &self.core)
    }

    /// For children whose results are received in the order in which they were spawned.
    #[must_use = "it is for spawning children"]
    pub fn results_in_order<T: Send + 'a>(&self) -> Results<T, E, Self> {
        Results::in_order(self.clone(), &self.core)
    }

    fn child<T, F>(&self, future: F, place: Option<Place<'_>>, site: Site) -> Child<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'a,
        T: Send + 'a,
    {
        let (joining, cell) = Joining::pair(site);
        self.start(future, cell, place, site);
        Child::new(joining)
    }

    /// Starts a child; or says in its sink why not.
    pub(super) fn start<T, F, S>(&self, future: F, sink: S, place: Option<Place<'_>>, site: Site)
    where
        F: Future<Output = Result<T, E>> + Send + 'a,
        T: Send + 'a,
        S: Sink<T, E> + Send + 'a,
    {
        self.start_as(future, sink, place, site, |life| Box::pin(life));
    }
}

impl<'a, E: 'a> Local<'a, E, OneThread> {
    /// Starts a child, once there is room for it. As [`Group::spawn`](super::Group::spawn), but it may borrow, and need not be
    /// `Send`.
    ///
    /// It is polled for the first time when the task is polled next.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the child, which has not begun.
    #[track_caller]
    pub fn spawn<'s, T, F>(
        &'s self,
        future: F,
    ) -> impl Future<Output = Child<T, E>> + use<'s, 'a, T, E, F>
    where
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
    {
        let site = Location::caller();
        async move {
            let place = self.core.place(site).await;
            self.child_here(future, place, site)
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
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
    {
        let site = Location::caller();
        let (future, place) = self.core.try_place(future)?;
        Ok(self.child_here(future, place, site))
    }

    /// For children whose results are received as they come. As [`Group::results`](super::Group::results).
    #[must_use = "it is for spawning children"]
    pub fn results<T: 'a>(&self) -> Results<T, E, Self> {
        Results::as_they_come(self.clone(), &self.core)
    }

    /// For children whose results are received in the order in which they were spawned.
    #[must_use = "it is for spawning children"]
    pub fn results_in_order<T: 'a>(&self) -> Results<T, E, Self> {
        Results::in_order(self.clone(), &self.core)
    }

    fn child_here<T, F>(&self, future: F, place: Option<Place<'_>>, site: Site) -> Child<T, E>
    where
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
    {
        let (joining, cell) = Joining::pair(site);
        self.start_here(future, cell, place, site);
        Child::new(joining)
    }

    /// Starts a child; or says in its sink why not.
    pub(super) fn start_here<T, F, S>(
        &self,
        future: F,
        sink: S,
        place: Option<Place<'_>>,
        site: Site,
    ) where
        F: Future<Output = Result<T, E>> + 'a,
        T: 'a,
        S: Sink<T, E> + 'a,
    {
        self.start_as(future, sink, place, site, |life| Box::pin(life));
    }
}

impl<E, K: Threads> fmt::Debug for Local<'_, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("token", self.token())
            .finish_non_exhaustive()
    }
}
