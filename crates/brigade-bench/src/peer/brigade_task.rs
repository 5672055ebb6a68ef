//! Ours: groups of tasks, and what they return as it comes.

use super::{OURS, Peer};
use crate::group::{self, Grouping, Groups, Taken, result};
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
