//! Which workers a pool has, which of them are wanted, and who waits for their end.
//!
//! A worker has a number below the most that the pool may have. Wanted are those with the lowest numbers: as many as the
//! pool was told to have, and one more for each of them that is [blocked](super::blocking), up to the number of spares. One
//! that is blocked and not wanted is in nobody's place, so nobody takes over for it. A worker that is not wanted
//! finishes what it has begun and sits out, so that it is soon back. It ends if it has not been wanted for [`KEPT_FOR`],
//! or the pool is shut down. Then it is counted out at once, as another may be given its number, and from there to the end
//! of what is called when a thread stops it is *going*.
//!
//! Who waits for the end waits for those who are going, too.
//!
//! # Shutdowns by workers
//!
//! A worker that waits for the end of its own pool is *leaving*: others who wait for the end do not wait for it. So are
//! the workers that cannot go on before it does, because it runs half of their join. Once all that are alive or going are
//! leaving, all their waits end, and none of them waits for another any more.
//!
//! The lock is the read-modify-write of the handshake in `wait/README.md`: whoever changes something does so under the
//! lock and then wakes all. This file does not know what a worker does.

use crate::prim::Ordering::{Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicUsize};
use crate::prim::thread::{self, JoinHandle};
use crate::prim::{SeenLock, clock};
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block};
use std::panic::Location;
use std::task::Poll;
use std::time::Duration;

/// How long a worker that is not wanted is kept.
const KEPT_FOR: Duration = Duration::from_secs(10);

pub(super) struct Roster {
    state: SeenLock<State>,
    /// How many are wanted. Changed under the lock, and read without it.
    wanted: AtomicUsize,
    /// Whether the pool has been shut down. As above.
    over: AtomicBool,
    /// Where those sit who are not wanted.
    bench: WaitQueue,
    sits: Patience,
    /// Where a shutdown waits for the workers.
    ended: WaitQueue,
    ends: Patience,
}

struct State {
    /// How many the pool is told to have.
    told: usize,
    /// How many more than that may be wanted.
    spares: usize,
    /// How often each is blocked: what it is blocked by may be blocked in turn.
    blocked: Box<[usize]>,
    /// Who has not ended, by number.
    alive: Box<[bool]>,
    /// How many shutdowns wait on the worker of this number, or below it.
    leaving: Box<[usize]>,
    /// Who is going, with how many shutdowns wait on each.
    going: Vec<Going>,
    all_left: bool,
    handles: Vec<JoinHandle<()>>,
}

/// One that was counted out, and has not ended yet.
struct Going {
    /// The number of its thread; it has none as a worker any more.
    thread: usize,
    shutdowns: usize,
}

impl State {
    /// How many have not ended.
    fn count_left(&self) -> usize {
        let alive = self.alive.iter().filter(|alive| **alive);
        alive.count() + self.going.len()
    }

    /// How many workers are leaving.
    fn count_leaving(&self) -> usize {
        let alive = self.alive.iter().zip(&self.leaving);
        alive
            .filter(|(alive, shutdowns)| **alive && **shutdowns > 0)
            .count()
    }

    /// Whether all that have not ended are leaving.
    fn are_all_leaving(&self) -> bool {
        let going = self.going.iter().filter(|going| going.shutdowns > 0);
        self.count_left() <= self.count_leaving() + going.count()
    }

    fn going(&mut self, thread: usize) -> Option<&mut Going> {
        self.going.iter_mut().find(|going| going.thread == thread)
    }

    fn wanted(&self) -> usize {
        let mut wanted = self.told;
        for (number, blocks) in self.blocked.iter().enumerate() {
            if number == wanted || wanted == self.told + self.spares {
                break;
            }
            wanted += usize::from(*blocks > 0);
        }
        wanted
    }
}

impl Roster {
    /// `told` workers, of at most `told_max` and the spares; those with the lowest numbers count as alive, and are to be
    /// started.
    pub(super) fn new(told: usize, told_max: usize, spares: usize) -> Self {
        debug_assert!(told <= told_max, "no more workers than there are places");
        let most = told_max + spares;
        Self {
            state: SeenLock::new(State {
                told,
                spares,
                blocked: (0..most).map(|_| 0).collect(),
                alive: (0..most).map(|number| number < told).collect(),
                leaving: (0..most).map(|_| 0).collect(),
                going: Vec::new(),
                all_left: false,
                handles: Vec::new(),
            }),
            wanted: AtomicUsize::new(told),
            over: AtomicBool::new(false),
            bench: WaitQueue::new(),
            sits: Patience::new(),
            ended: WaitQueue::new(),
            ends: Patience::new(),
        }
    }

    /// How many workers the pool is told to have.
    pub(super) fn told(&self) -> usize {
        self.state.lock().told
    }

    #[inline]
    pub(super) fn is_wanted(&self, number: usize) -> bool {
        number < self.wanted.load(Relaxed)
    }

    /// How many are wanted, about.
    #[inline]
    pub(super) fn wanted(&self) -> usize {
        self.wanted.load(Relaxed)
    }

    /// Has the pool have `told` workers; returns the numbers of those to be started. None once it is shut down. Those who are idle
    /// are to be woken afterwards.
    pub(super) fn resize(&self, told: usize) -> Option<Vec<usize>> {
        let mut state = self.state.lock();
        if self.over.load(Relaxed) {
            return None;
        }
        state.told = told;
        let called = self.call_in(&mut state);
        drop(state);
        self.bench.wake_all();
        Some(called)
    }

    /// Worker `number` is blocked until [`unblock`](Self::unblock): returns the numbers of those to be started in its
    /// place. Also after a shutdown: what it waits for may be in the queue.
    pub(super) fn block(&self, number: usize) -> Vec<usize> {
        let mut state = self.state.lock();
        state.blocked[number] += 1;
        let called = self.call_in(&mut state);
        drop(state);
        self.bench.wake_all();
        called
    }

    pub(super) fn unblock(&self, number: usize) {
        let mut state = self.state.lock();
        state.blocked[number] -= 1;
        self.wanted.store(state.wanted(), Relaxed);
    }

    /// Counts those in who are wanted and not there, and returns their numbers.
    fn call_in(&self, state: &mut State) -> Vec<usize> {
        let wanted = state.wanted();
        self.wanted.store(wanted, Relaxed);
        let called: Vec<_> = (0..wanted).filter(|number| !state.alive[*number]).collect();
        for number in &called {
            state.alive[*number] = true;
        }
        called
    }

    /// Sits out until worker `number` is wanted. False if it is to end; then it is counted out, and is going until
    /// [`gone`](Self::gone).
    pub(super) fn sit_out(&self, number: usize) -> bool {
        let until = clock::now().checked_add(KEPT_FOR);
        let mut benched = Benched {
            roster: self,
            number,
        };
        if block(&mut benched, Limit::until(until), Location::caller()) == Ok(true) {
            return true;
        }
        let mut state = self.state.lock();
        // Also once the pool is shut down: whoever has called it in counts on it, and starts nobody.
        if self.is_wanted(number) {
            return true;
        }
        state.alive[number] = false;
        state.going.push(Going {
            thread: thread::number(),
            shutdowns: 0,
        });
        drop(state);
        false
    }

    /// The calling thread, which was counted out, has ended.
    pub(super) fn gone(&self) {
        let this = thread::number();
        let mut state = self.state.lock();
        state.going.retain(|going| going.thread != this);
        drop(state);
        self.ended.wake_all();
    }

    /// The pool is shut down: none sits out any more.
    pub(super) fn close(&self) {
        let state = self.state.lock();
        self.over.store(true, Release);
        drop(state);
        self.bench.wake_all();
    }

    /// Counts workers out that have ended, or that the system did not start.
    pub(super) fn end(&self, numbers: impl IntoIterator<Item = usize>) {
        let mut state = self.state.lock();
        for number in numbers {
            state.alive[number] = false;
        }
        drop(state);
        self.ended.wake_all();
    }

    /// Keeps what the end of a worker is waited for with.
    pub(super) fn keep(&self, handle: JoinHandle<()>) {
        let mut state = self.state.lock();
        state.handles.retain(|handle| !thread::has_ended(handle));
        state.handles.push(handle);
    }

    /// The thread of a worker, to be joined. Each once.
    pub(super) fn next_handle(&self) -> Option<JoinHandle<()>> {
        self.state.lock().handles.pop()
    }

    /// Whether the workers that have not left, so many, all are leaving.
    pub(super) fn are_leaving(&self, present: usize) -> bool {
        present <= self.state.lock().count_leaving()
    }

    /// Waits for the end while the workers with these numbers are leaving, and the calling thread if it is going;
    /// `wake_idle` tells the others of it. `Err` if the limit has come before.
    pub(super) fn wait_for_end(
        &self,
        leaving: &[usize],
        wake_idle: impl FnOnce(),
        limit: Limit<'_>,
        site: &'static Location<'static>,
    ) -> Result<(), ()> {
        let is_going = self.note_leaving(leaving, |shutdowns| *shutdowns += 1);
        self.ended.wake_all();
        wake_idle();
        let mut ended = Ended {
            roster: self,
            by_worker: is_going || !leaving.is_empty(),
        };
        let waited = block(&mut ended, limit, site);
        self.note_leaving(leaving, |shutdowns| *shutdowns -= 1);
        waited.map_err(drop)
    }

    /// Whether the calling thread is going.
    fn note_leaving(&self, numbers: &[usize], change: impl Fn(&mut usize)) -> bool {
        let mut state = self.state.lock();
        for number in numbers {
            change(&mut state.leaving[*number]);
        }
        let going = state.going(thread::number());
        going.map(|going| change(&mut going.shutdowns)).is_some()
    }
}

/// The operation of sitting out: true if the worker is wanted, false if the pool is over.
struct Benched<'a> {
    roster: &'a Roster,
    number: usize,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Benched<'_> {
    type Output = bool;
    const WAITS_FOR: &'static What = &"pool worker";

    fn attempt(&mut self) -> Poll<bool> {
        if self.roster.over.load(Acquire) {
            Poll::Ready(false)
        } else if self.roster.is_wanted(self.number) {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        let over = self.roster.over.load(Acquire);
        usize::from(over || self.roster.is_wanted(self.number))
    }

    fn queue(&self) -> &WaitQueue {
        &self.roster.bench
    }

    fn patience(&self) -> &Patience {
        &self.roster.sits
    }
}

/// The operation of waiting until the workers have ended.
struct Ended<'a> {
    roster: &'a Roster,
    /// Whether one of the pool's threads waits: then not for those who are leaving like itself.
    by_worker: bool,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Ended<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"pool shutdown";

    fn attempt(&mut self) -> Poll<()> {
        if self.chances() > 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        let mut state = self.roster.state.lock();
        if !self.by_worker {
            return usize::from(state.count_left() == 0);
        }
        state.all_left |= state.are_all_leaving();
        usize::from(state.all_left)
    }

    fn queue(&self) -> &WaitQueue {
        &self.roster.ended
    }

    fn patience(&self) -> &Patience {
        &self.roster.ends
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    /// What the other is blocked for may be in the queue, and nobody else is started to run that.
    #[test]
    fn one_who_sits_out_and_is_called_in_after_the_shutdown_comes() {
        let roster = Roster::new(1, 1, 1);
        assert_eq!(roster.block(0), [1]);
        roster.unblock(0);
        roster.close();
        assert_eq!(roster.block(0), [0; 0]);
        assert!(roster.sit_out(1));
        roster.unblock(0);
        assert!(!roster.sit_out(1));
    }

    #[test]
    fn nobody_takes_over_for_one_who_is_not_wanted() {
        let roster = Roster::new(1, 1, 2);
        assert_eq!(roster.block(0), [1]);
        roster.unblock(0);
        assert_eq!(roster.block(1), [0; 0]);
        assert_eq!(roster.wanted(), 1);
        // Now it would be in the place of this one, and cannot.
        assert_eq!(roster.block(0), [2]);
    }

    /// Whether the shutdown is over, for one who looks and does not wait.
    fn has_ended(roster: &Roster) -> bool {
        let now = Limit::until(Some(clock::now()));
        let ended = roster.wait_for_end(&[], || (), now, Location::caller());
        ended.is_ok()
    }

    #[test]
    fn the_end_waits_for_one_who_was_counted_out_before() {
        let roster = Roster::new(1, 1, 1);
        assert_eq!(roster.block(0), [1]);
        roster.unblock(0);
        roster.close();
        roster.end([0]);
        let (say, said) = std::sync::mpsc::channel();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let roster = &roster;
            scope.spawn(move || {
                assert!(!roster.sit_out(1));
                say.send(()).unwrap();
                gate.recv().unwrap();
                roster.gone();
            });
            said.recv().unwrap();
            assert!(!has_ended(roster));
            go.send(()).unwrap();
        });
        assert!(has_ended(&roster));
    }
}
