//! The graph of the order of locks, and the circles in it that could be deadlocks.
//!
//! An edge from A to B says that somebody who had A has waited for B, or would have had to. With it goes how A was
//! held and B asked for, the lines where that was, and what else was held: its gates. There are as many edges between
//! two locks as there are ways to go from one to the other, up to [`WAYS`] in the same manner; of two of which one has
//! only more gates, the other is kept.
//!
//! A circle is a deadlock that could be if
//!
//! - each edge ends in a lock that the next one begins with, and those who have it and want it are in each other's
//!   way, as told in [`Graph::meets`];
//! - those of any two edges can be where they are at the same time: they have no lock that only one of them can have.
//!   A gate that is locked around both orders makes them safe.
//!
//! Who shares a lock is in the way of one who would share it only if somebody waits in between to have it alone. That
//! is counted if somebody has waited for it so with nothing else held. Whoever writes with a gate in hand may be kept
//! from this by the gate, and is not counted.
//!
//! # Bounds
//!
//! There are at most [`EDGES`] edges. Beyond, the oldest quarter is forgotten: an order that does not come again is not
//! seen any more. Edges go with their locks; a lock has a number that no other ever has. A search for a circle begins
//! with a new edge, takes the shortest first and looks at [`LOOKS`] edges at most. [`REPORTS`] circles are
//! reported, and each once for the lines that are in it.

#[cfg(test)]
mod tests;

use super::order::{Asks, Entry, Holds};
use super::owner::Record;
use super::potential::{Nested, PotentialDeadlock};
use crate::prim::Ordering::Relaxed;
use crate::prim::{Lock, PlainAtomicUsize};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::Location;

const EDGES: usize = 4096;
const WAYS: usize = 8;
const LOOKS: usize = 1024;
const REPORTS: usize = 1000;
/// So often a search comes to the same lock, if there are gates on the way.
const VISITS: u8 = 8;

static GRAPH: Lock<Graph> = Lock::new(Graph::new());

/// Changes when edges of living locks have been forgotten.
static EPOCH: PlainAtomicUsize = PlainAtomicUsize::new(1);

/// From a lock to another, by their numbers.
type Pair = (usize, usize);

#[derive(Debug)]
struct Graph {
    ways: BTreeMap<Pair, Vec<Way>>,
    /// The pairs the other way round: whoever goes takes the edges to it with it.
    into: BTreeSet<Pair>,
    count: usize,
    /// How many there have ever been.
    serial: usize,
    reported: BTreeSet<Vec<Lines>>,
}

/// Where one lock was taken and the other asked for.
type Lines = (&'static Location<'static>, &'static Location<'static>);

/// An edge.
#[derive(Debug)]
struct Way {
    serial: usize,
    holds: Holds,
    asks: Asks,
    lines: Lines,
    is_of_task: bool,
    /// The record of the lock that was asked for.
    record: &'static Record,
    gates: Vec<(usize, Holds)>,
}

/// See [`EPOCH`].
#[inline]
pub(super) fn epoch() -> usize {
    EPOCH.load(Relaxed)
}

/// One who has what is in `outer` has taken `inner`, and would have waited for it. Returns what that could lead to.
pub(super) fn nested(outer: &[Entry], inner: &Entry, asks: Asks) -> Vec<PotentialDeadlock> {
    GRAPH.lock().nested(outer, inner, asks)
}

/// Somebody with nothing else in hand waits to have the lock alone.
pub(super) fn written(record: &'static Record, lock: usize) -> Vec<PotentialDeadlock> {
    let mut graph = GRAPH.lock();
    // Under the lock: an edge that comes later sees it.
    record.note_written();
    graph.written(lock)
}

/// The lock is gone.
pub(super) fn forget(lock: usize) {
    GRAPH.lock().forget(lock);
}

/// Whether not both can have the same lock.
fn exclude(one: Holds, other: Holds) -> bool {
    use Holds::{Alone, Shared, Upgradable};
    match (one, other) {
        (Alone, _) | (_, Alone) | (Upgradable, Upgradable) => true,
        (Upgradable | Shared, Shared) | (Shared, Upgradable) => false,
    }
}

/// How those are in each other's way who want a lock and have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    Never,
    /// If somebody waits in between to have it alone.
    WithWriter,
    Always,
}

fn meeting(asks: Asks, holds: Holds) -> Meeting {
    match (asks, holds) {
        // Who upgrades is the one who has it upgradable.
        (Asks::Upgrade, Holds::Alone | Holds::Upgradable) => Meeting::Never,
        (Asks::Upgrade | Asks::Alone, _)
        | (_, Holds::Alone)
        | (Asks::Upgradable, Holds::Upgradable) => Meeting::Always,
        (Asks::Again, Holds::Shared | Holds::Upgradable) => Meeting::Never,
        (Asks::Upgradable, Holds::Shared) | (Asks::Shared, Holds::Shared | Holds::Upgradable) => {
            Meeting::WithWriter
        }
    }
}

impl Way {
    /// Whether the other goes the same way in the same manner, with these gates and maybe more.
    fn is_wider(&self, other: &Self) -> bool {
        self.is_alike(other) && self.gates.iter().all(|gate| other.gates.contains(gate))
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.holds, self.asks) == (other.holds, other.asks)
    }
}

impl Graph {
    const fn new() -> Self {
        Self {
            ways: BTreeMap::new(),
            into: BTreeSet::new(),
            count: 0,
            serial: 0,
            reported: BTreeSet::new(),
        }
    }

    fn nested(&mut self, outer: &[Entry], inner: &Entry, asks: Asks) -> Vec<PotentialDeadlock> {
        let mut found = Vec::new();
        for (place, held) in outer.iter().enumerate() {
            let others = outer.iter().enumerate();
            let way = Way {
                serial: self.serial,
                holds: held.holds,
                asks,
                lines: (held.site, inner.site),
                is_of_task: inner.is_of_task(),
                record: inner.record,
                gates: others
                    .filter(|(other, _)| *other != place)
                    .map(|(_, other)| (other.lock, other.holds))
                    .collect(),
            };
            held.record.note_ordered();
            inner.record.note_ordered();
            let pair = (held.lock, inner.lock);
            if self.insert(pair, way) {
                found.extend(self.search(pair, self.serial));
            }
        }
        self.unreported(found)
    }

    fn written(&mut self, lock: usize) -> Vec<PotentialDeadlock> {
        let into = self.into.range((lock, 0)..=(lock, usize::MAX));
        let found = into
            .flat_map(|&(to, from)| {
                let ways = self.ways.get(&(from, to)).into_iter().flatten();
                ways.map(move |way| ((from, to), way.serial))
            })
            .filter_map(|(pair, serial)| self.search(pair, serial))
            .collect();
        self.unreported(found)
    }

    /// Returns whether it says something new. Its serial number is then the last one.
    fn insert(&mut self, pair: Pair, mut way: Way) -> bool {
        if self.count >= EDGES {
            self.forget_oldest();
        }
        let ways = self.ways.entry(pair).or_default();
        if ways.iter().any(|known| known.is_wider(&way)) {
            return false;
        }
        let before = ways.len();
        ways.retain(|known| !way.is_wider(known));
        let alike = ways
            .iter()
            .enumerate()
            .filter(|(_, known)| known.is_alike(&way));
        if alike.clone().count() >= WAYS {
            // Whoever has the fewest gates is in most circles.
            let most = alike.max_by_key(|(_, known)| known.gates.len());
            match most {
                Some((place, known)) if known.gates.len() > way.gates.len() => {
                    ways.swap_remove(place);
                }
                _ => return false,
            }
        }
        self.serial += 1;
        way.serial = self.serial;
        ways.push(way);
        self.count = self.count + ways.len() - before;
        self.into.insert((pair.1, pair.0));
        true
    }

    fn forget(&mut self, lock: usize) {
        let from = self.ways.range((lock, 0)..=(lock, usize::MAX));
        let from = from.map(|(&pair, _)| pair);
        let into = self.into.range((lock, 0)..=(lock, usize::MAX));
        let pairs: Vec<Pair> = from.chain(into.map(|&(to, from)| (from, to))).collect();
        for pair in pairs {
            let ways = self.ways.remove(&pair);
            self.count -= ways.map_or(0, |ways| ways.len());
            self.into.remove(&(pair.1, pair.0));
        }
    }

    fn forget_oldest(&mut self) {
        let mut serials: Vec<usize> = self.ways.values().flatten().map(|way| way.serial).collect();
        let (_, &mut last, _) = serials.select_nth_unstable(EDGES / 4);
        self.ways.retain(|_, ways| {
            ways.retain(|way| way.serial > last);
            !ways.is_empty()
        });
        self.count = self.ways.values().map(Vec::len).sum();
        let ways = &self.ways;
        self.into
            .retain(|&(to, from)| ways.contains_key(&(from, to)));
        EPOCH.fetch_add(1, Relaxed);
    }

    /// Those of lines that have not been reported.
    fn unreported(&mut self, mut found: Vec<PotentialDeadlock>) -> Vec<PotentialDeadlock> {
        found.retain(|circle| {
            let mut lines: Vec<Lines> = circle.cycle().iter().map(Nested::lines).collect();
            lines.sort_unstable();
            self.reported.len() < REPORTS && self.reported.insert(lines)
        });
        found
    }

    /// The shortest circle that the edge is part of, or one of them.
    fn search(&self, pair: Pair, serial: usize) -> Option<PotentialDeadlock> {
        let mut first = self.ways.get(&pair)?.iter();
        let way = first.find(|way| way.serial == serial)?;
        let mut search = Search {
            graph: self,
            steps: vec![Step {
                pair,
                way,
                before: None,
                is_bare: way.gates.is_empty(),
            }],
            visits: BTreeMap::new(),
            looks: 0,
        };
        let last = search.run()?;
        Some(PotentialDeadlock::new(search.circle(last)))
    }

    /// Whether who comes by one edge has to wait for who goes by the next.
    fn meets(by: &Way, lock: usize, next: &Way) -> bool {
        match meeting(by.asks, next.holds) {
            Meeting::Always => true,
            Meeting::WithWriter => by.record.lock() == lock && by.record.is_written(),
            Meeting::Never => false,
        }
    }
}

/// A search in breadth, over ways that may become circles.
struct Search<'a> {
    graph: &'a Graph,
    /// What has been come to; each knows where from.
    steps: Vec<Step<'a>>,
    /// How often a lock has been come to, to be asked for like this. Without gates once is enough: what follows is
    /// the same, wherever one comes from.
    visits: BTreeMap<(usize, Asks), u8>,
    looks: usize,
}

struct Step<'a> {
    pair: Pair,
    way: &'a Way,
    before: Option<usize>,
    /// Whether there is no gate from the first step to this.
    is_bare: bool,
}

impl Step<'_> {
    /// What its owner has.
    fn has(&self) -> impl Iterator<Item = (usize, Holds)> {
        let gates = self.way.gates.iter().copied();
        gates.chain([(self.pair.0, self.way.holds)])
    }

    /// Whether the owners of both can be there at the same time.
    fn goes_with(&self, other: &Self) -> bool {
        self.has().all(|(lock, holds)| {
            let excludes = |(its, held): (usize, Holds)| its == lock && exclude(holds, held);
            !other.has().any(excludes)
        })
    }
}

impl<'a> Search<'a> {
    /// The place of the step that closes the circle.
    fn run(&mut self) -> Option<usize> {
        let first = &self.steps[0];
        if first.pair.0 == first.pair.1 {
            return self.closes(first).then_some(0);
        }
        let mut place = 0;
        while place < self.steps.len() && self.looks < LOOKS {
            if let Some(last) = self.go_on(place) {
                return Some(last);
            }
            place += 1;
        }
        None
    }

    fn closes(&self, step: &Step<'_>) -> bool {
        let first = &self.steps[0];
        let lock = first.pair.0;
        step.pair.1 == lock && Graph::meets(step.way, lock, first.way)
    }

    /// Takes all steps that follow. Returns the place of the one that closes the circle.
    fn go_on(&mut self, place: usize) -> Option<usize> {
        let graph: &'a Graph = self.graph;
        let (lock, by, is_bare) = {
            let last = &self.steps[place];
            (last.pair.1, last.way, last.is_bare)
        };
        let begin = self.steps[0].pair.0;
        for (&pair, ways) in graph.ways.range((lock, 0)..=(lock, usize::MAX)) {
            self.looks += ways.len();
            for way in ways {
                let step = Step {
                    pair,
                    way,
                    before: Some(place),
                    is_bare: is_bare && way.gates.is_empty(),
                };
                if !Graph::meets(by, lock, way) || !self.fits(&step) {
                    continue;
                }
                if self.closes(&step) {
                    self.steps.push(step);
                    return Some(self.steps.len() - 1);
                }
                if pair.1 != begin && self.visit(&step) {
                    self.steps.push(step);
                }
            }
        }
        None
    }

    /// Whether it comes to a lock that is new on the way, and can be there together with all before it.
    fn fits(&self, step: &Step<'a>) -> bool {
        let before = |step: &Step<'_>| step.before.map(|place| &self.steps[place]);
        let mut all_before = std::iter::successors(before(step), |step| before(step));
        all_before.all(|earlier| earlier.pair.1 != step.pair.1 && earlier.goes_with(step))
    }

    fn visit(&mut self, step: &Step<'a>) -> bool {
        let visits = self.visits.entry((step.pair.1, step.way.asks)).or_default();
        let most = if step.is_bare { 1 } else { VISITS };
        *visits += u8::from(*visits < VISITS);
        *visits <= most
    }

    fn circle(&self, last: usize) -> Vec<Nested> {
        let before = |&place: &usize| self.steps[place].before;
        let mut places: Vec<usize> = std::iter::successors(Some(last), before).collect();
        places.reverse();
        let next = places.iter().cycle().skip(1);
        places
            .iter()
            .zip(next)
            .map(|(&place, &next)| {
                let (way, next) = (self.steps[place].way, self.steps[next].way);
                let needs_writer = meeting(way.asks, next.holds) == Meeting::WithWriter;
                Nested::new(way.lines, way.is_of_task, needs_writer)
            })
            .collect()
    }
}
