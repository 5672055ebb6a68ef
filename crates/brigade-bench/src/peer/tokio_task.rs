//! tokio: its set of tasks that are joined as they end, and what a task takes.

use super::Peer;
use crate::group::{self, Grouping, Groups, Taken, result};
use crate::memory::{Parked, Parks, THREADS};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

pub(super) const GROUP: Peer<Grouping> = Peer {
    name: "tokio JoinSet",
    work: |grouping| Ok(group::work::<Set>(grouping)),
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

pub(super) struct Spawn;

impl Parks for Spawn {
    const NAME: &'static str = "tokio";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        let runtime = runtime();
        body(&|task| drop(runtime.spawn(task)));
    }
}

pub(super) fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).build();
    runtime.expect("the system gives a process its first threads")
}
