//! Shared state: locks, gates and counters that threads and tasks wait for in the same queue.
//!
//! | | waits until |
//! |---|---|
//! | [`Barrier`] | as many have arrived as it was made for, again and again |
//! | [`WaitGroup`] | every other handle has been dropped |
//! | [`Latch`] | it has been counted down to zero |
//! | [`Event`] | it is set |
//! | [`Once`], [`OnceCell`], [`Lazy`] | somebody has done it, once |
//!
//! This module does not know how anybody sleeps (`wait`), and knows no channel.

mod barrier;
mod error;
mod event;
mod gate;
mod latch;
#[cfg(all(test, brigade_loom))]
mod model;
mod once;
mod round;
mod wait_group;

pub use barrier::{Barrier, BarrierWaitResult};
pub use error::{CountDownError, SetError, WaitTimeoutError};
pub use event::Event;
pub use latch::Latch;
pub use once::{Lazy, Once, OnceCell};
pub use wait_group::WaitGroup;
