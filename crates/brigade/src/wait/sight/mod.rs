//! Sight: who holds what, and who therefore waits for ever.
//!
//! With the cargo feature `sight` every mutex and read-write lock notes who has it and since which line; without it
//! the types of this module have no size, and what they do is nothing. Both are chosen here and nowhere else.
//!
//! It watches, and takes part in nothing: no lock is given and no wake-up sent because of it.

mod deadlock;
#[cfg(not(feature = "sight"))]
#[path = "blind.rs"]
mod owner;
#[cfg(feature = "sight")]
mod owner;
#[cfg(feature = "sight")]
mod watch;

pub use deadlock::{Deadlock, Stuck, on_deadlock};
pub use owner::Holder;
pub(crate) use owner::{Held, Owners, Polling, Site};
pub(super) use owner::{Holding, noticed};
