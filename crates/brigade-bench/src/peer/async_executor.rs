//! async-executor: tasks on an executor that threads run, and that has none of its own.

use crate::memory::{Parked, Parks, THREADS};
use async_executor::Executor;
use futures::executor::block_on;
use std::future::pending;
use std::thread;

pub(super) struct AsyncExecutor;

impl Parks for AsyncExecutor {
    const NAME: &'static str = "async-executor";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        static EXECUTOR: Executor<'_> = Executor::new();
        for _ in 0..THREADS {
            thread::spawn(|| block_on(EXECUTOR.run(pending::<()>())));
        }
        body(&|task| EXECUTOR.spawn(task).detach());
    }
}
