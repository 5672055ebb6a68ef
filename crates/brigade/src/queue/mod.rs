//! Lock-free containers: a ring with a bound, a list of blocks without, a ring without room of its own and several
//! rings in one order, all for any number of threads; and a ring for one sender and one receiver.
//!
//! They never sleep and wake nobody. What they offer to those who do is one promise: an end of the
//! queue moves by read-modify-writes only, which acquire and release. Whoever is about to sleep does
//! such an operation too (`look_for_room`, `look_for_values`) and so either sees the move or is seen by the mover;
//! `wait/README.md` builds on that.
//!
//! Taking a place and filling it are two steps. Between them the place is taken and not ready:
//! `Busy`. The mover is a few instructions from done, so the caller looks again soon.

mod backoff;
mod blocks;
mod lanes;
#[cfg(all(test, brigade_loom))]
mod model;
mod rendezvous;
mod ring;
mod spsc;

pub(crate) use backoff::Backoff;
pub(crate) use blocks::{Blocks, FoundInBlock};
pub(crate) use lanes::Lanes;
pub(crate) use rendezvous::Rendezvous;
pub(crate) use ring::{Found, Ring};
pub(crate) use spsc::Spsc;

/// Lets `fill` copy the value out, and forgets it. A large value is moved by one copy so, while `take` would make
/// two of it.
///
/// # Panics
///
/// If `value` is `None`.
///
/// # Safety
///
/// `fill` makes the value its own, and does not panic.
#[inline]
unsafe fn move_out<T>(value: &mut Option<T>, fill: impl FnOnce(*const T)) {
    let inner: *const T = value.as_ref().expect("there is a value to push");
    fill(inner);
    // SAFETY: a place of the caller's; what was there has been moved out, by the contract, and is not dropped.
    unsafe { std::ptr::write(value, None) };
}

/// Why a value could not be put in. The value stays with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// As many values as the bound allows are in.
    Full,
    /// No more values are taken.
    Closed,
    /// The next place is about to become free.
    Busy,
}

/// Why no value came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PopError {
    /// Nothing is in.
    Empty,
    /// Nothing is in, and nothing will be.
    Closed,
    /// The next value is about to be there.
    Busy,
}
