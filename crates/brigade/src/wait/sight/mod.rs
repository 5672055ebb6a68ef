//! Sight: who holds what, and who therefore waits for ever.
//!
//! With the cargo feature `sight` every mutex and read-write lock notes who has it and since which line; without it
//! the types of this module have no size, and what they do is nothing. Both are chosen here and nowhere else.
//!
//! In builds with debug assertions it notes as well in which order they are taken, and says which orders could lead
//! to a deadlock.
//!
//! It watches, and takes part in nothing: no lock is given and no wake-up sent because of it.

mod deadlock;
#[cfg(feature = "sight")]
mod graph;
#[cfg(feature = "sight")]
mod order;
#[cfg(not(feature = "sight"))]
#[path = "blind.rs"]
mod owner;
#[cfg(feature = "sight")]
mod owner;
mod potential;
#[cfg(feature = "sight")]
mod watch;

pub use deadlock::{Deadlock, Stuck, on_deadlock};
pub use owner::Holder;
pub(crate) use owner::{Held, Owner, Owners, Polling, Seat, Site};
pub(super) use owner::{Holding, noticed};
pub use potential::{Nested, PotentialDeadlock, on_potential_deadlock};
