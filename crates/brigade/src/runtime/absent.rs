//! There is no runtime in this build.

use std::convert::Infallible;
use std::future::Future;

/// None that could be.
#[derive(Debug)]
pub(crate) enum Runtime {}

impl Clone for Runtime {
    fn clone(&self) -> Self {
        match *self {}
    }
}

/// No task that could run. A field that others cannot see: they use it as if it could, and are not warned.
pub(crate) struct Running(Infallible);

impl Runtime {
    #[inline]
    pub(crate) fn current() -> Option<Self> {
        None
    }

    pub(crate) fn is(&self, _other: &Self) -> bool {
        match *self {}
    }

    pub(crate) fn within<R>(&self, _body: impl FnOnce() -> R) -> R {
        match *self {}
    }

    pub(crate) fn has_several_threads(&self) -> bool {
        match *self {}
    }

    pub(crate) fn spawn(&self, _future: impl Future<Output = ()> + Send + 'static) -> Running {
        match *self {}
    }
}

impl Running {
    pub(crate) fn abort(&self) {
        match self.0 {}
    }
}
