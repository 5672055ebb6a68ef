//! tokio: tasks that spawn tasks, its set of tasks that are joined as they end, and what a task takes.

use super::Peer;
use crate::group::{self, Grouping, Groups, Taken, result};
use crate::memory::{Parked, Parks, THREADS};
use crate::pool::answer;
use crate::spawn::{self, Spawning, Spawns};
use std::ops::Range;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet, yield_now};

pub(super) const GROUP: Peer<Grouping> = Peer {
    name: "tokio JoinSet",
    work: |grouping| Ok(group::work::<Set>(grouping)),
};

pub(super) const SPAWN: Peer<Spawning> = Peer {
    name: "tokio",
    work: |spawning| Ok(spawn::work::<Runtime>(spawning)),
};

struct Set;

impl Groups for Set {
    async fn group(tasks: usize) -> Taken {
        let mut set = JoinSet::new();
        for number in 0..tasks {
            set.spawn(async move { result(number) });
        }
        let (mut count, mut sum) = (0, 0);
        while let Some(joined) = set.join_next().await {
            count += 1;
            sum += joined.expect("the task does not panic");
        }
        (count, sum)
    }
}

impl Spawns for Runtime {
    type Inside = ();

    fn start(workers: usize) -> Self {
        runtime(workers)
    }

    fn inside(&self) {}

    fn run<T: Send + 'static>(
        &self,
        tasks: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks: Vec<JoinHandle<T>> = tasks.into_iter().map(|task| self.spawn(task)).collect();
        let results = tasks.into_iter().map(|task| self.block_on(task));
        results
            .map(|result| result.expect("the task does not panic"))
            .collect()
    }

    async fn one_by_one((): (), questions: Range<usize>) -> Vec<usize> {
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let task = tokio::spawn(async move { answer(question) });
            answers.push(task.await.expect("the task does not panic"));
        }
        answers
    }

    async fn many((): (), questions: Range<usize>) -> Vec<usize> {
        let spawn = |question| tokio::spawn(async move { answer(question) });
        let tasks: Vec<JoinHandle<usize>> = questions.map(spawn).collect();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            answers.push(task.await.expect("the task does not panic"));
        }
        answers
    }

    fn give_way() -> impl Future<Output = ()> + Send + 'static {
        yield_now()
    }
}

pub(super) struct Spawn;

impl Parks for Spawn {
    const NAME: &'static str = "tokio";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        let runtime = runtime(THREADS);
        body(&|task| drop(runtime.spawn(task)));
    }
}

pub(super) fn runtime(workers: usize) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(workers).build();
    runtime.expect("the system gives a process its first threads")
}
