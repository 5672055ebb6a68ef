//! The thread that looks for deadlocks, while somebody waits for a lock.
//!
//! It copies the list of waiters now and then, and follows who waits for whom. A circle that is there twice, the same
//! waits for the same holders with some time between, is reported. In a circle of threads nobody can let go of what
//! the others wait for, because each of them sleeps; one sighting would do, if it were of one instant.
//!
//! A wait with a deadline resolves itself and is not followed.

use super::super::Waiter;
use super::super::registry::sighted;
use super::deadlock::{self, Deadlock, Stuck};
use super::owner::Holder;
use crate::prim::Ordering::{AcqRel, Release};
use crate::prim::{Parker, PlainAtomicUsize, clock, thread};
use std::collections::HashSet;
use std::time::Duration;

/// A wait for a lock that does not end by itself.
struct Sighting {
    who: usize,
    serial: usize,
    waiter: Waiter,
    holders: Vec<Holder>,
}

/// The waits for locks at this moment.
fn sightings() -> Vec<Sighting> {
    let waits = sighted();
    // Who would share a lock that others share waits for them only if somebody needs it alone.
    let needed_alone: HashSet<usize> = waits
        .iter()
        .filter(|(_, holding, _)| !holding.shares && !holding.timed)
        .map(|(waiter, ..)| waiter.object())
        .collect();
    let waits = waits.into_iter().filter(|(_, holding, _)| !holding.timed);
    waits
        .map(|(waiter, holding, holders)| {
            let waits_for_all = !holding.shares || needed_alone.contains(&waiter.object());
            let holders = holders.into_iter();
            Sighting {
                who: holding.waiter,
                serial: holding.serial,
                holders: holders
                    .filter(|holder| waits_for_all || holder.is_alone())
                    .collect(),
                waiter,
            }
        })
        .collect()
}

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(200);

/// 1 while the watcher runs, or is about to.
static WATCHING: PlainAtomicUsize = PlainAtomicUsize::new(0);

/// Has the locks watched from now on.
pub(super) fn begin() {
    if WATCHING.swap(1, AcqRel) == 1 {
        return;
    }
    if thread::spawn(Some("brigade-sight".into()), None, watch).is_err() {
        // The system refuses a thread: the next wait tries again.
        WATCHING.store(0, Release);
    }
}

/// One who waits and one who holds what it waits for, by their places among the sightings and their serial numbers.
type Circle = Vec<(usize, usize)>;

fn watch() {
    let mut seen: HashSet<Circle> = HashSet::new();
    let mut reported: HashSet<Circle> = HashSet::new();
    loop {
        let waits = sightings();
        if waits.is_empty() {
            WATCHING.store(0, Release);
            // Somebody may have come meanwhile, and have seen that we still watch.
            if sightings().is_empty() || WATCHING.swap(1, AcqRel) == 1 {
                return;
            }
        }
        let circles = circles(&waits);
        let now: HashSet<Circle> = circles
            .iter()
            .map(|circle| identity(&waits, circle))
            .collect();
        for circle in &circles {
            let identity = identity(&waits, circle);
            let report = report_of(&waits, circle);
            // One that waits for itself was seen in one look at one list.
            let is_at_once = circle.len() == 1 && report.is_certain();
            if (is_at_once || seen.contains(&identity)) && reported.insert(identity) {
                deadlock::report(&report);
            }
        }
        reported.retain(|circle| now.contains(circle));
        seen = now;
        Parker::with_current(|parker, _| parker.park(clock::now().checked_add(PERIOD)));
    }
}

/// The same for the same waits, wherever the circle was found to begin.
fn identity(waits: &[Sighting], circle: &[(usize, usize)]) -> Circle {
    let mut identity: Circle = circle
        .iter()
        .map(|&(wait, holder)| {
            let site: *const _ = waits[wait].holders[holder].site();
            (waits[wait].serial, site.addr())
        })
        .collect();
    identity.sort_unstable();
    identity
}

fn report_of(waits: &[Sighting], circle: &[(usize, usize)]) -> Deadlock {
    let stuck = |&(wait, holder): &(usize, usize)| {
        let wait: &Sighting = &waits[wait];
        Stuck::new(wait.waiter.clone(), wait.holders[holder].clone())
    };
    Deadlock::new(circle.iter().map(stuck).collect())
}

/// The circles in which waits, each of one who holds what the one before waits for, come back to the first. Of those
/// that overlap, some.
fn circles(waits: &[Sighting]) -> Vec<Circle> {
    let mut search = Search {
        waits,
        state: vec![State::New; waits.len()],
        path: Vec::new(),
        found: Vec::new(),
    };
    for start in 0..waits.len() {
        search.visit(start);
    }
    search.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnPath,
    Done,
}

/// A search in depth: a wait that is met while it is on the path closes a circle.
struct Search<'a> {
    waits: &'a [Sighting],
    state: Vec<State>,
    /// The waits, each with the holder that led on.
    path: Circle,
    found: Vec<Circle>,
}

impl Search<'_> {
    /// Without recursion: a chain may be as long as there are waits.
    fn visit(&mut self, start: usize) {
        if self.state[start] != State::New {
            return;
        }
        // For each wait on the path, where to go on: a holder, and a wait of it.
        let mut next = vec![(start, 0)];
        self.state[start] = State::OnPath;
        while let Some((wait, turn)) = next.last_mut() {
            let (wait, step) = (*wait, *turn);
            *turn += 1;
            let Some((holder, of_holder)) = self.steps(wait).nth(step) else {
                self.state[wait] = State::Done;
                next.pop();
                self.path.pop();
                continue;
            };
            match self.state[of_holder] {
                State::Done => {}
                State::New => {
                    self.path.push((wait, holder));
                    self.state[of_holder] = State::OnPath;
                    next.push((of_holder, 0));
                }
                State::OnPath => {
                    let mut circle = self.path.clone();
                    circle.push((wait, holder));
                    let begins = circle.iter().position(|&(first, _)| first == of_holder);
                    self.found.push(circle.split_off(begins.unwrap_or(0)));
                }
            }
        }
    }

    /// Who holds what this waits for, and waits itself.
    fn steps(&self, wait: usize) -> impl Iterator<Item = (usize, usize)> {
        let waits = self.waits;
        let holders = waits[wait].holders.iter().enumerate();
        holders.flat_map(move |(holder, held)| {
            let waits_too = move |other: &Sighting| other.who == held.who;
            let waits = waits.iter().enumerate();
            waits
                .filter(move |(_, other)| waits_too(other))
                .map(move |(other, _)| (holder, other))
        })
    }
}
