//! What is done once: a call, the initialisation of a cell, a value that is made when it is first wanted.
//!
//! `shared.rs` has the states and the waits, for all three. This folder does not know what is initialised.

mod call;
mod cell;
mod lazy;
#[cfg(all(test, brigade_loom))]
mod model;
mod shared;

pub use call::Once;
pub use cell::OnceCell;
pub use lazy::Lazy;
