//! How long a waiter spins before it sleeps: bounded, and learnt by each object.
//!
//! Waking a sleeping thread costs microseconds (6 to 40 on the virtual machines this was measured
//! on), a few pauses cost nanoseconds. Spinning for as long as a wake costs is at most twice as
//! dear as the best choice in hindsight (Karlin et al., "Competitive randomized algorithms for
//! nonuniform problems", 1990). So a wait pauses in growing steps and looks in between, and then sleeps.
//!
//! Pausing is in vain if the one who is waited for has no processor to run on. An object at which it was
//! in vain many times in a row gives the processor away a few times instead (`sched_yield`), and pauses
//! only now and then to see whether times have changed. It does not begin like that: two threads which the
//! system has put on one of two processors would stay there, because neither ever sleeps.
//!
//! On a single processor pausing never helps, and there is only the giving away.
//!
//! # Batches
//!
//! A receiver that is faster than the senders and looks all the time finds each value on its own, and every
//! one costs the two processors a few cache lines. If it pauses first, many are there at once. But a question
//! and its answer are one value at a time, and there every pause is lost. Which of the two it is shows in
//! how many values came since the last wait. So now and then a wait begins with a long pause; if many values
//! have come by the next wait, that one begins so too, and else it was a try. Threads that wait for room in
//! a ring need no trying: the ring is full, so there are many.
//!
//! A task may not hold up its runtime, so it pauses for a fraction of a microsecond at most, and only if
//! batches come.

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::{AtomicU8, AtomicUsize};
use crate::prim::{MODEL, const_new, cpus, hint};

/// Steps of 1, 2, 4 ... pauses: 511 in all, about as long as it takes to wake a thread.
const PAUSE_STEPS: u8 = 9;
/// How often the processor is given away where pausing is in vain.
const YIELD_STEPS: u8 = 3;
/// The step that waits for a batch begin with: a third of a microsecond.
const BATCH_STEP: u8 = 5;
/// One wait in so many tries whether it can have a batch.
const TRY_EVERY: u8 = 16;
/// How often a task looks again, after so many pauses each.
const POLL_LOOKS: u8 = 2;
const POLL_PAUSES: u32 = 16;
/// So many values are a batch. Room for fewer is not worth a pause.
const BATCH: usize = 8;
/// Spins in vain, in a row, after which an object gives up on pausing.
const TRIES: u8 = 8;
/// From then on one wait in so many pauses.
const RETRY_EVERY: u8 = 32;

/// What one object has learnt.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Waits in a row that pausing did not end; stays between `TRIES` and `TRIES + RETRY_EVERY` once
    /// there. A hint: races lose nothing but a lesson.
    in_vain: AtomicU8,
    /// The step that a wait begins with.
    first: u8,
    /// Whether waits may be for batches.
    batches: bool,
    /// The waits since the last try; `TRY_EVERY` while waits are for batches. Another hint.
    untried: AtomicU8,
    /// How many moves there had been when the last wait began. Another hint.
    moves: AtomicUsize,
}

impl Patience {
    const_new! {
        pub(crate) fn new() -> Self {
            Self {
                in_vain: AtomicU8::new(0),
                first: 0,
                batches: false,
                untried: AtomicU8::new(0),
                moves: AtomicUsize::new(0)
            }
        }
    }

    /// For those who wait for room among `places`.
    ///
    /// They do not look at once: whoever makes room goes on doing so, and the two would hand every
    /// single place over, a cache line each. The pause is shorter than it takes to empty all places.
    pub(crate) fn for_room(places: usize) -> Self {
        let first = places.ilog2().min(u32::from(PAUSE_STEPS - 1));
        Self {
            first: first as u8,
            ..Self::for_values(places)
        }
    }

    /// For those who wait for values, of which there is room for so many.
    pub(crate) fn for_values(places: usize) -> Self {
        Self {
            batches: places >= BATCH,
            ..Self::new()
        }
    }

    /// A wait begins, after so many moves.
    pub(super) fn begin(&self, moves: usize) -> Spin {
        let mut spin = self.begin_single();
        if spin.rest == Rest::Growing {
            let for_batch = self.batches && self.is_for_batch(moves);
            let batch_step = if for_batch { BATCH_STEP } else { 0 };
            spin.step = self.first.max(batch_step);
        }
        spin
    }

    /// A wait begins that takes one value from whichever of several objects has one first.
    pub(super) fn begin_single(&self) -> Spin {
        let (rest, end) = if self.pausing_pays() {
            (Rest::Growing, PAUSE_STEPS)
        } else {
            (Rest::Yield, if MODEL { 0 } else { YIELD_STEPS })
        };
        Spin { rest, step: 0, end }
    }

    /// The poll of a task has found nothing, after so many moves. `None` if it is not to pause at all.
    pub(super) fn begin_poll(&self, moves: usize) -> Option<Spin> {
        if !self.batches || !self.is_for_batch(moves) {
            return None;
        }
        let end = if self.pausing_pays() { POLL_LOOKS } else { 0 };
        Some(Spin {
            rest: Rest::Even,
            step: 0,
            end,
        })
    }

    fn is_for_batch(&self, moves: usize) -> bool {
        let before = self.moves.load(Relaxed);
        self.moves.store(moves, Relaxed);
        let untried = if moves.wrapping_sub(before) >= BATCH {
            TRY_EVERY
        } else {
            // After a try that was in vain, it starts again from nothing.
            self.untried.load(Relaxed) % TRY_EVERY + 1
        };
        self.untried.store(untried, Relaxed);
        untried == TRY_EVERY
    }

    fn pausing_pays(&self) -> bool {
        !MODEL && cpus() > 1 && self.in_vain.load(Relaxed) <= TRIES
    }

    fn pausing_was_in_vain(&self) {
        let in_vain = self.in_vain.load(Relaxed) + 1;
        let rested = in_vain >= TRIES + RETRY_EVERY;
        self.in_vain
            .store(if rested { TRIES } else { in_vain }, Relaxed);
    }
}

/// The spinning of one wait.
#[derive(Debug)]
pub(super) struct Spin {
    rest: Rest,
    step: u8,
    end: u8,
}

/// What lets the time pass between two looks.
#[derive(Debug, PartialEq, Eq)]
enum Rest {
    /// Pauses, twice as many each time.
    Growing,
    /// Pauses, always as many.
    Even,
    /// The processor is given away.
    Yield,
}

impl Spin {
    /// Lets a little time pass. False when it is time to sleep.
    pub(super) fn step(&mut self, patience: &Patience) -> bool {
        if self.step >= self.end {
            patience.pausing_was_in_vain();
            return false;
        }
        match self.rest {
            Rest::Growing => pause(1 << self.step),
            Rest::Even => pause(POLL_PAUSES),
            Rest::Yield => hint::yield_now(),
        }
        self.step += 1;
        true
    }

    /// The wait ended while spinning.
    pub(super) fn paid(&self, patience: &Patience) {
        if self.rest == Rest::Yield {
            // That giving the processor away has helped says nothing about pausing.
            patience.pausing_was_in_vain();
        } else if patience.in_vain.load(Relaxed) != 0 {
            patience.in_vain.store(0, Relaxed);
        }
    }
}

fn pause(times: u32) {
    for _ in 0..times {
        hint::spin_loop();
    }
}

#[cfg(all(test, not(brigade_loom)))]
mod tests {
    use super::*;

    /// One wait that nothing ends before it would sleep. Returns how it rested.
    fn wait_in_vain(patience: &Patience) -> Rest {
        let mut spin = patience.begin(0);
        while spin.step(patience) {}
        spin.rest
    }

    /// What a wait does on this machine as long as pausing is trusted.
    fn trusting() -> Rest {
        if cpus() > 1 {
            Rest::Growing
        } else {
            Rest::Yield
        }
    }

    #[test]
    fn an_object_gives_up_on_pausing_and_tries_again_now_and_then() {
        let patience = Patience::new();
        for _ in 0..=TRIES {
            assert_eq!(wait_in_vain(&patience), trusting());
        }
        for _ in 0..3 {
            let rests: Vec<_> = (0..RETRY_EVERY).map(|_| wait_in_vain(&patience)).collect();
            let pauses = rests.iter().filter(|rest| **rest != Rest::Yield).count();
            assert_eq!(pauses, usize::from(cpus() > 1));
        }
    }

    #[test]
    fn one_pause_that_pays_restores_the_trust() {
        let patience = Patience::new();
        while patience.in_vain.load(Relaxed) < TRIES {
            wait_in_vain(&patience);
        }
        let spin = patience.begin(0);
        spin.paid(&patience);
        assert_eq!(patience.begin(0).rest, trusting());
        // On a single processor there is no pausing that could have paid.
        assert_eq!(patience.in_vain.load(Relaxed) == 0, cpus() > 1);
    }

    /// The first steps of waits that begin after so many moves.
    fn first_steps(patience: &Patience, moves: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let begin = |moves| patience.begin(moves).step;
        moves.into_iter().map(begin).collect()
    }

    #[test]
    fn waits_are_for_batches_as_long_as_batches_come() {
        if cpus() == 1 {
            // Nobody pauses there.
            return;
        }
        let patience = Patience::for_values(64);
        let tries = usize::from(TRY_EVERY);
        let one_by_one = first_steps(&patience, 0..4 * tries);
        let long = one_by_one
            .iter()
            .filter(|step| **step == BATCH_STEP)
            .count();
        assert_eq!(long, 4);
        let in_batches = first_steps(&patience, (1..10).map(|wait| 1000 + wait * BATCH));
        assert_eq!(in_batches, [BATCH_STEP; 9]);
        assert_eq!(first_steps(&patience, [2000, 2001, 2002])[1..], [0, 0]);
        assert_eq!(first_steps(&Patience::for_values(1), 0..100), [0; 100]);
    }

    #[test]
    fn tasks_pause_only_for_batches() {
        assert!(Patience::new().begin_poll(100).is_none());
        assert!(Patience::for_room(1).begin_poll(100).is_none());
        let patience = Patience::for_values(64);
        assert!(patience.begin_poll(1).is_none());
        let mut looks = 0;
        let mut spin = patience.begin_poll(1 + BATCH).expect("a batch has come");
        while spin.step(&patience) {
            looks += 1;
        }
        assert_eq!(looks, if cpus() > 1 { POLL_LOOKS } else { 0 });
    }
}
