//! The ambient runtime is tokio's: the only file that names it.

use std::future::Future;
use std::io;

/// A runtime that tasks can be started on.
#[derive(Clone, Debug)]
pub(in crate::task) struct Runtime(tokio::runtime::Handle);

/// A task that was started. Dropping it lets the task go on.
pub(in crate::task) struct Running(tokio::task::JoinHandle<()>);

impl Runtime {
    /// The one around the caller.
    pub(in crate::task) fn current() -> Option<Self> {
        tokio::runtime::Handle::try_current().ok().map(Self)
    }

    /// What to say when there is none.
    pub(in crate::task) fn missing() -> io::Error {
        io::Error::other(
            "there is no tokio runtime here; call it inside of one, as under `#[tokio::main]` or in \
             `Runtime::block_on`",
        )
    }

    /// Starts a task. If the runtime is ending, the future is dropped.
    pub(in crate::task) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Running {
        Running(self.0.spawn(future))
    }

    /// Starts a task that nobody will stop.
    pub(in crate::task) fn start(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(future));
    }
}

impl Running {
    /// Has it dropped at its next await.
    pub(in crate::task) fn abort(&self) {
        self.0.abort();
    }
}
