//! The back end of the random schedules: every atomic, cell, sleep and thread is a place where shuttle may
//! switch to another thread, and a seed decides which.
//!
//! What it adds to shuttle, and what it leaves out:
//!
//! - A cell gives way while it is in use, and fails if somebody else comes in who must not: so a lock that
//!   lets two in, or a slot that two claim, is seen at once and not only by what they break.
//! - A thread that sleeps may now and then return early, as the facade allows. Shuttle's own early returns
//!   are far more frequent than anything else that happens, so its `park` is not used.
//! - The clock stands still until somebody sleeps with a deadline; then chance decides whether the time passes
//!   or somebody else is faster.
//! - All atomics are sequentially consistent, whatever they are asked for. Memory order is loom's business.
//! - The thread that keeps the time of tasks would outlive the execution, so tasks with deadlines are not run
//!   under shuttle.

use std::future::poll_fn;
use std::sync::PoisonError;
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

pub(crate) use ::shuttle::thread_local;
pub(crate) use std::sync::Arc;

/// Whether this is a model: then capacities shrink, so that few steps reach every state, and nobody
/// spins, because no time passes.
pub(crate) const MODEL: bool = true;

/// One in so many sleeps returns early.
const EARLY: u32 = 8;
/// One in so many looks at the time finds that it has passed.
const IN_TIME: u32 = 4;

/// Shuttle's atomics.
pub(crate) mod atomic {
    pub(crate) use shuttle::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize,
    };
}

/// Declares a constructor that is `const` here and plain under loom.
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn new($($arg:ident: $ty:ty),*) -> Self $body:block) => {
        $(#[$meta])* $vis const fn new($($arg: $ty),*) -> Self $body
    };
}
pub(crate) use const_new;

/// A cell that notices who is in it at the same time.
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T: ?Sized> {
    users: users::Users,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            users: users::Users::new(),
            value: std::cell::UnsafeCell::new(value),
        }
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        let _user = self.users.read();
        read(self.value.get())
    }

    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        let _user = self.users.write();
        write(self.value.get())
    }
}

/// Who is in a cell.
mod users {
    use std::cell::Cell;
    use std::time::Duration;

    const NOBODY: isize = 0;
    const WRITER: isize = -1;

    /// So many readers, or a writer. All threads of an execution are coroutines on one thread of the system, so a
    /// plain number will do.
    #[derive(Debug, Default)]
    pub(super) struct Users(Cell<isize>);

    /// Leaves the cell when it is dropped.
    pub(super) struct User<'a> {
        of: &'a Users,
        weight: isize,
    }

    impl Users {
        pub(super) const fn new() -> Self {
            Self(Cell::new(NOBODY))
        }

        #[track_caller]
        pub(super) fn read(&self) -> User<'_> {
            let users = self.0.get();
            assert!(
                users != WRITER,
                "a cell is read while somebody else writes it"
            );
            self.enter(users + 1, 1)
        }

        #[track_caller]
        pub(super) fn write(&self) -> User<'_> {
            let users = self.0.get();
            assert!(
                users == NOBODY,
                "a cell is written while somebody else is in it"
            );
            self.enter(WRITER, WRITER)
        }

        fn enter(&self, users: isize, weight: isize) -> User<'_> {
            self.0.set(users);
            let user = User { of: self, weight };
            // Lets others run without giving up the turn for good, as a yield would.
            shuttle::thread::sleep(Duration::ZERO);
            user
        }
    }

    impl Drop for User<'_> {
        fn drop(&mut self) {
            self.of.0.set(self.of.0.get() - self.weight);
        }
    }
}

/// Waiting without sleeping gives way, else the one who is waited for may never run.
pub(crate) mod hint {
    pub(crate) use shuttle::hint::spin_loop;
    pub(crate) use shuttle::thread::yield_now;
}

/// A lock that the checker sees, unlike [`Lock`](super::Lock): for what models are about.
#[derive(Debug, Default)]
pub(crate) struct SeenLock<T>(shuttle::sync::Mutex<T>);

/// For what is held for a few instructions.
pub(crate) type BriefLock<T> = SeenLock<T>;

impl<T> SeenLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that only sleepers advance.
pub(crate) mod clock {
    use std::cell::Cell;
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    std::thread_local! {
        /// Of all executions on this thread of the system. It need not begin anew with each of them, because
        /// nothing depends on what time it is.
        static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    /// A time, as exact as any other here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Coarse(Instant);

    impl Coarse {
        pub(crate) fn since(self, earlier: Self) -> Duration {
            self.0.saturating_duration_since(earlier.0)
        }
    }

    pub(crate) fn coarse() -> Coarse {
        Coarse(now())
    }

    pub(crate) fn now() -> Instant {
        start() + PASSED.get()
    }

    /// The time comes.
    pub(super) fn advance_to(instant: Instant) {
        PASSED.set(PASSED.get().max(instant.saturating_duration_since(start())));
    }

    fn start() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }
}

/// Shuttle's threads. It counts stacks by itself.
pub(crate) mod thread {
    pub(crate) use shuttle::thread::JoinHandle;
    use std::io;
    pub(crate) use std::thread::Thread;

    /// The thread that runs the execution: all of shuttle's threads are coroutines on it.
    pub(crate) fn current() -> Thread {
        std::thread::current()
    }

    /// A number that no other thread of the execution has.
    pub(crate) fn number() -> usize {
        usize::from(shuttle::thread::current().id()) + 1
    }

    /// Whether the calling thread is the one that would be joined.
    pub(crate) fn is_current<T>(handle: &JoinHandle<T>) -> bool {
        handle.thread().id() == shuttle::thread::current().id()
    }

    /// Waits for a thread whose closure has ended.
    pub(crate) fn join(handle: JoinHandle<()>) {
        handle
            .join()
            .expect("a thread that panics ends the execution");
    }

    /// All of shuttle's threads are the one that runs the execution.
    pub(crate) fn of(_handle: &JoinHandle<()>) -> Thread {
        std::thread::current()
    }

    pub(crate) fn spawn(
        name: Option<String>,
        _stack_size: Option<usize>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let builder = shuttle::thread::Builder::new();
        match name {
            Some(name) => builder.name(name),
            None => builder,
        }
        .spawn(body)
    }

    /// Whether the system is through with the thread. Nobody can tell.
    pub(crate) fn has_ended(_handle: &JoinHandle<()>) -> bool {
        false
    }

    /// The processors that threads may be bound to: none in an execution.
    pub(crate) fn bindable_cpus() -> Option<Vec<usize>> {
        None
    }

    pub(crate) fn bind_to_cpu(_cpu: usize) {}
}

/// More than two, so that what is spread over processors has places of its own for three or four threads.
pub(crate) fn cpus() -> usize {
    4
}

/// Part of the schedule: the same seed, the same numbers.
pub(crate) fn random() -> u32 {
    use ::shuttle::rand::RngCore;
    ::shuttle::rand::thread_rng().next_u32()
}

/// One thread's place to sleep.
#[derive(Debug)]
pub(crate) struct Parker {
    /// Whether a token lies here, and whom to call when one comes. One thread of the system runs all, so the
    /// lock is always free.
    place: super::Lock<Place>,
}

#[derive(Debug, Default)]
struct Place {
    token: bool,
    sleeper: Option<Waker>,
}

impl Parker {
    /// Runs `body` with this thread's parker and a waker that ends its sleep.
    pub(crate) fn with_current<R>(body: impl FnOnce(&Parker, &Waker) -> R) -> R {
        thread_local! {
            static CURRENT: (Arc<Parker>, Waker) = Parker::pair();
        }
        // A clone, and not within `with`: a thread-local destructor may still wait after ours has run.
        let (parker, waker) = CURRENT
            .try_with(|(parker, waker)| (Arc::clone(parker), waker.clone()))
            .unwrap_or_else(|_| Self::pair());
        body(&parker, &waker)
    }

    fn pair() -> (Arc<Parker>, Waker) {
        let parker = Arc::new(Parker {
            place: super::Lock::new(Place::default()),
        });
        let waker = Waker::from(Arc::clone(&parker));
        (parker, waker)
    }

    /// Sleeps until a token comes or the deadline passes. May also return early.
    pub(crate) fn park(&self, deadline: Option<Instant>) {
        if random().is_multiple_of(EARLY) {
            hint::yield_now();
            return;
        }
        let Some(at) = deadline else {
            ::shuttle::future::block_on(poll_fn(|cx| {
                let mut place = self.place.lock();
                if std::mem::take(&mut place.token) {
                    return Poll::Ready(());
                }
                place.sleeper = Some(cx.waker().clone());
                Poll::Pending
            }));
            return;
        };
        while !std::mem::take(&mut self.place.lock().token) && clock::now() < at {
            if random().is_multiple_of(IN_TIME) {
                clock::advance_to(at);
            } else {
                hint::yield_now();
            }
        }
    }

    fn unpark(&self) {
        // To wake somebody is a moment that others can come before.
        ::shuttle::thread::sleep(std::time::Duration::ZERO);
        let sleeper = {
            let mut place = self.place.lock();
            place.token = true;
            place.sleeper.take()
        };
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
