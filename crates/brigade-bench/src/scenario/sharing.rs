//! The rows of shared state: locks, semaphores, counters and what is set once; and who is asked.

use super::{Amount, Candidates, Kind, LONGEST_WAIT, Place, Row, answers};
use crate::peer::{
    self, BARE_LOCK, CONDVARS, COUNTERS, MUTEXES, ONCES, READ_MOSTLIES, RWLOCKS, SEMAPHORES,
};
use crate::shared::condvar::TakingTurns;
use crate::shared::counter::{CounterTraffic, Counting};
use crate::shared::mutex::{Figure, Locking};
use crate::shared::once::Getting;
use crate::shared::rwlock::{Mix, Reading};
use crate::shared::section::Section;
use crate::shared::semaphore::Permitting;
use std::io;

/// Enough for an operation of a third of a nanosecond; nothing is kept of any.
const MOST_OPS: usize = 100_000_000;

const SECTIONS: [Section; 3] = [
    Section::Nothing,
    Section::Nanoseconds(100),
    Section::Nanoseconds(1000),
];

/// What is shared, by how many, and what they do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sharing {
    Mutex(Place, usize, Section, Figure),
    RwLock(Place, usize, Mix),
    ReadMostly(usize, Mix),
    Counter(usize, CounterTraffic),
    Semaphore(usize),
    Once,
    Condvar,
}

impl Sharing {
    pub(super) fn candidates(self) -> io::Result<Candidates> {
        Ok(match self {
            Self::Mutex(place, size, section, figure) => mutexes(&Locking {
                crew: place.crew(size)?,
                section,
                figure,
            }),
            Self::RwLock(place, size, mix) => {
                let crew = place.crew(size)?;
                answers(&RWLOCKS, &Reading { crew, mix })
            }
            Self::ReadMostly(size, mix) => {
                let crew = Place::Threads.crew(size)?;
                answers(&READ_MOSTLIES, &Reading { crew, mix })
            }
            Self::Counter(size, traffic) => {
                let crew = Place::Threads.crew(size)?;
                answers(&COUNTERS, &Counting { crew, traffic })
            }
            Self::Semaphore(size) => {
                let crew = Place::Tasks.crew(size)?;
                answers(&SEMAPHORES, &Permitting { crew })
            }
            Self::Once => answers(&ONCES, &Getting),
            Self::Condvar => answers(&CONDVARS, &TakingTurns),
        })
    }
}

fn mutexes(locking: &Locking) -> Candidates {
    let mut candidates = answers(&MUTEXES, locking);
    let floor = peer::bare_lock(locking.clone());
    candidates.extend(floor.map(|work| (BARE_LOCK, Ok(work))));
    candidates
}

pub(super) fn all() -> Vec<Row> {
    let mut rows = mutex_rows(Place::Threads, &[2, 4, 8]);
    rows.extend(mutex_rows(Place::Tasks, &[2, 4, 16]));
    rows.extend(contended(Place::Tasks, 4, Section::Yield));
    rows.extend(contended(Place::CurrentThread, 4, Section::Nothing));
    rows.extend(contended(Place::CurrentThread, 4, Section::Yield));
    rows.extend(rwlocks());
    rows.extend(read_mostlies());
    rows.extend(counters());
    rows.extend([
        row("semaphore/uncontended", "ns/permit", Sharing::Semaphore(1)),
        row("semaphore/tasks/8", "ns/permit", Sharing::Semaphore(8)),
        row("once/get", "ns/read", Sharing::Once),
        row("condvar/ping-pong", "ns/round trip", Sharing::Condvar),
    ]);
    rows
}

fn row(id: impl Into<String>, unit: &'static str, sharing: Sharing) -> Row {
    Row {
        amount: Amount::TimeBoxed { most: MOST_OPS },
        ..Row::time_boxed(id.into(), unit, Kind::Sharing(sharing))
    }
}

/// Alone, and so many with every section.
fn mutex_rows(place: Place, crews: &[usize]) -> Vec<Row> {
    let (section, figure) = (Section::Nothing, Figure::TimePerOperation);
    let mut rows = vec![row(
        format!("mutex/{}/uncontended", place.name()),
        "ns/lock",
        Sharing::Mutex(place, 1, section, figure),
    )];
    for &size in crews {
        for section in SECTIONS {
            rows.extend(contended(place, size, section));
        }
    }
    rows
}

/// The time of an operation, and the longest wait for one.
fn contended(place: Place, size: usize, section: Section) -> [Row; 2] {
    let id = format!("mutex/{}/{size}/{}", place.name(), section.name());
    let longest = format!("{id}/{LONGEST_WAIT}");
    let mutex = |figure| Sharing::Mutex(place, size, section, figure);
    [
        row(id, "ns/lock", mutex(Figure::TimePerOperation)),
        row(longest, "ns longest", mutex(Figure::LongestWait)),
    ]
}

fn rwlocks() -> Vec<Row> {
    let crews = [1, 2, 4, 8].map(|size| (Place::Threads, size));
    crews
        .into_iter()
        .chain([(Place::Tasks, 4)])
        .map(|(place, size)| {
            let id = format!("rwlock/{}/{size}/99-to-1", place.name());
            row(id, "ns/lock", Sharing::RwLock(place, size, Mix::Mostly))
        })
        .collect()
}

fn read_mostlies() -> [Row; 4] {
    let read = |size| {
        let sharing = Sharing::ReadMostly(size, Mix::Read);
        row(format!("read-mostly/read/{size}"), "ns/read", sharing)
    };
    let write = Sharing::ReadMostly(1, Mix::Write);
    [
        read(1),
        read(2),
        read(8),
        row("read-mostly/write/1", "ns/write", write),
    ]
}

fn counters() -> [Row; 5] {
    let add = |size| {
        let sharing = Sharing::Counter(size, CounterTraffic::Add);
        row(format!("counter/add/{size}"), "ns/add", sharing)
    };
    let sum = Sharing::Counter(1, CounterTraffic::Sum);
    [
        add(1),
        add(2),
        add(4),
        add(8),
        row("counter/sum", "ns/sum", sum),
    ]
}
