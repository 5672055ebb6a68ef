//! Where tasks run of which nobody has said it: on what is nearest to who starts them.
//!
//! That is a runtime of tokio or a pool; and the pool of the program, if neither is around the caller. It does not know what
//! is started there.

use crate::pool::{Nearest, Spawned};
use crate::runtime::{self, Runtime};
use std::future::Future;
use std::io;
use std::panic::Location;

/// Something that tasks can be started on.
#[derive(Clone, Debug)]
pub(super) enum Home {
    Runtime(Runtime),
    Pool(Nearest),
}

/// A task that was started. Dropping it lets the task go on.
pub(super) enum Running {
    Runtime(runtime::Running),
    Pool(Spawned<()>),
}

impl Home {
    /// The nearest one.
    ///
    /// # Errors
    ///
    /// If it would be the pool of the program, and the system refuses its threads.
    pub(super) fn here() -> io::Result<Self> {
        let runtime = Runtime::current();
        match (Nearest::pool(runtime.as_ref()), runtime) {
            (Some(pool), _) => Ok(Self::Pool(pool)),
            (None, Some(runtime)) => Ok(Self::Runtime(runtime)),
            (None, None) => Nearest::global().map(Self::Pool),
        }
    }

    /// Whether it pays to keep the handles of tasks for a while, so that who starts them frees them (`group/latest.rs`).
    /// Not in a pool, whose tasks are allocated in another way: measured.
    pub(super) fn frees_far_away(&self) -> bool {
        match self {
            Self::Runtime(runtime) => runtime.has_several_threads(),
            Self::Pool(_) => false,
        }
    }

    /// Starts a task. If the runtime or the pool has ended, the future is dropped.
    pub(super) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
        site: &'static Location<'static>,
    ) -> Running {
        match self {
            Self::Runtime(runtime) => Running::Runtime(runtime.spawn(future)),
            Self::Pool(pool) => Running::Pool(pool.spawn(future, site)),
        }
    }
}

impl Running {
    /// Has it dropped at its next await.
    pub(super) fn abort(&self) {
        match self {
            Self::Runtime(running) => running.abort(),
            Self::Pool(spawned) => spawned.cancel(),
        }
    }
}
