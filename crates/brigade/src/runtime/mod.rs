//! A runtime that is not ours, and may be around the caller: that of tokio, or none in a build without it.
//!
//! Chosen here and nowhere else, by the cargo feature `tokio`. It does not know what runs there.

#[cfg(not(feature = "tokio"))]
mod absent;
#[cfg(feature = "tokio")]
mod ambient;

#[cfg(not(feature = "tokio"))]
pub(crate) use absent::{Running, Runtime};
#[cfg(feature = "tokio")]
pub(crate) use ambient::{Running, Runtime};
