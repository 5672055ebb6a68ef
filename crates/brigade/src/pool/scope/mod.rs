//! Jobs that borrow: a scope on a pool, what is spawned in it, and its end.
//!
//! The words and the policies are those of [`thread::scope`](crate::thread::scope()); what runs the children is the
//! pool, and whoever waits for them.
//!
//! # Who runs a child
//!
//! A child is put into a list of the scope (`nursery.rs`), and a worker is told of the list, on the agenda of the
//! pool. The worker runs one child after the other; when something else waits, that has its turn between two of
//! them. The bound of the pool's queues does not count children, and nobody waits for room. A pool that has been shut
//! down is not told: the owner of the scope runs the children when its body is over.
//!
//! Whoever waits runs what it waits for, if nobody has begun it: the owner any child of the scope, whoever joins a child
//! that child only. So a scope ends on a pool of one thread, on a pool whose workers are all busy, and on one that has
//! been shut down; and nobody who holds a lock runs into somebody else's job. A join does not run the siblings of
//! its child: they may want a lock that is held across the join.
//!
//! # Why the borrows hold
//!
//! As for threads (`thread/scope.rs`): `scope::conduct` does not end before every child has been taken out of the list and
//! is over (`nursery.rs`, *The end*). By then its closure and all that the closure owned are gone, and its result is with
//! its handle, or dropped. The list is on the heap, and so is what of a child a forgotten handle leaks.

mod held;
#[cfg(all(test, brigade_loom))]
mod model;
mod nursery;
mod wait;

pub(crate) use held::Held;
pub(super) use nursery::Telling;

use super::Pool;
use super::worker::Crew;
use crate::cancel::CancelToken;
use crate::prim::{Arc, StdArc, UnsafeCell};
use crate::scope::{
    Cell, Failure, Joining, Ledger, Options, Outcome, Runner, ScopeError, conduct, go_on_panicking,
    live, settled,
};
use crate::wait::{Limit, What, block, deadline_after};
use nursery::{Child, Nursery, Run};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

type Site = &'static Location<'static>;

/// What is waited for in a join.
struct ByPool;

impl Runner for ByPool {
    const WAITS_FOR: &'static What = &"job join";
}

/// What a scope is made of; in the frame that conducts it.
struct Core<E> {
    ledger: Ledger<E>,
    nursery: StdArc<Nursery>,
    crew: Arc<Crew>,
    /// Whether a child that nobody has begun when the scope is cancelled is dropped: then that is its failure.
    drops_unbegun: bool,
}

/// A reference to the core, from the body of the scope, from children and from their handles.
struct CoreRef<E>(NonNull<Core<E>>);

impl<E> Clone for CoreRef<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for CoreRef<E> {}

// SAFETY: it is a reference to a `Core` (see `get`), which is `Sync` if `E` is `Send`: the ledger hands errors over and
// never lends them, and so does the list its children, which are `Send`.
unsafe impl<E: Send> Send for CoreRef<E> {}
// SAFETY: as above.
unsafe impl<E: Send> Sync for CoreRef<E> {}

impl<E> Core<E> {
    fn new(ledger: Ledger<E>, pool: &Pool, drops_unbegun: bool) -> Self {
        Self {
            nursery: StdArc::new(Nursery::new(ledger.entrance())),
            ledger,
            crew: Arc::clone(&pool.crew),
            drops_unbegun,
        }
    }

    /// Puts a child in, for whoever comes first, and returns its number.
    fn put(&self, child: Child) -> usize {
        let (number, telling) = self.nursery.put(child, self.crew.roster().wanted());
        if let Some(telling) = telling {
            self.crew.tell(telling);
        }
        self.ledger.wake_owner();
        number
    }
}

impl<E> CoreRef<E> {
    /// For those who have the `'scope` of this core in their types, and for nobody else.
    fn of(core: &Core<E>) -> Self {
        Self(NonNull::from(core))
    }

    fn get(&self) -> &Core<E> {
        // SAFETY: `of` was given a reference to it. Only the body, children and handles have this, with `'scope` in
        // their types; the frame that the core lives in waits for all of them (`scope::conduct`).
        unsafe { self.0.as_ref() }
    }
}

/// What a child has in its cell beside what comes of it.
struct Body<F, E> {
    /// Taken by whoever runs it.
    closure: UnsafeCell<Option<F>>,
    core: CoreRef<E>,
}

// SAFETY: the closure is touched by whoever runs the child, and a child is run once (`Run::run`), or by the last owner of the
// cell; it is never lent. It crosses threads: Send. The reference to the core is `Sync` if `E` is `Send`.
unsafe impl<F: Send, E: Send> Sync for Body<F, E> {}

/// The body of any child, for a handle, which does nothing with it.
trait AnyBody: Send + Sync {}

impl<F: Send, E: Send> AnyBody for Body<F, E> {}

impl<T, F, E> Run for Cell<Outcome<T, E>, Body<F, E>>
where
    F: FnOnce() -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn site(&self) -> Site {
        Cell::site(self)
    }

    unsafe fn run(self: StdArc<Self>) {
        let Body { closure, core } = self.body();
        let core = *core;
        let closure = closure.with_mut(|place| {
            // SAFETY: by the contract this is the only call, so nobody else touches it before the last owner of the cell.
            unsafe { (*place).take() }
        });
        let closure = closure.expect("a child is run once");
        let Core {
            ledger,
            drops_unbegun,
            ..
        } = core.get();
        live(ledger, self, || {
            if *drops_unbegun && let Some(reason) = ledger.token().reason() {
                return Err(Failure::Cancelled(reason));
            }
            ledger.within(closure).map_err(Failure::Failed)
        });
    }
}

/// Where jobs are spawned that may borrow. See [`Pool::scope`].
///
/// It is a handle, and `Copy`: a job that spawns others is a `move` closure that has it.
pub struct Scope<'scope, 'env: 'scope, E> {
    core: CoreRef<E>,
    _scope: PhantomData<&'scope mut &'scope ()>,
    _env: PhantomData<&'env mut &'env ()>,
}

impl<E> Clone for Scope<'_, '_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Scope<'_, '_, E> {}

impl<'scope, E: Send> Scope<'scope, '_, E> {
    fn of(core: &Core<E>) -> Self {
        Self {
            core: CoreRef::of(core),
            _scope: PhantomData,
            _env: PhantomData,
        }
    }

    /// Has the pool run `closure`, which may borrow what lives longer than the scope, and spawn others in it.
    ///
    /// It never waits: not for room in the queue of the pool either. If the job fails and nobody joins it, its failure
    /// is the scope's. If the scope is cancelled before the job begins, it is dropped, and that is how it fails:
    /// [`Failure::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// let pool = Pool::new(2);
    /// let lines = ["3", "1", "4", "1"];
    /// let sum = |lines: &[&str]| lines.iter().map(|line| line.parse::<i32>()).sum::<Result<i32, _>>();
    /// let litres = pool.scope(|scope| {
    ///     let (front, back) = lines.split_at(2);
    ///     let front = scope.spawn(|| Ok(sum(front)?));
    ///     let back = scope.spawn(|| Ok(sum(back)?));
    ///     Ok::<_, Error>(front.join()? + back.join()?)
    /// })?;
    /// assert_eq!(litres, 9);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<T, F>(self, closure: F) -> ScopedJob<'scope, T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        self.start(closure, Location::caller())
    }

    /// The token of the scope: what cancels its children, and its body.
    ///
    /// It is cancelled by the first failure (under [`OnError::CancelAll`](crate::scope::OnError::CancelAll)), at the
    /// deadline of the scope, and with the token that the scope was started under.
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        self.core.get().ledger.token()
    }

    fn start<T, F>(self, closure: F, site: Site) -> ScopedJob<'scope, T, E>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        let cell = self.cell(closure, site);
        let handles: StdArc<Cell<_, dyn AnyBody + 'scope>> =
            StdArc::<Cell<_, Body<F, E>>>::clone(&cell);
        let number = self.core.get().put(self.child(cell));
        ScopedJob {
            // SAFETY: the cell is new, and this is its handle.
            joining: unsafe { Joining::of(handles) },
            number,
            core: self.core,
            _scope: PhantomData,
        }
    }

    /// A job that is not begun before it is [released](Held::release), and whose result nobody wants. The scope waits for it
    /// or for its drop. `None` if a scope cannot count so many.
    #[track_caller]
    pub(crate) fn hold<F>(self, closure: F) -> Option<Held>
    where
        F: FnOnce() -> Result<(), E> + Send + 'scope,
        E: 'scope,
    {
        let core = self.core.get();
        let witness = core.ledger.enter()?;
        let child = self.child(self.cell(closure, Location::caller()));
        let (nursery, crew) = (StdArc::clone(&core.nursery), Arc::clone(&core.crew));
        Some(Held::new(child, nursery, crew, witness))
    }

    fn cell<T, F>(self, closure: F, site: Site) -> StdArc<Cell<Outcome<T, E>, Body<F, E>>> {
        let body = Body {
            closure: UnsafeCell::new(Some(closure)),
            core: self.core,
        };
        StdArc::new(Cell::new(site, body))
    }

    /// The child to be run, of its cell. Called once for each.
    fn child<T, F>(self, cell: StdArc<Cell<Outcome<T, E>, Body<F, E>>>) -> Child
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
        E: 'scope,
    {
        let run: StdArc<dyn Run + 'scope> = cell;
        // SAFETY: the types differ in the lifetime only. Whatever the closure and its result borrow lives for `'scope`,
        // which does not end as long as the child is in the list, or somebody runs it, or has it held back
        // (`Core::end`). The share is used up by then.
        let run = unsafe { mem::transmute::<StdArc<dyn Run + 'scope>, StdArc<dyn Run>>(run) };
        Child(run)
    }
}

impl<E> fmt::Debug for Scope<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("token", self.core.get().ledger.token())
            .finish_non_exhaustive()
    }
}

/// Where jobs are spawned that may borrow and have no errors. See [`Pool::scope_plain`].
pub struct PlainScope<'scope, 'env: 'scope> {
    scope: Scope<'scope, 'env, Infallible>,
}

impl<'scope> PlainScope<'scope, '_> {
    /// Has the pool run `closure`, which may borrow what lives longer than the scope, and spawn others in it.
    ///
    /// It never waits: not for room in the queue of the pool either. It is run also if the scope is cancelled before it
    /// begins.
    #[track_caller]
    pub fn spawn<T, F>(&'scope self, closure: F) -> ScopedJob<'scope, T>
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

/// A job that was spawned in a scope. The scope waits for it, joined or not.
pub struct ScopedJob<'scope, T, E = Infallible> {
    joining: Joining<Outcome<T, E>, ByPool, dyn AnyBody + 'scope>,
    /// Its number in the list of those that nobody has begun.
    number: usize,
    core: CoreRef<E>,
    _scope: PhantomData<&'scope mut &'scope ()>,
}

impl<T, E> ScopedJob<'_, T, E> {
    /// Blocks until the job is over, and returns what its closure gave.
    ///
    /// If nobody has begun it, it is run here, whatever thread this is. No other job is run meanwhile, so a lock may be
    /// held that others want.
    ///
    /// # Errors
    ///
    /// If the job failed. The failure is the caller's from then on, and not in the error of the scope; but it
    /// has cancelled the others, if that is the policy. Also if this wait is cancelled: then the scope will wait for
    /// the job.
    #[track_caller]
    pub fn join(mut self) -> Result<T, Failure<E>> {
        let core = self.core.get();
        // Once for each handle, which is used up here.
        if let Some(child) = core.nursery.take_numbered(self.number) {
            core.crew.run_here(child.site(), || child.run());
        }
        match block(&mut self.joining, Limit::NONE, Location::caller()) {
            Ok(joined) => settled(joined),
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Blocks until the job is over, for at most `timeout`. A timeout too long for the clock waits for ever.
    ///
    /// Unlike [`join`](Self::join) it never runs the job itself: that could take longer.
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

    /// Whether the job is over: done, failed, or dropped because the scope was cancelled before it began.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.joining.is_done()
    }
}

impl<T, E> fmt::Debug for ScopedJob<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJob")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// Runs `body`, in which jobs can be spawned that borrow, and waits for all of them.
    ///
    /// The jobs, and the body, return a `Result`. The first of them that fails cancels the others: their waits end (see
    /// [`cancel`](crate::cancel)), those that nobody has begun are dropped, and the others can look at [`Scope::token`].
    /// When all are over the scope returns the error, or if there is none, what the body has returned. It is the same
    /// as [`thread::scope`](crate::thread::scope()), with jobs in place of threads; failures and errors are described there.
    /// For jobs that have no errors see [`scope_plain`](Self::scope_plain), and for other policies and a deadline
    /// [`scope_with`](Self::scope_with).
    ///
    /// When its body is over, the calling thread, a worker or any other, runs jobs of this scope that nobody has begun, and no
    /// others. So it may be called by a job, on a pool of one thread, and within another scope; and it may hold a lock that
    /// its own jobs do not want. A pool that has been shut down runs the jobs on the caller alone. Jobs begin in the order in
    /// which they were spawned, but for those that are joined sooner. Jobs that wait for each other need a thread each.
    ///
    /// # Errors
    ///
    /// If the body or a job that nobody joined has failed. See [`ScopeError`].
    ///
    /// # Panics
    ///
    /// If the body panics, with what it threw: after the jobs have been cancelled and are over.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    /// use std::num::ParseIntError;
    ///
    /// let pool = Pool::new(2);
    /// let lines = ["1", "2", "three"];
    /// let mut numbers = [0; 3];
    /// let parsed = pool.scope(|scope| {
    ///     for (line, number) in lines.iter().zip(&mut numbers) {
    ///         scope.spawn(move || {
    ///             *number = line.parse()?;
    ///             Ok(())
    ///         });
    ///     }
    ///     Ok::<_, ParseIntError>(())
    /// });
    /// assert_eq!(parsed.unwrap_err().to_string(), "invalid digit found in string");
    /// ```
    ///
    /// What the body owns cannot be borrowed, as it is gone before the scope ends:
    ///
    /// ```compile_fail,E0373
    /// # let pool = brigade::pool::Pool::new(1);
    /// pool.scope(|scope| {
    ///     let words = vec!["fill", "lift"];
    ///     scope.spawn(|| Ok(words.len()));
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// ```
    ///
    /// A handle does not leave its scope:
    ///
    /// ```compile_fail
    /// # let pool = brigade::pool::Pool::new(1);
    /// let handle = pool.scope(|scope| Ok::<_, std::io::Error>(scope.spawn(|| Ok(1))));
    /// ```
    ///
    /// What is not `Send` stays on its thread:
    ///
    /// ```compile_fail,E0277
    /// # let pool = brigade::pool::Pool::new(1);
    /// let words = std::rc::Rc::new(["fill", "lift"]);
    /// pool.scope(|scope| {
    ///     scope.spawn(|| Ok(words.len()));
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// ```
    #[track_caller]
    pub fn scope<'env, T, E, F>(&self, body: F) -> Result<T, ScopeError<E>>
    where
        F: for<'scope> FnOnce(Scope<'scope, 'env, E>) -> Result<T, E>,
        E: Send,
    {
        self.scope_with(Options::new(), body)
    }

    /// Runs a [`scope`](Self::scope) with another policy, a deadline or a token.
    ///
    /// # Errors
    ///
    /// As for [`scope`](Self::scope).
    ///
    /// # Panics
    ///
    /// As [`scope`](Self::scope).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    /// use brigade::scope::{OnError, Options};
    ///
    /// let pool = Pool::new(2);
    /// let all = Options::new().on_error(OnError::CollectAll);
    /// let error = pool.scope_with(all, |scope| {
    ///     scope.spawn(|| "two".parse::<i32>());
    ///     scope.spawn(|| "four".parse::<i32>());
    ///     Ok(())
    /// });
    /// assert_eq!(error.unwrap_err().suppressed().len(), 1);
    /// ```
    #[track_caller]
    pub fn scope_with<'env, T, E, F>(&self, options: Options, body: F) -> Result<T, ScopeError<E>>
    where
        F: for<'scope> FnOnce(Scope<'scope, 'env, E>) -> Result<T, E>,
        E: Send,
    {
        let core = Core::new(options.ledger(), self, true);
        let site = Location::caller();
        conduct(&core.ledger, || core.end(site), || body(Scope::of(&core)))
    }

    /// Runs `body`, in which jobs can be spawned that borrow and have no errors, and waits for all of them.
    ///
    /// As [`scope`](Self::scope), but the body and the jobs return values, and not a `Result`. As there is nobody to tell,
    /// no job is dropped: each is run, also if the scope has been cancelled before.
    ///
    /// # Panics
    ///
    /// If the body panics, or a job that nobody joined, with what was thrown: after the others have been cancelled and all
    /// are over.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let mut litres = [3, 1, 4, 1, 5, 9];
    /// let (left, right) = litres.split_at_mut(3);
    /// pool.scope_plain(|scope| {
    ///     scope.spawn(|| left.sort());
    ///     scope.spawn(|| right.sort());
    /// });
    /// assert_eq!(litres, [1, 3, 4, 1, 5, 9]);
    /// ```
    #[track_caller]
    pub fn scope_plain<'env, T, F>(&self, body: F) -> T
    where
        F: for<'scope> FnOnce(&'scope PlainScope<'scope, 'env>) -> T,
    {
        self.scope_plain_with(Options::new(), body)
    }

    /// Runs a [`scope_plain`](Self::scope_plain) with another policy, a deadline or a token.
    ///
    /// # Panics
    ///
    /// As [`scope_plain`](Self::scope_plain).
    #[track_caller]
    pub fn scope_plain_with<'env, T, F>(&self, options: Options, body: F) -> T
    where
        F: for<'scope> FnOnce(&'scope PlainScope<'scope, 'env>) -> T,
    {
        let core = Core::new(options.ledger(), self, false);
        let scope = PlainScope {
            scope: Scope::of(&core),
        };
        let site = Location::caller();
        let ended = conduct(&core.ledger, || core.end(site), || Ok(body(&scope)));
        ended.unwrap_or_else(|error| go_on_panicking(error))
    }
}
