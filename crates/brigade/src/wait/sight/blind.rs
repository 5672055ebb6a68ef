//! Without the feature `sight`: the same as `owner.rs`, and nothing in it.

use crate::prim::const_new;
use std::panic::Location;
use std::task::Context;

/// Who has a lock. See [`Waiter::held_by`](crate::wait::Waiter::held_by).
///
/// Without the cargo feature `sight` there is none.
#[derive(Clone, Debug)]
pub enum Holder {}

impl Holder {
    /// The line of the program that has locked.
    #[must_use]
    pub fn site(&self) -> &'static Location<'static> {
        match *self {}
    }

    /// Whether it is a task; else it is a thread.
    #[must_use]
    pub fn is_task(&self) -> bool {
        match *self {}
    }
}

/// Where something was locked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site;

impl From<&'static Location<'static>> for Site {
    #[inline(always)]
    fn from(_: &'static Location<'static>) -> Self {
        Self
    }
}

impl Site {
    /// For one who does not wait for ever.
    #[inline(always)]
    pub(crate) fn passing(self) -> Self {
        self
    }

    /// For one who shares a lock already, and is not held up by who waits to have it alone.
    #[inline(always)]
    pub(crate) fn again(self) -> Self {
        self
    }

    /// For one who has the lock upgradable, and wants it alone.
    #[inline(always)]
    pub(crate) fn upgrading(self) -> Self {
        self
    }
}

/// A thread or a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner;

impl Owner {
    /// This thread, or the task that is being polled on it.
    #[inline(always)]
    pub(crate) fn this() -> Self {
        Self
    }
}

/// Where it is noted that somebody has a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat;

/// Who has a lock: one alone, and up to `N - 1` who share it.
#[derive(Debug)]
pub(crate) struct Owners<const N: usize>;

impl<const N: usize> Owners<N> {
    const_new! {
        pub(crate) fn new() -> Self {
            Self
        }
    }

    #[inline(always)]
    pub(crate) fn take(&self, _: Site) {}

    #[inline(always)]
    pub(crate) fn lock(&self, _: Owner, _: Site) -> Seat {
        Seat
    }

    #[inline(always)]
    pub(crate) fn lock_upgradable(&self, _: Owner, _: Site) -> Seat {
        Seat
    }

    #[inline(always)]
    pub(crate) fn lock_shared(&self, _: Owner, _: Site) -> Seat {
        Seat
    }

    #[inline(always)]
    pub(crate) fn release(&self) {}

    #[inline(always)]
    pub(crate) fn leave_thread(&self) {}

    #[inline(always)]
    pub(crate) fn leave(&self, _: Seat) {}

    #[inline(always)]
    pub(crate) fn exchange(&self) -> Owner {
        Owner
    }

    pub(crate) fn held(&self) -> Held {
        Held::nobody()
    }

    pub(crate) fn held_to_read(&self) -> Held {
        Held::nobody()
    }

    pub(crate) fn held_by_readers(&self) -> Held {
        Held::nobody()
    }
}

/// By whom something is held that is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held;

impl Held {
    pub(crate) fn nobody() -> Self {
        Self
    }
}

/// The same, as part of a record of a wait.
#[derive(Clone, Debug)]
pub(in crate::wait) struct Holding;

impl Holding {
    pub(in crate::wait) fn of(_: Held, _: bool) -> Self {
        Self
    }

    pub(in crate::wait) fn holders(&self) -> Vec<Holder> {
        Vec::new()
    }
}

/// A wait has been listed.
#[inline(always)]
pub(in crate::wait) fn noticed(_: Held) {}

/// A task is being polled, until this is dropped.
pub(crate) struct Polling;

impl Polling {
    #[inline(always)]
    pub(crate) fn of(_: &Context<'_>) -> Self {
        Self
    }
}
