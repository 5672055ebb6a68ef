//! tokio: its set of tasks that are joined as they end.

use super::Peer;
use crate::group::{self, Grouping, Groups, Taken, result};
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
