//! The standard library: its locks, its condition variable, its values that are set once, and an
//! atomic word where others have a counter.

use super::{NO_ASYNC_LOCK, Peer};
use crate::shared::condvar::{self, Game, Table, TakingTurns};
use crate::shared::counter::{self, Counting, SharedCounter};
use crate::shared::mutex::{self, Locking, ThreadMutex};
use crate::shared::once::{self, Getting, SetOnce, VALUE};
use crate::shared::rwlock::{self, Reading, ThreadRwLock};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, LazyLock, Mutex, OnceLock, RwLock};

const NAME: &str = "std";
const UNPOISONED: &str = "nobody panics under the lock";

pub(super) const MUTEX: Peer<Locking> = Peer {
    name: NAME,
    work: |locking| match locking.crew.in_tasks {
        true => Err(NO_ASYNC_LOCK),
        false => Ok(mutex::in_threads::<Mutex<usize>>(locking)),
    },
};

pub(super) const RWLOCK: Peer<Reading> = Peer {
    name: NAME,
    work: |reading| match reading.crew.in_tasks {
        true => Err(NO_ASYNC_LOCK),
        false => Ok(rwlock::in_threads::<RwLock<usize>>(reading)),
    },
};

pub(super) const CONDVAR: Peer<TakingTurns> = Peer {
    name: NAME,
    work: |turns| Ok(condvar::work::<Both>(turns)),
};

pub(super) const COUNTER: Peer<Counting> = Peer {
    name: "std AtomicU64",
    work: |counting| Ok(counter::work::<AtomicU64>(counting)),
};

pub(super) const ONCE_LOCK: Peer<Getting> = Peer {
    name: "std OnceLock",
    work: |getting| Ok(once::work::<OnceLock<usize>>(getting)),
};

pub(super) const LAZY_LOCK: Peer<Getting> = Peer {
    name: "std LazyLock",
    work: |getting| Ok(once::work::<LazyLock<usize>>(getting)),
};

impl ThreadMutex for Mutex<usize> {
    #[inline]
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        act(&mut self.lock().expect(UNPOISONED))
    }

    fn into_count(self) -> usize {
        self.into_inner().expect(UNPOISONED)
    }
}

impl ThreadRwLock for RwLock<usize> {
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

impl SharedCounter for AtomicU64 {
    fn new() -> Self {
        Self::new(0)
    }

    #[inline]
    fn add_one(&self) {
        self.fetch_add(1, Relaxed);
    }

    #[inline]
    fn sum(&self) -> usize {
        self.load(Relaxed) as usize
    }
}

impl SetOnce for OnceLock<usize> {
    fn set() -> Self {
        Self::from(VALUE)
    }

    #[inline]
    fn get(&self) -> usize {
        *self.get().expect("it is set")
    }
}

impl SetOnce for LazyLock<usize> {
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
        let mut game = self.game.lock().expect(UNPOISONED);
        while !mine(&game) {
            game = self.changed.wait(game).expect(UNPOISONED);
        }
        let played = play(&mut game);
        drop(game);
        self.changed.notify_one();
        played
    }

    fn into_game(self) -> Game {
        self.game.into_inner().expect(UNPOISONED)
    }
}
