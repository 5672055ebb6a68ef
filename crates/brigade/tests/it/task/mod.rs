//! Tasks of their own and in groups, on runtimes of several workers and of the calling thread, on pools, and on neither.
//!
//! - `group`: who is cancelled by whom, what the group tells, what is freed.
//! - `home`: which of them runs a task.
//! - `cleaning`: what a child may still do when it is cancelled, and what is dropped.
//! - `local`: children that borrow, in one task; two futures in one.
//! - `results`: results as they come and in order, and bounds.
//! - `spawn`: tasks of their own. `time`: sleep, deadlines and races, without a runtime.

mod cleaning;
mod group;
mod home;
mod local;
mod results;
mod spawn;
mod time;

use brigade::pool::Pool;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::runtime::{Builder, Runtime};

fn workers() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime of two workers")
}

fn alone() -> Runtime {
    Builder::new_current_thread()
        .build()
        .expect("a runtime of this thread")
}

/// Runs what `make` makes wherever tasks can run.
fn on_each<F: Future<Output = ()> + Send + 'static>(make: impl Fn() -> F) {
    workers().block_on(make());
    alone().block_on(make());
    for threads in [1, 2] {
        let pool = Pool::new(threads);
        pool.spawn(make()).join().unwrap();
        pool.block_on(make());
    }
    // On the pool of the program.
    futures::executor::block_on(make());
}

/// Counts those that are alive.
#[derive(Clone, Default)]
struct Census(Arc<AtomicUsize>);

struct Alive(Census);

impl Census {
    fn enter(&self) -> Alive {
        self.0.fetch_add(1, SeqCst);
        Alive(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// Has the compiler see that it is `Send`.
fn send<T: Send>(value: T) -> T {
    value
}
