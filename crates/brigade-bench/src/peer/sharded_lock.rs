//! crossbeam's `ShardedLock`: a lock of std for each group of readers, all of which a writer takes.

use super::Peer;
use crate::shared::rwlock::{self, Reading, ThreadRwLock};
use crossbeam_utils::sync::ShardedLock;

const UNPOISONED: &str = "nobody panics under the lock";

pub(super) const READ_MOSTLY: Peer<Reading> = Peer {
    name: "crossbeam ShardedLock",
    work: |reading| Ok(rwlock::in_threads::<ShardedLock<usize>>(reading)),
};

impl ThreadRwLock for ShardedLock<usize> {
    #[inline]
    fn read(&self) -> usize {
        *self.read().expect(UNPOISONED)
    }

    #[inline]
    fn add(&self) {
        *self.write().expect(UNPOISONED) += 1;
    }

    fn into_count(self) -> usize {
        self.into_inner().expect(UNPOISONED)
    }
}
