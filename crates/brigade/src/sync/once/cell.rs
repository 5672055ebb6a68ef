//! A cell that is initialised once, by a thread or a task, and read by all.
//!
//! The value is written by whoever holds the claim (`shared.rs`) and read once the state says that it is done. That
//! state is the only thing a reader looks at: one load.

use super::super::{SetError, WaitTimeoutError};
use super::shared::{Claim, Found, Shared};
use crate::prim::{UnsafeCell, const_new};
use crate::wait::deadline_after;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::mem::MaybeUninit;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// A value that is put in once and then read by everybody.
///
/// To read it is one load. Of all who come with an initialiser, one at a time runs; the others wait, threads and tasks
/// in the same queue. If it fails, panics, or is a future that is dropped halfway, the cell is free again, and one
/// of those who wait tries with its own. Nothing is poisoned.
///
/// An initialiser must not ask for the cell that it initialises. A thread that would block for its own initialiser
/// panics. A task that awaits the cell in its own future waits for ever, as it would for a lock that it holds. A
/// future that is forgotten halfway (`mem::forget`) keeps the cell claimed for as long as the cell is shared.
///
/// # Examples
///
/// ```
/// use brigade::sync::OnceCell;
///
/// static NAME: OnceCell<String> = OnceCell::new();
/// let name = std::thread::spawn(|| NAME.get_or_init(|| "set by a thread".to_owned()));
/// assert_eq!(name.join().unwrap(), "set by a thread");
/// assert_eq!(NAME.get().map(String::len), Some(15));
/// ```
///
/// A cell is shared between threads only if its value may be:
///
/// ```compile_fail,E0277
/// use brigade::sync::OnceCell;
/// use std::rc::Rc;
///
/// let cell = OnceCell::<Rc<u8>>::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| cell.get().is_some());
/// });
/// ```
///
/// and so is one whose value is moved to another thread by way of the cell:
///
/// ```compile_fail,E0277
/// use brigade::sync::OnceCell;
/// use std::sync::MutexGuard;
///
/// fn share(_: &(impl Sync + ?Sized)) {}
/// share(&OnceCell::<MutexGuard<'static, u8>>::new()); // may be looked at anywhere, but not moved
/// ```
pub struct OnceCell<T> {
    shared: Shared,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the value is written by the one who holds the claim, and only read once the state says `DONE`; the state
// orders the two (release to acquire). It may have come from another thread (`Send`), and all share it (`Sync`).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

// Whoever sees a value sees all of it: an initialiser that panics leaves none.
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceCell<T> {}

fn never<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

impl<T> OnceCell<T> {
    const_new! {
        /// A cell without a value.
        ///
        /// # Examples
        ///
        /// ```
        /// use brigade::sync::OnceCell;
        ///
        /// static PORT: OnceCell<u16> = OnceCell::new();
        /// assert_eq!(PORT.get(), None);
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self {
                shared: Shared::new(),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }
        }
    }

    /// The value, if there is one.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        if !self.shared.is_done() {
            return None;
        }
        Some(self.value.with(|value| {
            // SAFETY: it is done, so the value has been written, and no one writes as long as it is borrowed: that
            // takes a `&mut` to the cell.
            unsafe { (*value).assume_init_ref() }
        }))
    }

    /// The value, if there is one, to be changed by the owner of the cell.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut cell = brigade::sync::OnceCell::from(1);
    /// if let Some(value) = cell.get_mut() {
    ///     *value += 1;
    /// }
    /// assert_eq!(cell.get(), Some(&2));
    /// ```
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if !self.shared.is_done() {
            return None;
        }
        Some(self.value.with_mut(|value| {
            // SAFETY: it is done, so the value has been written; the cell is borrowed by us alone.
            unsafe { (*value).assume_init_mut() }
        }))
    }

    /// Puts a value in. Never waits.
    ///
    /// # Errors
    ///
    /// If there is a value, or somebody is about to put one in and may yet fail. The value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{OnceCell, SetError};
    ///
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(SetError::Initialized(2)));
    /// cell.wait(); // there is something
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.shared.try_claim() {
            Some(Found::Free(claim)) => {
                self.fill(claim, value);
                Ok(())
            }
            Some(Found::Done) => Err(SetError::Initialized(value)),
            None => Err(SetError::Initializing(value)),
        }
    }

    /// The value; if there is none, it is what `init` returns. Blocks the thread while somebody else initialises.
    ///
    /// `init` runs only if nobody else's has succeeded. In a task use
    /// [`get_or_init_async`](Self::get_or_init_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// If `init` does: then the cell is as it was. If this thread is at work on the same cell already: `init` has asked
    /// for the value that it is to make.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = brigade::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_init(|| 1), &1);
    /// assert_eq!(cell.get_or_init(|| 2), &1);
    /// ```
    ///
    /// ```should_panic
    /// let cell = brigade::sync::OnceCell::new();
    /// cell.get_or_init(|| *cell.get_or_init(|| 1) + 1); // would wait for itself
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => never(self.init_slow(|| Ok(init()), Location::caller())),
        }
    }

    /// The value; if there is none, it is what `init` returns, unless that is an error. Blocks the thread while
    /// somebody else initialises.
    ///
    /// # Errors
    ///
    /// Those of `init`. The cell is as it was, and the next one may try.
    ///
    /// # Panics
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = brigade::sync::OnceCell::new();
    /// assert!(cell.get_or_try_init(|| "x".parse::<u8>()).is_err());
    /// assert_eq!(cell.get_or_try_init(|| "7".parse::<u8>()), Ok(&7));
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.init_slow(init, Location::caller()),
        }
    }

    /// The value; if there is none, it is what the future that `init` makes returns. Suspends the task while somebody
    /// else initialises.
    ///
    /// `init` is called only when nobody else's has succeeded.
    ///
    /// # Panics
    ///
    /// If `init` or its future does: then the cell is as it was.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while it initialises, the future that `init` has made is dropped too, the cell is as it
    /// was, and one of those who wait tries with its own initialiser.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let cell = brigade::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_init_async(|| async { 1 }).await, &1);
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_init_async<'a, F, I>(
        &'a self,
        init: I,
    ) -> impl Future<Output = &'a T> + use<'a, T, F, I>
    where
        I: FnOnce() -> F,
        F: Future<Output = T>,
    {
        let site = Location::caller();
        async move {
            if let Some(value) = self.get() {
                return value;
            }
            if let Found::Free(claim) = self.shared.claim_async(site).await {
                let value = init().await;
                self.fill(claim, value);
            }
            self.written()
        }
    }

    /// The value; if there is none, it is what the future that `init` makes returns, unless that is an error.
    /// Suspends the task while somebody else initialises.
    ///
    /// # Errors
    ///
    /// Those of the future. The cell is as it was, and the next one may try.
    ///
    /// # Panics
    ///
    /// If `init` or its future does: then the cell is as it was.
    ///
    /// # Cancel safety
    ///
    /// As for [`get_or_init_async`](Self::get_or_init_async).
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let cell = brigade::sync::OnceCell::<u8>::new();
    /// assert_eq!(cell.get_or_try_init_async(|| async { Err("down") }).await, Err("down"));
    /// assert_eq!(cell.get_or_try_init_async(|| async { Ok::<_, &str>(1) }).await, Ok(&1));
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_try_init_async<'a, F, I, E>(
        &'a self,
        init: I,
    ) -> impl Future<Output = Result<&'a T, E>> + use<'a, T, F, I, E>
    where
        I: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
    {
        let site = Location::caller();
        async move {
            if let Some(value) = self.get() {
                return Ok(value);
            }
            if let Found::Free(claim) = self.shared.claim_async(site).await {
                let value = init().await?;
                self.fill(claim, value);
            }
            Ok(self.written())
        }
    }

    /// The value; blocks the thread until somebody else has put one in.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    ///
    /// # Panics
    ///
    /// If it is called by the initialiser of the same cell, on its thread.
    ///
    /// # Examples
    ///
    /// ```
    /// let cell = brigade::sync::OnceCell::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| cell.set(1));
    ///     assert_eq!(cell.wait(), &1);
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.shared.wait(Location::caller());
        self.written()
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before there is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{OnceCell, WaitTimeoutError};
    /// use std::time::Duration;
    ///
    /// let cell = OnceCell::<u8>::new();
    /// assert_eq!(cell.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<&T, WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.shared.wait_until(deadline, Location::caller())?;
        Ok(self.written())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before there is a value.
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<&T, WaitTimeoutError> {
        self.shared.wait_until(Some(deadline), Location::caller())?;
        Ok(self.written())
    }

    /// The value; suspends the task until somebody else has put one in.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing for anybody else.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let cell = brigade::sync::OnceCell::new();
    /// let (value, _) = futures::join!(cell.wait_async(), async { cell.set(1) });
    /// assert_eq!(value, &1);
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async(&self) -> impl Future<Output = &T> + use<'_, T> {
        let wait = self.shared.wait_async(Location::caller());
        async move {
            wait.await;
            self.written()
        }
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before there is a value.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<&T, WaitTimeoutError>> + use<'_, T> {
        self.wait_until_async(deadline_after(timeout), Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. A deadline in the past looks once.
    ///
    /// # Errors
    ///
    /// If the deadline passes before there is a value.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<&T, WaitTimeoutError>> + use<'_, T> {
        self.wait_until_async(Some(deadline), Location::caller())
    }

    fn wait_until_async(
        &self,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> impl Future<Output = Result<&T, WaitTimeoutError>> + use<'_, T> {
        let wait = self.shared.wait_until_async(deadline, site);
        async move { wait.await.map(|()| self.written()) }
    }

    /// Takes the value out. The cell is as new, and can be used again.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut cell = brigade::sync::OnceCell::from(1);
    /// assert_eq!((cell.take(), cell.take()), (Some(1), None));
    /// assert_eq!(cell.get_or_init(|| 2), &2);
    /// ```
    pub fn take(&mut self) -> Option<T> {
        self.shared.undo().then(|| {
            self.value.with_mut(|value| {
                // SAFETY: it was done, so the value is there; the cell, which is ours alone, no longer says so.
                unsafe { (*value).assume_init_read() }
            })
        })
    }

    /// The value, if there is one.
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    #[cold]
    #[track_caller]
    fn init_slow<E>(
        &self,
        init: impl FnOnce() -> Result<T, E>,
        site: &'static Location<'static>,
    ) -> Result<&T, E> {
        if let Found::Free(claim) = self.shared.claim_blocking(site) {
            let value = init()?;
            self.fill(claim, value);
        }
        Ok(self.written())
    }

    fn fill(&self, claim: Claim<'_>, value: T) {
        self.value.with_mut(|place| {
            // SAFETY: whoever holds the claim is the only one who touches the value, and it is not done before
            // `finish`.
            unsafe { (*place).write(value) };
        });
        claim.finish();
    }

    /// The value, by one who has learnt that there is one.
    #[inline]
    fn written(&self) -> &T {
        self.get()
            .expect("what is done stays done as long as the cell is shared")
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    /// A cell with this value.
    fn from(value: T) -> Self {
        let cell = Self::new();
        // Nobody else has seen the cell.
        let _ = cell.set(value);
        cell
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    /// A cell with a clone of the value, or without one. An initialisation under way is not cloned.
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceCell").field(&self.get()).finish()
    }
}
