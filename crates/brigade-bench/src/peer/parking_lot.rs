//! parking_lot: the mutex, the one that is always fair, the lock for readers, and the condition
//! variable.

use super::{NO_ASYNC_LOCK, Peer};
use crate::shared::condvar::{self, Game, Table, TakingTurns};
use crate::shared::mutex::{self, Locking, ThreadMutex};
use crate::shared::rwlock::{self, Reading, ThreadRwLock};
use parking_lot::{Condvar, FairMutex, Mutex, RwLock};

const NAME: &str = "parking_lot";

pub(super) const MUTEX: Peer<Locking> = Peer {
    name: NAME,
    work: |locking| match locking.crew.in_tasks {
        true => Err(NO_ASYNC_LOCK),
        false => Ok(mutex::in_threads::<Mutex<usize>>(locking)),
    },
};

pub(super) const FAIR_MUTEX: Peer<Locking> = Peer {
    name: "parking_lot FairMutex",
    work: |locking| match locking.crew.in_tasks {
        true => Err(NO_ASYNC_LOCK),
        false => Ok(mutex::in_threads::<FairMutex<usize>>(locking)),
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

impl ThreadMutex for Mutex<usize> {
    #[inline]
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        act(&mut self.lock())
    }

    fn into_count(self) -> usize {
        self.into_inner()
    }
}

impl ThreadMutex for FairMutex<usize> {
    #[inline]
    fn with<T>(&self, act: impl FnOnce(&mut usize) -> T) -> T {
        act(&mut self.lock())
    }

    fn into_count(self) -> usize {
        self.into_inner()
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
            self.changed.wait(&mut game);
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
