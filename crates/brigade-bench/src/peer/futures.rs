//! futures: the mutex for tasks of any runtime.

use super::{FOR_TASKS, Peer};
use crate::shared::mutex::{self, Locking, TaskMutex};
use futures::lock::Mutex;

pub(super) const MUTEX: Peer<Locking> = Peer {
    name: "futures",
    work: |locking| match locking.crew.in_tasks {
        true => Ok(mutex::in_tasks::<Mutex<usize>>(locking)),
        false => Err(FOR_TASKS),
    },
};

impl TaskMutex for Mutex<usize> {
    #[inline]
    async fn with<T: Send>(&self, yields: bool, act: impl FnOnce(&mut usize) -> T + Send) -> T {
        let mut count = self.lock().await;
        let acted = act(&mut count);
        if yields {
            tokio::task::yield_now().await;
        }
        drop(count);
        acted
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}
