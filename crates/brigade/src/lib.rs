//! Safe concurrency for Rust, whole.

pub mod channel;
pub mod pool;
mod prim;
mod queue;
pub mod wait;
