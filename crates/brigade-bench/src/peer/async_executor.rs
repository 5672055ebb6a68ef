//! async-executor: tasks on an executor that threads run, and that has none of its own.

use super::Peer;
use crate::memory::{Parked, Parks, THREADS};
use crate::pool::answer;
use crate::spawn::{self, Spawning, Spawns};
use async_channel::Sender;
use async_executor::{Executor, Task};
use futures::executor::block_on;
use std::future::pending;
use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub(super) const SPAWN: Peer<Spawning> = Peer {
    name: AsyncExecutor::NAME,
    work: |spawning| Ok(spawn::work::<Threads>(spawning)),
};

/// An executor, and the threads that run it until this is dropped.
struct Threads {
    executor: Arc<Executor<'static>>,
    running: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.running = None;
        for thread in self.threads.drain(..) {
            thread.join().expect("the thread does not panic");
        }
    }
}

impl Spawns for Threads {
    type Inside = Arc<Executor<'static>>;

    fn start(workers: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (running, stopped) = async_channel::bounded::<()>(1);
        let threads = (0..workers).map(|_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || {
                let closed = block_on(executor.run(stopped.recv()));
                closed.expect_err("nothing is sent");
            })
        });
        Self {
            threads: threads.collect(),
            running: Some(running),
            executor,
        }
    }

    fn inside(&self) -> Self::Inside {
        Arc::clone(&self.executor)
    }

    fn run<T: Send + 'static>(
        &self,
        tasks: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let spawn = |task| self.executor.spawn(task);
        let tasks: Vec<Task<T>> = tasks.into_iter().map(spawn).collect();
        tasks.into_iter().map(block_on).collect()
    }

    async fn one_by_one(executor: Self::Inside, questions: Range<usize>) -> Vec<usize> {
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            answers.push(executor.spawn(async move { answer(question) }).await);
        }
        answers
    }

    async fn many(executor: Self::Inside, questions: Range<usize>) -> Vec<usize> {
        let spawn = |question| executor.spawn(async move { answer(question) });
        let tasks: Vec<Task<usize>> = questions.map(spawn).collect();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            answers.push(task.await);
        }
        answers
    }

    fn give_way() -> impl Future<Output = ()> + Send + 'static {
        spawn::give_way()
    }
}

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
