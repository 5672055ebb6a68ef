//! Ours: tasks on a pool; groups of tasks, what they return as it comes, and what they take.

use super::{OURS, Peer, tokio_task};
use crate::group::{self, Grouping, Groups, Taken, result};
use crate::memory::{Parked, Parks, THREADS};
use crate::pool::answer;
use crate::spawn::{self, Spawning, Spawns};
use brigade::pool::{Pool, Spawned};
use brigade::task;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

pub(super) const GROUP: Peer<Grouping> = Peer {
    name: OURS,
    work: |grouping| Ok(group::work::<Group>(grouping)),
};

pub(super) const SPAWN: Peer<Spawning> = Peer {
    name: OURS,
    work: |spawning| Ok(spawn::work::<Arc<Pool>>(spawning)),
};

struct Group;

impl Groups for Group {
    async fn group(tasks: usize) -> Taken {
        let taken = task::group(async |group| {
            let mut results = group.results();
            for number in 0..tasks {
                results.spawn(async move { Ok(result(number)) }).await;
            }
            let (mut count, mut sum) = (0, 0);
            while let Some(Ok(result)) = results.next().await {
                count += 1;
                sum += result;
            }
            Ok::<_, Infallible>((count, sum))
        });
        taken.await.expect("no task fails")
    }
}

impl Spawns for Arc<Pool> {
    type Inside = Self;

    fn start(workers: usize) -> Self {
        Self::new(Pool::new(workers))
    }

    fn inside(&self) -> Self {
        Self::clone(self)
    }

    fn run<T: Send + 'static>(
        &self,
        tasks: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let tasks: Vec<Spawned<T>> = tasks.into_iter().map(|task| self.spawn(task)).collect();
        let results = tasks.into_iter().map(Spawned::join);
        results
            .map(|result| result.expect("the task does not panic"))
            .collect()
    }

    async fn one_by_one(pool: Self, questions: Range<usize>) -> Vec<usize> {
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let task = pool.spawn(async move { answer(question) });
            answers.push(task.await.expect("the task does not panic"));
        }
        answers
    }

    async fn many(pool: Self, questions: Range<usize>) -> Vec<usize> {
        let spawn = |question| pool.spawn(async move { answer(question) });
        let tasks: Vec<Spawned<usize>> = questions.map(spawn).collect();
        let mut answers = Vec::with_capacity(tasks.len());
        for task in tasks {
            answers.push(task.await.expect("the task does not panic"));
        }
        answers
    }

    fn give_way() -> impl Future<Output = ()> + Send + 'static {
        spawn::give_way()
    }
}

pub(super) struct GroupOnTokio;

impl Parks for GroupOnTokio {
    const NAME: &'static str = "brigade group on tokio";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        tokio_task::runtime(THREADS).block_on(park(body));
    }
}

pub(super) struct GroupOnPool;

impl Parks for GroupOnPool {
    const NAME: &'static str = "brigade group";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        Pool::new(THREADS).block_on(park(body));
    }
}

/// A group in which `body` spawns.
async fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>))) {
    let group = task::group(async |group| {
        body(&|parked| {
            let child = group.try_spawn(parked.returning::<Result<(), Infallible>>());
            drop(child.expect("the group has no bound"));
        });
        Ok::<_, Infallible>(())
    });
    group.await.expect("no task fails");
}
