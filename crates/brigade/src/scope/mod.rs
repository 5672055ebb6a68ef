//! What every scope shares: how a child fails, what that does to the others, and what is told in the end.
//!
//! A scope is a piece of a program that ends only when everything that was started in it has ended. What is
//! started in one is a child: a thread in [`thread::scope`](crate::thread::scope), a job in a
//! [`Pool::scope`](crate::pool::Pool::scope), a task in a
//! [`task::group`](crate::task::group).
//! Whatever the children are, they fail in the same ways ([`Failure`]), by the same policies ([`OnError`]), and the
//! scope tells of it with the same error ([`ScopeError`]): the failure that came first, and the rest beside it.
//! [`Options`] describes any of them.
//!
//! Inside, a `Ledger` counts the children and keeps their failures. It does not know what a child is, and has no
//! way to wait of its own: whoever waits for the last child does so through [`wait`](crate::wait).

mod cell;
mod conduct;
mod error;
mod ledger;
#[cfg(all(test, brigade_loom))]
mod model;
mod options;
mod panic;
mod race;

pub(crate) use cell::{Cell, Joining, Runner};
pub(crate) use conduct::{Outcome, conduct, go_on_panicking, live, settled};
pub use error::{Failure, OnError, ScopeError};
pub(crate) use ledger::{Entrance, Entry, Ledger, Member, NobodyLeft, Whose};
pub use options::Options;
pub use panic::Panic;
pub use race::RaceError;
