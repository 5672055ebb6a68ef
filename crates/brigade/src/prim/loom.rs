//! The back end of the models: everything that can interleave goes through loom.
//!
//! Loom models no time: `park` with a deadline yields once and returns, which is "the deadline has
//! passed, or it was a spurious wake" and the callers must cope with both.

use std::task::{Wake, Waker};
use std::time::Instant;

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod stacks;

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;

/// Whether this is a model: then capacities shrink, so that few steps reach every state, and nobody
/// spins, because no time passes.
pub(crate) const MODEL: bool = true;

/// Loom's atomics.
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize};
}

/// Declares a constructor that is `const` in real programs and plain here.
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn new($($arg:ident: $ty:ty),*) -> Self $body:block) => {
        $(#[$meta])* $vis fn new($($arg: $ty),*) -> Self $body
    };
}
pub(crate) use const_new;

/// Thread-locals; an initial value that is `const` in real programs is made on first use here.
macro_rules! made_on_first_use {
    (static $name:ident: $type:ty = const { $init:expr };) => {
        ::loom::thread_local! { static $name: $type = $init; }
    };
    ($($plain:tt)*) => {
        ::loom::thread_local! { $($plain)* }
    };
}
pub(crate) use made_on_first_use as thread_local;

/// Waiting without sleeping is a scheduling point, else loom would explore an endless loop.
pub(crate) mod hint {
    use std::cell::Cell;

    /// Spins of one thread after which an execution is only finished, not explored further.
    const SPINS_EXPLORED: u32 = 2;

    loom::thread_local! {
        static SPUN: Cell<u32> = Cell::new(0);
    }

    /// Yields. Loom would also explore two threads that spin in turns for ever while a third holds
    /// what they wait for. A spin changes nothing, so whatever can follow the third spin can follow
    /// the first: such executions are cut off there.
    pub(crate) fn yield_now() {
        let spun = SPUN.with(|spun| spun.replace(spun.get() + 1));
        if spun >= SPINS_EXPLORED {
            loom::skip_branch();
        }
        loom::thread::yield_now();
    }

    pub(crate) fn spin_loop() {
        yield_now();
    }
}

/// A lock that the checker sees, unlike [`Lock`](super::Lock): for what models are about.
#[derive(Debug, Default)]
pub(crate) struct SeenLock<T>(loom::sync::Mutex<T>);

/// For what is held for a few instructions.
pub(crate) type BriefLock<T> = SeenLock<T>;

impl<T> SeenLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("loom does not poison")
    }
}

/// A clock that stands still.
pub(crate) mod clock {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    /// Time that does not pass.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Coarse;

    impl Coarse {
        pub(crate) fn since(self, _earlier: Self) -> Duration {
            Duration::ZERO
        }
    }

    pub(crate) fn coarse() -> Coarse {
        Coarse
    }

    pub(crate) fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }
}

/// Loom's threads; names and stack sizes mean nothing to it.
pub(crate) mod thread {
    pub(crate) use loom::thread::JoinHandle;
    use std::io;
    pub(crate) use std::thread::Thread;

    /// The thread that runs the model: all of loom's threads are coroutines on it.
    pub(crate) fn current() -> Thread {
        std::thread::current()
    }

    /// One for all: what a model does must not depend on addresses.
    pub(crate) fn number() -> usize {
        0
    }

    /// Waits for a thread whose closure has ended.
    pub(crate) fn join(handle: JoinHandle<()>) {
        handle.join().expect("a model's threads do not panic");
    }

    /// No model joins its own thread.
    pub(crate) fn is_current<T>(_handle: &JoinHandle<T>) -> bool {
        false
    }

    /// All of loom's threads are the one that runs the model.
    pub(crate) fn of(_handle: &JoinHandle<()>) -> Thread {
        std::thread::current()
    }

    pub(crate) fn spawn(
        _name: Option<String>,
        _stack_size: Option<usize>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        Ok(loom::thread::spawn(body))
    }

    /// Whether the system is through with the thread. Nobody can tell.
    pub(crate) fn has_ended(_handle: &JoinHandle<()>) -> bool {
        false
    }

    /// The processors that threads may be bound to: none in a model.
    pub(crate) fn bindable_cpus() -> Option<Vec<usize>> {
        None
    }

    pub(crate) fn bind_to_cpu(_cpu: usize) {}
}

pub(crate) fn cpus() -> usize {
    2
}

pub(crate) fn random() -> u32 {
    1
}

/// One thread's place to sleep, made of loom's mutex and condition variable.
#[derive(Debug)]
pub(crate) struct Parker {
    token: loom::sync::Mutex<bool>,
    bell: loom::sync::Condvar,
}

impl Parker {
    pub(crate) fn with_current<R>(body: impl FnOnce(&Parker, &Waker) -> R) -> R {
        // A parker for each wait: loom's thread-locals would outlive the objects they point to.
        let parker = std::sync::Arc::new(Parker {
            token: loom::sync::Mutex::new(false),
            bell: loom::sync::Condvar::new(),
        });
        let waker = Waker::from(std::sync::Arc::clone(&parker));
        body(&parker, &waker)
    }

    pub(crate) fn park(&self, deadline: Option<Instant>) {
        if deadline.is_some() {
            loom::thread::yield_now();
            return;
        }
        let mut token = self.token.lock().expect("loom does not poison");
        while !*token {
            token = self.bell.wait(token).expect("loom does not poison");
        }
        *token = false;
    }

    fn unpark(&self) {
        *self.token.lock().expect("loom does not poison") = true;
        self.bell.notify_one();
    }
}

impl Wake for Parker {
    fn wake(self: std::sync::Arc<Self>) {
        self.unpark();
    }
}

/// Explores three threads that all sleep and wake, which takes hours with two preemptions, with one.
/// `LOOM_MAX_PREEMPTIONS` above 2 asks for the long campaign.
#[cfg(test)]
pub(crate) fn three_threads(body: impl Fn() + Sync + Send + 'static) {
    let mut model = ::loom::model::Builder::new();
    model.preemption_bound = match model.preemption_bound {
        Some(bound) if bound > 2 => Some(bound),
        _ => Some(1),
    };
    // A whole pool, from its start to its end, is a little longer than the thousand that loom allows.
    model.max_branches = 2_000;
    model.check(body);
}
