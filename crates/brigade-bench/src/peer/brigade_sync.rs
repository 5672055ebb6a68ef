//! Ours: what threads and tasks share.

use super::{OURS, Peer};
use crate::shared::condvar::{self, Game, Table, TakingTurns};
use crate::shared::counter::{self, Counting, SharedCounter};
use crate::shared::mutex::{self, Locking, TaskMutex, ThreadMutex};
use crate::shared::once::{self, Getting, SetOnce, VALUE};
use crate::shared::rwlock::{self, Reading, TaskRwLock, ThreadRwLock};
use crate::shared::semaphore::{self, Permitting, Room, TaskSemaphore};
use brigade::sync::{
    Condvar, Counter, Lazy, Mutex, MutexGuard, OnceCell, ReadMostly, RwLock, Semaphore,
};
use std::hint::black_box;
use std::sync::Arc;

pub(super) const MUTEX: Peer<Locking> = Peer {
    name: OURS,
    work: |locking| {
        Ok(match (locking.crew.in_tasks, locking.section.yields()) {
            (false, _) => mutex::in_threads::<Mutex<usize>>(locking),
            (true, false) => mutex::in_tasks::<Mutex<usize>>(locking),
            (true, true) => mutex::in_tasks::<Kept>(locking),
        })
    },
};

pub(super) const RWLOCK: Peer<Reading> = Peer {
    name: OURS,
    work: |reading| {
        Ok(match reading.crew.in_tasks {
            true => rwlock::in_tasks::<RwLock<usize>>(reading),
            false => rwlock::in_threads::<RwLock<usize>>(reading),
        })
    },
};

pub(super) const READ_MOSTLY: Peer<Reading> = Peer {
    name: OURS,
    work: |reading| Ok(rwlock::in_threads::<ReadMostly<usize>>(reading)),
};

pub(super) const COUNTER: Peer<Counting> = Peer {
    name: OURS,
    work: |counting| Ok(counter::work::<Counter>(counting)),
};

pub(super) const SEMAPHORE: Peer<Permitting> = Peer {
    name: OURS,
    work: |permitting| Ok(semaphore::work::<Semaphore>(permitting)),
};

pub(super) const CELL: Peer<Getting> = Peer {
    name: OURS,
    work: |getting| Ok(once::work::<OnceCell<usize>>(getting)),
};

pub(super) const LAZY: Peer<Getting> = Peer {
    name: "brigade Lazy",
    work: |getting| Ok(once::work::<Lazy<usize>>(getting)),
};

pub(super) const CONDVAR: Peer<TakingTurns> = Peer {
    name: OURS,
    work: |turns| Ok(condvar::work::<Both>(turns)),
};

impl ThreadMutex for Mutex<usize> {
    #[inline]
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        act(&mut self.lock())
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl TaskMutex for Mutex<usize> {
    #[inline]
    async fn with<T: Send>(&self, yields: bool, act: impl FnOnce(&mut usize) -> T + Send) -> T {
        assert!(!yields, "this guard stays with its thread");
        act(&mut *self.lock_async().await)
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

/// A mutex whose guard goes where the task goes.
#[derive(Default)]
struct Kept(Arc<Mutex<usize>>);

impl TaskMutex for Kept {
    #[inline]
    async fn with<T: Send>(&self, yields: bool, act: impl FnOnce(&mut usize) -> T + Send) -> T {
        let Self(mutex) = self;
        let mut count = MutexGuard::into_owned(mutex.lock_async().await, mutex);
        let acted = act(&mut count);
        if yields {
            tokio::task::yield_now().await;
        }
        drop(count);
        acted
    }

    fn into_count(self) -> usize {
        *self.0.lock()
    }
}

impl ThreadRwLock for RwLock<usize> {
    #[inline]
    fn read(&self) -> usize {
        *self.read()
    }

    #[inline]
    fn add(&self) {
        *self.write() += 1;
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl TaskRwLock for RwLock<usize> {
    #[inline]
    async fn read(&self) -> usize {
        *self.read_async().await
    }

    #[inline]
    async fn add(&self) {
        *self.write_async().await += 1;
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl ThreadRwLock for ReadMostly<usize> {
    #[inline]
    fn read(&self) -> usize {
        *self.read()
    }

    #[inline]
    fn add(&self) {
        *self.write() += 1;
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl SharedCounter for Counter {
    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn add_one(&self) {
        self.increment();
    }

    #[inline]
    fn sum(&self) -> usize {
        self.sum() as usize
    }
}

impl TaskSemaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    async fn visit(&self, room: &Room) {
        let permit = self.acquire_async().await.expect("the semaphore is open");
        room.stay().await;
        drop(permit);
    }

    fn free(&self) -> usize {
        self.available()
    }
}

impl SetOnce for OnceCell<usize> {
    fn set() -> Self {
        let cell = Self::new();
        cell.set(VALUE).expect("a new cell is empty");
        cell
    }

    #[inline]
    fn get(&self) -> usize {
        *self.get().expect("it is set")
    }
}

impl SetOnce for Lazy<usize> {
    fn set() -> Self {
        let lazy: Self = Self::new(|| black_box(VALUE));
        Self::force(&lazy);
        lazy
    }

    #[inline]
    fn get(&self) -> usize {
        **self
    }
}

#[derive(Default)]
struct Both {
    game: Mutex<Game>,
    changed: Condvar,
}

impl Table for Both {
    #[inline]
    fn turn<T>(&self, mine: impl Fn(&Game) -> bool, play: impl FnOnce(&mut Game) -> T) -> T {
        let mut game = self.game.lock();
        while !mine(&game) {
            game = self.changed.wait(game);
        }
        let played = play(&mut game);
        drop(game);
        self.changed.notify_one();
        played
    }

    fn into_game(self) -> Game {
        self.game.into_inner()
    }
}
