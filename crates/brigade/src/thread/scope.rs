//! Threads that borrow: a scope, what is spawned in it, and its end.
//!
//! # Why the borrows hold
//!
//! What a child has borrowed lives for `'scope`, which ends after `scope::conduct` has returned. That does not
//! return, nor unwind, before every child has counted itself out (`Core::end`). A child counts itself out when its closure and
//! all that the closure owned are gone, its result is in its cell or dropped, and the box that the closure came in has
//! been freed: the only thing that is left of the child then is its membership, which borrows nothing.
//!
//! A result in a cell is dropped by the handle. A handle that is dropped is dropped in time: it has `'scope` in its
//! type, so only the body and children can have it, and no result of the body. One that is forgotten leaks the result.
//!
//! `'scope` and `'env` are invariant, so that nobody can shorten what has to be borrowed: neither a scope nor a handle
//! passes for one of a smaller scope.
//!
//! This file does not know the policies; the ledger does.

use super::{Builder, Joining};
use crate::cancel::CancelToken;
use crate::prim::Ordering::Relaxed;
use crate::prim::StdArc;
use crate::prim::atomic::AtomicUsize;
use crate::prim::thread::{self, JoinHandle};
use crate::scope::{Cell, Failure, Ledger, Outcome, Whose, live, settled};
use crate::wait::{Limit, block, deadline_after};
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

type Site = &'static Location<'static>;

/// Where threads are spawned that may borrow. See [`scope`](super::scope).
///
/// It is a handle, and `Copy`: a thread that spawns others is a `move` closure that has it.
//
// A handle and not a reference, because a reference says that `E` outlives it. The compiler then takes `E` for one of
// the things that everything borrowed has to outlive, and `E` is often a `Box<dyn Error + 'static>`.
pub struct Scope<'scope, 'env: 'scope, E> {
    core: NonNull<Core<E>>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

/// What a scope is made of; in the frame that conducts it.
pub(super) struct Core<E> {
    pub(super) ledger: Ledger<E>,
    pub(super) threads: Builder,
    /// How many threads have been given a name.
    pub(super) named: AtomicUsize,
}

impl<E> Core<E> {
    /// Waits until no child is left.
    pub(super) fn end(&self, site: Site) {
        let ended = block(&mut self.ledger.nobody_left(), Limit::NONE, site);
        debug_assert!(ended.is_ok(), "nothing ends this wait but its end");
    }
}

impl<E> Clone for Scope<'_, '_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Scope<'_, '_, E> {}

// SAFETY: it is a reference to a `Core` (see `core`), which is `Sync` if `E` is `Send`: the ledger hands errors over
// and never lends them.
unsafe impl<E: Send> Send for Scope<'_, '_, E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for Scope<'_, '_, E> {}

impl<E> Scope<'_, '_, E> {
    /// The handle of a scope that is conducted in the caller's frame: for the body alone, and until `core` ends.
    pub(super) fn of(core: &Core<E>) -> Self {
        Self {
            core: NonNull::from(core),
            _scope: PhantomData,
            _env: PhantomData,
        }
    }

    fn core(&self) -> &Core<E> {
        // SAFETY: `of` was given a reference to it. Only the body and children have the handle, because it has
        // `'scope` in its type; the frame that the core lives in waits for all of them (`scope::conduct`).
        unsafe { self.core.as_ref() }
    }
}

impl<'scope, 'env, E: Send> Scope<'scope, 'env, E> {
    /// Starts a thread in the scope. It may borrow what lives longer than the scope, and spawn others in it.
    ///
    /// If it fails and nobody joins it, its failure is the scope's. If the system refuses the thread, then that is how
    /// it fails: [`Failure::NotStarted`].
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::thread;
    ///
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// let lines = ["3", "1", "4", "1"];
    /// let sum = |lines: &[&str]| lines.iter().map(|line| line.parse::<i32>()).sum::<Result<i32, _>>();
    /// let litres = thread::scope(|scope| {
    ///     let (front, back) = lines.split_at(2);
    ///     let front = scope.spawn(|| Ok(sum(front)?));
    ///     let back = scope.spawn(|| Ok(sum(back)?));
    ///     Ok::<_, Error>(front.join()? + back.join()?)
    /// })?;
    /// assert_eq!(litres, 9);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<T, F>(self, closure: F) -> ScopedThread<'scope, T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        let mut threads = self.core().threads.clone();
        if let Some(name) = &mut threads.name {
            let number = self.core().named.fetch_add(1, Relaxed);
            *name = format!("{name}-{number}");
        }
        self.start(threads, closure, Location::caller())
    }

    /// The token of the scope: what cancels its children, and its body.
    ///
    /// It is cancelled by the first failure (under [`OnError::CancelAll`](crate::scope::OnError::CancelAll)), at the
    /// deadline of the scope, and with the token that the scope was started under.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.core().ledger.token()
    }

    fn start<T, F>(self, threads: Builder, closure: F, site: Site) -> ScopedThread<'scope, T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        let (joining, cell) = Joining::pair(site);
        let unstarted = StdArc::clone(&cell);
        let started = self.start_member(threads, move || self.run(closure, cell));
        let os = match started {
            Ok(os) => Some(os),
            Err(error) => {
                let ledger = &self.core().ledger;
                let entry = ledger.note(Failure::NotStarted(error), Whose::Child);
                unstarted.fill(Err(entry));
                ledger.call_off(Whose::Child);
                None
            }
        };
        ScopedThread {
            joining,
            thread: os.as_ref().map(thread::of),
            os,
            _scope: PhantomData,
        }
    }

    fn start_member(
        self,
        threads: Builder,
        child: impl FnOnce() + Send + 'scope,
    ) -> io::Result<JoinHandle<()>> {
        let Some(member) = self.core().ledger.enter() else {
            return Err(io::Error::other("a scope cannot count so many children"));
        };
        let child: Box<dyn FnOnce() + Send + 'scope> = Box::new(child);
        // SAFETY: the types differ in the lifetime only. Whatever the box borrows lives for `'scope`, which does not
        // end before `member` is dropped (`Core::end`), on this thread or on the new one. The new one has used the box
        // up by then, also if it unwinds, because it drops `member` last. If there is no new one, both are
        // dropped here.
        let child = unsafe {
            mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Box<dyn FnOnce() + Send>>(child)
        };
        threads.start(move || {
            let _member = member;
            child();
        })
    }

    /// The life of a child, on its thread.
    fn run<T>(self, closure: impl FnOnce() -> Result<T, E>, cell: StdArc<Cell<Outcome<T, E>>>) {
        let ledger = &self.core().ledger;
        live(ledger, cell, || {
            ledger.within(closure).map_err(Failure::Failed)
        });
    }
}

impl<E> fmt::Debug for Scope<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("token", self.core().ledger.token())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Starts a thread with this name and this stack in `scope`, as [`Scope::spawn`] does with those of the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::thread::{self, Builder};
    /// use std::convert::Infallible;
    ///
    /// let words = ["fill", "lift"];
    /// thread::scope(|scope| {
    ///     let counter = Builder::new().name("counter").spawn_scoped(scope, || Ok(words.len()));
    ///     assert_eq!(counter.name(), Some("counter"));
    ///     assert_eq!(counter.join().unwrap(), 2);
    ///     Ok::<_, Infallible>(())
    /// })?;
    /// # Ok::<(), brigade::scope::ScopeError<Infallible>>(())
    /// ```
    #[track_caller]
    pub fn spawn_scoped<'scope, T, E, F>(
        self,
        scope: Scope<'scope, '_, E>,
        closure: F,
    ) -> ScopedThread<'scope, T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: Send + 'scope,
    {
        scope.start(self, closure, Location::caller())
    }
}

/// Where threads are spawned that may borrow and have no errors. See [`scope_plain`](super::scope_plain).
pub struct PlainScope<'scope, 'env: 'scope> {
    scope: Scope<'scope, 'env, Infallible>,
}

impl<'scope, 'env> PlainScope<'scope, 'env> {
    pub(super) fn new(scope: Scope<'scope, 'env, Infallible>) -> Self {
        Self { scope }
    }

    /// Starts a thread in the scope. It may borrow what lives longer than the scope, and spawn others in it.
    #[track_caller]
    pub fn spawn<T, F>(&'scope self, closure: F) -> ScopedThread<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.scope.spawn(move || Ok(closure()))
    }

    /// The token of the scope, as [`Scope::token`].
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.scope.token()
    }
}

impl fmt::Debug for PlainScope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainScope")
            .field("token", self.token())
            .finish_non_exhaustive()
    }
}

/// A thread that was spawned in a scope. The scope waits for it, joined or not.
pub struct ScopedThread<'scope, T, E = Infallible> {
    joining: Joining<Outcome<T, E>>,
    /// `None` if the system refused the thread.
    os: Option<JoinHandle<()>>,
    thread: Option<thread::Thread>,
    _scope: PhantomData<&'scope mut &'scope ()>,
}

impl<T, E> ScopedThread<'_, T, E> {
    /// Blocks until the thread has ended, and returns what its closure gave.
    ///
    /// Then its thread-locals have been dropped, too. For those that are not joined, the end of the scope says that
    /// their closures have ended, and what these owned is gone; thread-locals may be dropped a little later.
    ///
    /// # Errors
    ///
    /// If the thread failed. The failure is the caller's from then on, and not in the error of the scope; but it
    /// has cancelled the others, if that is the policy. Also if this wait is cancelled: then the scope will wait for
    /// the thread.
    #[track_caller]
    pub fn join(mut self) -> Result<T, Failure<E>> {
        match block(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(joined) => {
                if let (true, Some(os)) = (joined.is_some(), self.os) {
                    thread::join(os);
                }
                settled(joined)
            }
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// As [`join`](Self::join), and blocks for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// As for [`join`](Self::join). If the time runs out, the handle comes back.
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, Failure<E>>, Self> {
        self.join_until(deadline_after(timeout), Location::caller())
    }

    /// As [`join_timeout`](Self::join_timeout), until `deadline`. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// As for [`join_timeout`](Self::join_timeout).
    #[track_caller]
    pub fn join_deadline(self, deadline: Instant) -> Result<Result<T, Failure<E>>, Self> {
        self.join_until(Some(deadline), Location::caller())
    }

    fn join_until(
        mut self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<Result<T, Failure<E>>, Self> {
        match block(&mut self.joining, Limit::until(deadline), site) {
            Ok(joined) => Ok(settled(joined)),
            Err(_) => Err(self),
        }
    }

    /// Whether the closure has ended, by returning or by a panic.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.is_done()
    }

    /// The name of the thread, if it was given one and has been started.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.thread.as_ref()?.name()
    }
}

impl<T, E> fmt::Debug for ScopedThread<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedThread")
            .field("name", &self.name())
            .field("finished", &self.is_finished())
            .finish()
    }
}
