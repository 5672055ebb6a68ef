//! How a scope is described, and the short ways to run one.

use super::Builder;
use super::scope::{Core, PlainScope, Scope};
use crate::cancel::CancelToken;
use crate::prim::atomic::AtomicUsize;
use crate::scope::{OnError, Options, ScopeError, conduct, go_on_panicking};
use std::panic::Location;
use std::time::{Duration, Instant};

/// Runs `body`, in which threads can be spawned that borrow, and waits for all of them.
///
/// The threads, and the body, return a `Result`. The first of them that fails cancels the others: their waits end
/// (see [`cancel`](crate::cancel)), and they can look at [`Scope::token`]. When all have ended the scope returns the
/// error, or if there is none, what the body has returned. For threads that have no errors see
/// [`scope_plain`](super::scope_plain), and for other policies, a deadline and names [`ScopeOptions`].
///
/// A thread fails if it returns an error or panics. Its failure belongs to whoever joins it; if nobody does, to
/// the scope. In the body, `?` after a join hands it on, if the error is a `Box<dyn Error + Send + Sync>`, an
/// `io::Error`, or one of your own that implements `From<Failure<Self>>` ([`Failure`](crate::scope::Failure)).
///
/// If the scope was cancelled and yet nobody has failed, its value is returned all the same.
///
/// # Errors
///
/// If the body or a thread that nobody joined has failed. See [`ScopeError`].
///
/// # Panics
///
/// If the body panics, with what it threw: after the threads have been cancelled and have ended.
///
/// # Examples
///
/// ```
/// use brigade::channel;
/// use brigade::scope::ScopeError;
/// use brigade::thread;
/// use std::error::Error;
///
/// type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
///
/// let lines = ["1", "2", "three"];
/// let (sender, receiver) = channel::bounded(1);
/// let sum = thread::scope(|scope| -> Result<i32> {
///     scope.spawn(|| {
///         for line in &lines {
///             sender.send(line.parse::<i32>()?)?;
///         }
///         Ok(())
///     });
///     // The sender lives on, so this would wait for ever; but the parser's error cancels it.
///     let mut sum = 0;
///     for _ in 0..3 {
///         sum += receiver.recv()?;
///     }
///     Ok(sum)
/// });
/// assert!(sum.unwrap_err().to_string().starts_with("invalid digit found in string"));
/// ```
///
/// What the body owns cannot be borrowed, as it is gone before the scope ends:
///
/// ```compile_fail,E0373
/// brigade::thread::scope(|scope| {
///     let words = vec!["fill", "lift"];
///     scope.spawn(|| Ok(words.len()));
///     Ok::<_, std::io::Error>(())
/// });
/// ```
///
/// A handle does not leave its scope:
///
/// ```compile_fail
/// let handle = brigade::thread::scope(|scope| Ok::<_, std::io::Error>(scope.spawn(|| Ok(1))));
/// ```
///
/// What is not `Send` stays on its thread:
///
/// ```compile_fail,E0277
/// let words = std::rc::Rc::new(["fill", "lift"]);
/// brigade::thread::scope(|scope| {
///     scope.spawn(|| Ok(words.len()));
///     Ok::<_, std::io::Error>(())
/// });
/// ```
///
/// A thread may spawn others: `move ||` gives it the scope, which is `Copy`. It cannot lend them what it owns itself,
/// as it may end before them:
///
/// ```compile_fail,E0373
/// brigade::thread::scope(|scope| {
///     scope.spawn(move || {
///         let words = vec!["fill", "lift"];
///         scope.spawn(|| Ok(words.len()));
///         Ok(())
///     });
///     Ok::<_, std::io::Error>(())
/// });
/// ```
#[track_caller]
pub fn scope<'env, T, E, F>(body: F) -> Result<T, ScopeError<E>>
where
    F: for<'scope> FnOnce(Scope<'scope, 'env, E>) -> Result<T, E>,
    E: Send,
{
    ScopeOptions::new().run(body)
}

/// Runs `body`, in which threads can be spawned that borrow and have no errors, and waits for all of them.
///
/// As [`scope`](super::scope()), but the body and the threads return values, and not a `Result`.
///
/// # Panics
///
/// If the body panics, or a thread that nobody joined, with what was thrown: after the others have been cancelled and
/// all have ended. Also if the system refuses a thread that nobody joins.
///
/// # Examples
///
/// ```
/// use brigade::thread;
///
/// let mut litres = [3, 1, 4, 1, 5, 9];
/// let (left, right) = litres.split_at_mut(3);
/// thread::scope_plain(|scope| {
///     scope.spawn(|| left.sort());
///     scope.spawn(|| right.sort());
/// });
/// assert_eq!(litres, [1, 3, 4, 1, 5, 9]);
///
/// let sum = thread::scope_plain(|scope| {
///     let left = scope.spawn(|| litres[..3].iter().sum::<i32>());
///     let right = litres[3..].iter().sum::<i32>();
///     left.join().unwrap() + right
/// });
/// assert_eq!(sum, 23);
/// ```
#[track_caller]
pub fn scope_plain<'env, T, F>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope PlainScope<'scope, 'env>) -> T,
{
    ScopeOptions::new().run_plain(body)
}

/// Describes a scope: what its failures do, how long it may last, what its threads are called.
///
/// # Examples
///
/// ```
/// use brigade::channel::{self, RecvError};
/// use brigade::scope::Failure;
/// use brigade::thread::ScopeOptions;
/// use std::time::Duration;
///
/// let (_sender, receiver) = channel::bounded::<i32>(1);
/// let hasty = ScopeOptions::new().name("reader").timeout(Duration::from_millis(1));
/// let error = hasty.run(|scope| {
///     scope.spawn(|| receiver.recv());
///     Ok(())
/// });
/// let (first, suppressed) = error.unwrap_err().into_parts();
/// assert!(matches!(first, Failure::Cancelled(_)));
/// assert!(matches!(suppressed[..], [Failure::Failed(RecvError::Cancelled)]));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a description starts nothing until `run`"]
pub struct ScopeOptions {
    scope: Options,
    threads: Builder,
}

impl ScopeOptions {
    /// A scope that the first failure cancels, that may last for ever, and whose threads have no names.
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of the others when a thread fails; without this, [`OnError::CancelAll`].
    pub fn on_error(mut self, policy: OnError) -> Self {
        self.scope = self.scope.on_error(policy);
        self
    }

    /// When the scope is cancelled, if it has not ended by then. It still waits for its threads.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.scope = self.scope.deadline(deadline);
        self
    }

    /// How long after its beginning the scope is cancelled. A timeout too long for the clock is none.
    ///
    /// With a [`deadline`](Self::deadline) too, the earlier one counts.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.scope = self.scope.timeout(timeout);
        self
    }

    /// What cancels the scope from outside; without this, the token that the caller is under, if there is one.
    pub fn token(mut self, parent: &CancelToken) -> Self {
        self.scope = self.scope.token(parent);
        self
    }

    /// What the threads are called: `name-0`, `name-1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.threads = self.threads.name(name);
        self
    }

    /// The stack of each thread in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.threads = self.threads.stack_size(bytes);
        self
    }

    /// Runs a scope of this description. See [`scope`](super::scope()).
    ///
    /// # Errors
    ///
    /// As for [`scope`](super::scope()).
    ///
    /// # Panics
    ///
    /// As [`scope`](super::scope()).
    #[track_caller]
    pub fn run<'env, T, E, F>(self, body: F) -> Result<T, ScopeError<E>>
    where
        F: for<'scope> FnOnce(Scope<'scope, 'env, E>) -> Result<T, E>,
        E: Send,
    {
        let core = self.core();
        let site = Location::caller();
        conduct(&core.ledger, || core.end(site), || body(Scope::of(&core)))
    }

    /// Runs a scope of this description whose threads have no errors. See [`scope_plain`](super::scope_plain).
    ///
    /// # Panics
    ///
    /// As [`scope_plain`](super::scope_plain).
    #[track_caller]
    pub fn run_plain<'env, T, F>(self, body: F) -> T
    where
        F: for<'scope> FnOnce(&'scope PlainScope<'scope, 'env>) -> T,
    {
        let core = self.core();
        let scope = PlainScope::new(Scope::of(&core));
        let site = Location::caller();
        let ended = conduct(&core.ledger, || core.end(site), || Ok(body(&scope)));
        ended.unwrap_or_else(|error| go_on_panicking(error))
    }

    fn core<E>(self) -> Core<E> {
        Core {
            ledger: self.scope.ledger(),
            threads: self.threads,
            named: AtomicUsize::new(0),
        }
    }
}
