//! The ambient runtime: the only file that names tokio.
//!
//! It does not know what runs there.

use std::future::Future;
use std::io;

/// A runtime that tasks can be started on.
#[derive(Clone, Debug)]
pub(super) struct Runtime(tokio::runtime::Handle);

/// What ends a task from outside: dropped at its next await.
pub(super) type Running = tokio::task::JoinHandle<()>;

impl Runtime {
    /// The one around the caller.
    pub(super) fn current() -> io::Result<Self> {
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => Ok(Self(handle)),
            Err(_) => Err(io::Error::other(
                "there is no tokio runtime here; call it inside of one, as under `#[tokio::main]` or in \
                 `Runtime::block_on`",
            )),
        }
    }

    /// Starts a task. If the runtime is ending, the future is dropped.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Running {
        self.0.spawn(future)
    }
}
