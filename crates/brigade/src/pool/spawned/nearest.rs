//! The pool that is nearest to the calling thread, for tasks of which the application has not said where they run.
//!
//! A worker is in its pool for as long as it lives; who is in `block_on` of a pool is in that one meanwhile, worker or not.
//! A runtime of somebody else may be around the caller as well. Which of the two is nearer, the runtime does not tell; but
//! if the same one was there when the caller came into the pool, it is not. So that is noted on the way in. Who then enters a
//! second runtime inside is in that. Who enters the same one once more is still taken to be in the pool.
//!
//! It does not know what is started.

use super::{Cell, Spawned};
use crate::pool::Pool;
use crate::pool::worker::Crew;
use crate::prim::{Arc, thread_local};
use crate::runtime::Runtime;
use std::cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::Location;
use std::ptr;

/// Where `block_on` is that this thread is in: borrowed from a frame that is still on its stack, or null.
type Blocked = *const Around;

struct Around {
    crew: Arc<Crew>,
    /// What was around this.
    runtime: Option<Runtime>,
}

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's has no const form")]
    static BLOCKED_ON: cell::Cell<Blocked> = cell::Cell::new(ptr::null());
}

/// Puts back what was there, also when unwinding.
struct Restore(Blocked);

impl Drop for Restore {
    fn drop(&mut self) {
        BLOCKED_ON.with(|blocked_on| blocked_on.set(self.0));
    }
}

/// Runs `body`, which is in the runtime of the pool already, as that of a `block_on`.
pub(super) fn while_blocked_on<R>(crew: &Arc<Crew>, body: impl FnOnce() -> R) -> R {
    let around = Around {
        crew: Arc::clone(crew),
        runtime: Runtime::current(),
    };
    let _restore = Restore(BLOCKED_ON.with(|blocked_on| blocked_on.replace(&raw const around)));
    body()
}

/// A pool that tasks can be started on, for as long as it is not shut down.
#[derive(Clone)]
pub(crate) struct Nearest(Arc<Crew>);

impl Nearest {
    /// The pool around the caller, who is in this runtime as well, unless that is nearer.
    #[inline]
    pub(crate) fn pool(runtime: Option<&Runtime>) -> Option<Self> {
        // Whether the pool is nearer, if this was around it.
        let is_nearer = |outer: Option<&Runtime>| match (runtime, outer) {
            (None, _) => true,
            (Some(runtime), Some(outer)) => runtime.is(outer),
            (Some(_), None) => false,
        };
        let blocked_on = BLOCKED_ON.try_with(cell::Cell::get).unwrap_or(ptr::null());
        // SAFETY: null, or what a frame of `while_blocked_on` below has, which takes it away before it ends.
        if let Some(around) = unsafe { blocked_on.as_ref() } {
            let around_it = around.runtime.as_ref();
            return is_nearer(around_it).then(|| Self(Arc::clone(&around.crew)));
        }
        Crew::of_this_thread(|crew| {
            let (crew, _) = crew?;
            let around_it = crew.description().runtime.as_ref();
            is_nearer(around_it).then(|| Self(Arc::clone(crew)))
        })
    }

    /// This one.
    #[cfg(all(test, brigade_loom))]
    pub(in crate::pool) fn of(crew: &Arc<Crew>) -> Self {
        Self(Arc::clone(crew))
    }

    /// The pool of the program.
    ///
    /// # Errors
    ///
    /// If the system refuses its threads.
    pub(crate) fn global() -> io::Result<Self> {
        match Pool::try_global() {
            Ok(pool) => Ok(Self(Arc::clone(&pool.crew))),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Starts a task. If the pool has been shut down, the future is dropped.
    pub(crate) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
        site: &'static Location<'static>,
    ) -> Spawned<()> {
        Cell::spawn(future, &self.0, site)
    }
}

impl fmt::Debug for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nearest { .. }")
    }
}
