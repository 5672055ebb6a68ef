//! The runtime is tokio's: the only file that names it, but for the one in `pool` that takes it from the application.

use std::future::Future;
use tokio::runtime::RuntimeFlavor;

/// A runtime that tasks can be started on.
#[derive(Clone, Debug)]
pub(crate) struct Runtime(tokio::runtime::Handle);

/// A task that was started. Dropping it lets the task go on.
pub(crate) struct Running(tokio::task::JoinHandle<()>);

impl Runtime {
    pub(crate) fn of(handle: tokio::runtime::Handle) -> Self {
        Self(handle)
    }

    /// The one around the caller.
    pub(crate) fn current() -> Option<Self> {
        tokio::runtime::Handle::try_current().ok().map(Self)
    }

    /// Whether both are the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }

    /// Runs `body` with this one around it.
    pub(crate) fn within<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = self.0.enter();
        body()
    }

    /// Whether several threads run its tasks.
    pub(crate) fn has_several_threads(&self) -> bool {
        self.0.runtime_flavor() != RuntimeFlavor::CurrentThread
    }

    /// Starts a task. If the runtime is ending, the future is dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Running {
        Running(self.0.spawn(future))
    }
}

impl Running {
    /// Has it dropped at its next await.
    pub(crate) fn abort(&self) {
        self.0.abort();
    }
}
