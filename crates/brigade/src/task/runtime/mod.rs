//! The runtime that tasks are started on: that of tokio around the caller, or none in a build without it.
//!
//! Chosen here and nowhere else, by the cargo feature `tokio`. It does not know what runs there.

#[cfg(not(feature = "tokio"))]
mod absent;
#[cfg(feature = "tokio")]
mod ambient;

#[cfg(not(feature = "tokio"))]
pub(super) use absent::{Running, Runtime};
#[cfg(feature = "tokio")]
pub(super) use ambient::{Running, Runtime};
