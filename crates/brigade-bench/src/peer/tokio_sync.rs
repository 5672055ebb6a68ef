//! tokio: the locks and the semaphore for tasks.

use super::{FOR_TASKS, Peer};
use crate::shared::mutex::{self, Locking, TaskMutex};
use crate::shared::rwlock::{self, Reading, TaskRwLock};
use crate::shared::semaphore::{self, Permitting, Room, TaskSemaphore};
use std::iter;
use tokio::sync::{Mutex, RwLock, Semaphore};

const NAME: &str = "tokio";

pub(super) const MUTEX: Peer<Locking> = Peer {
    name: NAME,
    work: |locking| match locking.crew.in_tasks {
        true => Ok(mutex::in_tasks::<Mutex<usize>>(locking)),
        false => Err(FOR_TASKS),
    },
};

pub(super) const RWLOCK: Peer<Reading> = Peer {
    name: NAME,
    work: |reading| match reading.crew.in_tasks {
        true => Ok(rwlock::in_tasks::<RwLock<usize>>(reading)),
        false => Err(FOR_TASKS),
    },
};

pub(super) const SEMAPHORE: Peer<Permitting> = Peer {
    name: NAME,
    work: |permitting| Ok(semaphore::work::<Semaphore>(permitting)),
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

impl TaskRwLock for RwLock<usize> {
    #[inline]
    async fn read(&self) -> usize {
        *self.read().await
    }

    #[inline]
    async fn add(&self) {
        *self.write().await += 1;
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl TaskSemaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    async fn visit(&self, room: &Room) {
        let permit = self.acquire().await.expect("the semaphore is open");
        room.stay().await;
        drop(permit);
    }

    fn free(&self) -> usize {
        let permits: Vec<_> = iter::from_fn(|| self.try_acquire().ok()).collect();
        permits.len()
    }
}
