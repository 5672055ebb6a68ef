//! The facade over everything the machine provides: atomics, cells, parking, clock, threads, randomness.
//!
//! Two back ends with one surface: [`os`] for real programs and [`loom`] for the model checker,
//! chosen here and nowhere else by the cfg `brigade_loom`. Call sites carry no cfg. What differs
//! between the back ends is absorbed here:
//!
//! - cells are used through `with` and `with_mut` only, so that loom sees each access;
//! - constructors that are `const` in real programs go through [`const_new!`], because loom's are not;
//! - loom has no time: there the clock stands still, a wait with a deadline may end at once, and so a
//!   model sees the earliest timeout in every interleaving, and tasks with deadlines are not modelled.
//!
//! This module does not know what anything is used for. It never decides to wait; [`crate::wait`] does.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is the one module that names what the facade hides"
)]

#[cfg(not(brigade_loom))]
mod os;
#[cfg(not(brigade_loom))]
mod parker;
#[cfg(not(brigade_loom))]
pub(crate) use os::*;

#[cfg(brigade_loom)]
mod loom;
#[cfg(brigade_loom)]
pub(crate) use self::loom::*;

mod panic;
mod plain;
pub(crate) use panic::discard_panic;
pub(crate) use plain::{Lock, PlainAtomicU8, PlainAtomicUsize, PlainUnsafeCell};

pub(crate) use std::sync::Arc as StdArc;
pub(crate) use std::sync::atomic::Ordering;
