//! Whole programs under random schedules, and histories that must have an explanation in some order.
//!
//! With the cfg `brigade_shuttle` the library runs on shuttle (`prim/shuttle.rs`): a seed decides at every atomic,
//! cell, sleep and wake who goes on. A deadlock, a panic and a value that is missing or there twice are failures, and
//! each says how to run the same schedule again. `cargo xtask schedules` runs these tests; without the cfg there are
//! only those of the checker itself.
//!
//! - `explore`: how many schedules, from which seed, and the same one again.
//! - `actors`: threads, tasks, and futures that are given up.
//! - `channel`, `select`, `sync`, `pool`, `nested`, `pipeline`: programs in which everything is counted.
//! - `linear`: the checker of histories, and its own tests. `record`: how histories are made.
//! - `histories`: what operations promise as if each were done at one moment, and where they promise less.

#![forbid(unsafe_code)]

#[cfg(brigade_shuttle)]
mod actors;
#[cfg(brigade_shuttle)]
mod channel;
#[cfg(brigade_shuttle)]
mod explore;
#[cfg(brigade_shuttle)]
mod histories;
mod linear;
#[cfg(brigade_shuttle)]
mod nested;
#[cfg(brigade_shuttle)]
mod pipeline;
#[cfg(brigade_shuttle)]
mod pool;
#[cfg(brigade_shuttle)]
mod record;
#[cfg(brigade_shuttle)]
mod select;
#[cfg(brigade_shuttle)]
mod sync;
