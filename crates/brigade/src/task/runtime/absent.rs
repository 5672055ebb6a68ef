//! There is no runtime in this build.

use std::future::Future;
use std::io;

/// None that could be.
#[derive(Debug)]
pub(in crate::task) enum Runtime {}

impl Clone for Runtime {
    fn clone(&self) -> Self {
        match *self {}
    }
}

/// No task that could run.
pub(in crate::task) enum Running {}

impl Runtime {
    pub(in crate::task) fn current() -> Option<Self> {
        None
    }

    pub(in crate::task) fn missing() -> io::Error {
        io::Error::other(
            "this build has no runtime for tasks; switch on the cargo feature `tokio` of brigade",
        )
    }

    pub(in crate::task) fn spawn(
        &self,
        _future: impl Future<Output = ()> + Send + 'static,
    ) -> Running {
        match *self {}
    }

    pub(in crate::task) fn start(&self, _future: impl Future<Output = ()> + Send + 'static) {
        match *self {}
    }
}

impl Running {
    pub(in crate::task) fn abort(&self) {
        match *self {}
    }
}
