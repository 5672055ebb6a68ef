//! Ours: groups of tasks, what they return as it comes, and what they take.

use super::{OURS, Peer, tokio_task};
use crate::group::{self, Grouping, Groups, Taken, result};
use crate::memory::{Parked, Parks, THREADS};
use brigade::pool::Pool;
use brigade::task;
use std::convert::Infallible;

pub(super) const GROUP: Peer<Grouping> = Peer {
    name: OURS,
    work: |grouping| Ok(group::work::<Group>(grouping)),
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

pub(super) struct GroupOnTokio;

impl Parks for GroupOnTokio {
    const NAME: &'static str = "brigade group on tokio";

    fn park<const BYTES: usize>(body: impl FnOnce(&dyn Fn(Parked<BYTES>)) + Send + 'static) {
        tokio_task::runtime().block_on(park(body));
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
