//! The library as its users see it.
//!
//! - `channel`: one suite, the same test names over every capacity and every mix of threads and tasks.
//! - `oneshot`: one value, between every mix of threads and tasks.
//! - `batch`: many values in one call.
//! - `permit`: room that is reserved, and room that is made by force.
//! - `rendezvous`: channels without room.
//! - `broadcast`: every value to every receiver, and what becomes of those who are slow.
//! - `spsc`: the channel of one sender and one receiver.
//! - `dropped`: futures dropped at every point.
//! - `cancel`: tokens, and every wait that they end.
//! - `clock`: channels that the clock fills.
//! - `sink`: senders as sinks.
//! - `weak`: handles that do not keep a channel open.
//! - `select`, `select_macro`, `select_future`, `select_kinds`: one of several operations, built and written as cases, on every kind
//!   of channel; `select_wakes`: what becomes of wakes that were in vain.
//! - `watch`: the latest value, closures that panic, futures dropped.
//! - `barrier`: rounds, and arrivals that are taken back.
//! - `latch`: latches and wait groups.
//! - `event`: whom a flag lets through that is set and reset.
//! - `once`: what is done once: by whom, and what becomes of those who fail.
//! - `go`, `std_mpsc`: what the channels of Go and of the standard library are known to do.
//! - `mutex`, `condvar`, `rwlock`, `semaphore`: locks, and what threads and tasks wait for at them.
//! - `counter`: counters and gauges. `read_mostly`: the lock that is mostly read.
//! - `thread`: threads of their own, joined and awaited. `scope`: threads that borrow, and who cancels whom.
//! - `task`: tasks and groups of them, on runtimes of several workers and of one; sleep, deadlines, races.
//! - `pipeline`: source, stages and sink: order, bounds, failures, cancellation.
//! - `policy`: retries and rate limits: what ends the waits for them.
//! - `pool`: jobs, panics, shutdown. `pool_lane`: priorities, full queues, statistics. `pool_size`: how many threads.
//!   `pool_future`: futures that a pool runs. `pool_scope`: jobs that borrow. `pool_map`: iterators. `fork`: two closures at once, spans of items.
//! - `sleep`: what a wait costs: no allocation, no processor.
//! - `stress`: every value counted, pinned to one processor and with many more threads than
//!   processors. `BRIGADE_STRESS_SECONDS` makes it longer.
//! - `auto_traits`: what may cross threads.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests use the standard library's threads, clocks and atomics to check ours"
)]

mod allocations;
mod auto_traits;
mod barrier;
mod batch;
mod broadcast;
mod by_hand;
mod cancel;
mod channel;
mod clock;
mod condvar;
mod counter;
mod dropped;
mod event;
mod fork;
mod go;
mod latch;
mod mutex;
mod once;
mod oneshot;
mod permit;
mod pipeline;
mod policy;
mod pool;
mod pool_future;
mod pool_lane;
mod pool_local;
mod pool_map;
mod pool_scope;
mod pool_size;
mod priority;
mod read_mostly;
mod rendezvous;
mod rwlock;
mod scope;
mod select;
mod select_future;
mod select_kinds;
mod select_macro;
mod select_wakes;
mod semaphore;
mod sides;
mod sink;
mod sleep;
mod spsc;
mod std_mpsc;
mod stress;
mod task;
mod thread;
mod watch;
mod weak;

/// What a lock is larger by, to know who has it.
const SIGHT: usize = if cfg!(feature = "sight") {
    size_of::<usize>()
} else {
    0
};
