//! How histories are made: who calls what when, and what comes back.
//!
//! All threads of an execution are coroutines on one thread of the system, so a time is the number of what was noted
//! before, and noting it lets nobody else in. Does not know what is recorded.

use crate::linear::{Operation, Sequential, explain};
use std::cell::Cell;
use std::sync::{Arc, PoisonError};

#[expect(
    clippy::disallowed_types,
    reason = "nobody ever waits for it, and a scheduling point here would add nothing"
)]
type Lock<T> = std::sync::Mutex<T>;

type Done<S> = Vec<Operation<<S as Sequential>::Call, <S as Sequential>::Return>>;

/// The history of one object.
pub(crate) struct History<S: Sequential> {
    done: Arc<Lock<Done<S>>>,
}

impl<S: Sequential> Clone for History<S> {
    fn clone(&self) -> Self {
        Self {
            done: Arc::clone(&self.done),
        }
    }
}

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

/// A time that is later than all before.
pub(crate) fn now() -> u64 {
    NOW.set(NOW.get() + 1);
    NOW.get()
}

impl<S: Sequential> History<S> {
    pub(crate) fn new() -> Self {
        Self {
            done: Arc::default(),
        }
    }

    /// Calls `body`, and notes what it returns. The second part of what it returns is for the caller.
    pub(crate) fn calls<T>(&self, call: S::Call, body: impl FnOnce() -> (S::Return, T)) -> T {
        let called = now();
        let (returned, rest) = body();
        self.note(called, call, returned);
        rest
    }

    /// Notes what was called at that time and returns now.
    pub(crate) fn note(&self, called: u64, call: S::Call, returned: S::Return) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push(Operation {
            called,
            returned_at: now(),
            call,
            returned,
        });
    }

    /// Notes something that happens at this very moment.
    pub(crate) fn notes(&self, call: S::Call, returned: S::Return) {
        self.note(now(), call, returned);
    }

    /// Whether there is an order in which all this is what the specification allows.
    pub(crate) fn is_explained(&self, start: S) -> bool {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        explain(start, &done).is_some()
    }

    /// Fails unless there is one.
    #[track_caller]
    pub(crate) fn explained(&self, start: S) {
        if !self.is_explained(start.clone()) {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.sort_by_key(|operation| operation.called);
            let lines: Vec<_> = done
                .iter()
                .map(|operation| format!("{operation:?}"))
                .collect();
            panic!("from {start:?} no order explains\n{}", lines.join("\n"));
        }
    }
}
