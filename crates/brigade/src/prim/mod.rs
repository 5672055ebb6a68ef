//! The facade over everything the machine provides: atomics, cells, parking, clock, threads, randomness.
//!
//! Three back ends with one surface: [`os`] for real programs, [`loom`] for the model checker, which tries
//! every interleaving of two or three threads, and [`shuttle`] for random schedules of whole programs. They are
//! chosen here and nowhere else, by the cfgs `brigade_loom` and `brigade_shuttle`. Call sites carry no cfg. What
//! differs between the back ends is absorbed here:
//!
//! - cells are used through `with` and `with_mut` only, so that loom sees each access;
//! - constructors that are `const` in real programs go through [`const_new!`], because loom's are not;
//! - loom has no time: there the clock stands still, a wait with a deadline may end at once, and so a
//!   model sees the earliest timeout in every interleaving, and tasks with deadlines are not modelled. Under
//!   shuttle the time passes when a thread sleeps with a deadline, by chance.
//!
//! This module does not know what anything is used for. It never decides to wait; [`crate::wait`] does.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the one module that names what the facade hides"
)]

#[cfg(all(brigade_loom, brigade_shuttle))]
compile_error!(
    "`brigade_loom` and `brigade_shuttle` are two back ends of one facade: set one of them"
);

#[cfg(not(any(brigade_loom, brigade_shuttle)))]
mod os;
#[cfg(not(any(brigade_loom, brigade_shuttle)))]
mod parker;
#[cfg(not(any(brigade_loom, brigade_shuttle)))]
pub(crate) use os::*;

#[cfg(brigade_loom)]
mod loom;
#[cfg(brigade_loom)]
pub(crate) use self::loom::*;

#[cfg(brigade_shuttle)]
mod shuttle;
#[cfg(brigade_shuttle)]
pub(crate) use self::shuttle::*;

mod panic;
mod plain;
mod spin;
pub(crate) use panic::{discard_panic, panics};
pub(crate) use plain::{
    Lock, PlainAtomicPtr, PlainAtomicU8, PlainAtomicUsize, PlainOnceLock, PlainUnsafeCell,
};
pub(crate) use spin::SpinLock;

pub(crate) use std::sync::Arc as StdArc;
pub(crate) use std::sync::atomic::Ordering;
