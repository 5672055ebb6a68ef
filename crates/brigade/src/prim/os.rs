//! The back end of real programs: std, and the operating system's way to park a thread.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

pub(crate) use super::parker::Parker;
pub(crate) use super::plain::Lock as SeenLock;
pub(crate) use super::spin::SpinLock as BriefLock;
pub(crate) use std::sync::Arc;
pub(crate) use std::thread_local;

/// Whether this is a model: then capacities shrink, so that few steps reach every state, and nobody
/// spins, because no time passes.
pub(crate) const MODEL: bool = false;

/// The atomics of the standard library.
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
    };
}

/// A cell in the closure style, which is the only style loom can check.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// Declares a constructor that is `const` here and plain under loom.
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn new($($arg:ident: $ty:ty),*) -> Self $body:block) => {
        $(#[$meta])* $vis const fn new($($arg: $ty),*) -> Self $body
    };
}
pub(crate) use const_new;

/// What a waiting processor does.
pub(crate) mod hint {
    pub(crate) use std::hint::spin_loop;

    pub(crate) fn yield_now() {
        std::thread::yield_now();
    }
}

/// The monotonic clock.
pub(crate) mod clock {
    use std::time::{Duration, Instant};

    #[inline]
    pub(crate) fn now() -> Instant {
        Instant::now()
    }

    /// A time that is a few milliseconds old, for a fraction of the price of `now`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) struct Coarse(Duration);

    impl Coarse {
        /// The time from `earlier` until this; nothing if that is later.
        pub(crate) fn since(self, earlier: Self) -> Duration {
            self.0.saturating_sub(earlier.0)
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn coarse() -> Coarse {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the time is ours to write. The clock exists on every Linux since 2.6.32; should it
        // not, the time stays zero and waits look as if they had just begun.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
        // Neither is ever negative, and what their types are differs between systems.
        Coarse(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn coarse() -> Coarse {
        use std::sync::OnceLock;
        static START: OnceLock<Instant> = OnceLock::new();
        Coarse(START.get_or_init(Instant::now).elapsed())
    }
}

/// Threads of the operating system.
pub(crate) mod thread {
    pub(crate) use std::thread::{JoinHandle, Thread};
    use std::{io, thread};

    pub(crate) fn current() -> Thread {
        thread::current()
    }

    /// A number that no other thread has at the same time. Cheap, unlike the system's.
    #[inline]
    pub(crate) fn number() -> usize {
        std::thread_local! {
            static HERE: u8 = const { 0 };
        }
        HERE.with(|here| std::ptr::from_ref(here).addr())
    }

    /// Waits until the system is through with the thread. Its closure has ended, or else the wait would not be seen.
    /// A thread does not wait for itself.
    pub(crate) fn join(handle: JoinHandle<()>) {
        if !is_current(&handle) {
            // What it panicked with, if it did, is not ours: the closure has ended before.
            let _ = handle.join();
        }
    }

    /// Whether the calling thread is the one that would be joined.
    pub(crate) fn is_current<T>(handle: &JoinHandle<T>) -> bool {
        handle.thread().id() == thread::current().id()
    }

    /// The thread that would be joined.
    pub(crate) fn of(handle: &JoinHandle<()>) -> Thread {
        handle.thread().clone()
    }

    /// Starts a thread. The name has no NUL byte in it; `stack_size` in bytes. `None` leaves it without a name, and
    /// the stack to the system.
    pub(crate) fn spawn(
        name: Option<String>,
        stack_size: Option<usize>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let mut builder = thread::Builder::new();
        if let Some(name) = name {
            builder = builder.name(name);
        }
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(body)
    }

    /// Whether the system is through with the thread.
    pub(crate) fn has_ended(handle: &JoinHandle<()>) -> bool {
        handle.is_finished()
    }

    /// The processors that threads may be bound to; `None` where the system has no such thing.
    #[cfg(target_os = "linux")]
    pub(crate) fn bindable_cpus() -> Option<Vec<usize>> {
        // SAFETY: a set of bits, for which all zeros is the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        let size = std::mem::size_of_val(&set);
        // SAFETY: the set is ours to write, and as long as we say.
        if unsafe { libc::sched_getaffinity(0, size, &raw mut set) } != 0 {
            return None;
        }
        let most = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
        // SAFETY: numbers below the size of the set.
        let allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &set) };
        Some((0..most).filter(allowed).collect())
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn bindable_cpus() -> Option<Vec<usize>> {
        None
    }

    /// Binds the calling thread to a processor. Should it have gone since it was [listed](bindable_cpus), the thread
    /// runs where the system has it run.
    #[cfg(target_os = "linux")]
    pub(crate) fn bind_to_cpu(cpu: usize) {
        // SAFETY: a set of bits, for which all zeros is the empty set.
        let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the number was listed, so it is below the size of the set.
        unsafe { libc::CPU_SET(cpu, &mut set) };
        let size = std::mem::size_of_val(&set);
        // SAFETY: the set is as long as we say.
        unsafe { libc::sched_setaffinity(0, size, &raw const set) };
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn bind_to_cpu(_cpu: usize) {}
}

/// How many threads can run at the same instant; at least 1. Read once: affinity and quota are
/// taken as they were then.
pub(crate) fn cpus() -> usize {
    static CPUS: OnceLock<usize> = OnceLock::new();
    *CPUS.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
}

/// A cheap random number, not for secrets: xorshift (Marsaglia 2003), seeded by the address of
/// its own thread-local cell and the hasher keys of the process.
pub(crate) fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    std::thread_local! {
        static STATE: Cell<u32> = Cell::new(RandomState::new().hash_one(0u8) as u32 | 1);
    }
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        state.set(x);
        x
    })
}
