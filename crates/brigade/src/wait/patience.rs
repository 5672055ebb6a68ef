//! How long a thread spins before it sleeps: bounded, and learnt by each object.
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

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicU8;
use crate::prim::{MODEL, const_new, cpus, hint};

/// Steps of 1, 2, 4 ... pauses: 511 in all, about as long as it takes to wake a thread.
const PAUSE_STEPS: u8 = 9;
/// How often the processor is given away where pausing is in vain.
const YIELD_STEPS: u8 = 3;
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
}

impl Patience {
    const_new! {
        pub(crate) fn new() -> Self {
            Self { in_vain: AtomicU8::new(0), first: 0 }
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
            ..Self::new()
        }
    }

    /// A wait begins.
    pub(super) fn begin(&self) -> Spin {
        let pauses = cpus() > 1 && self.in_vain.load(Relaxed) <= TRIES;
        let (step, end) = match (MODEL, pauses) {
            (true, _) => (0, 0),
            (false, true) => (self.first, PAUSE_STEPS),
            (false, false) => (0, YIELD_STEPS),
        };
        Spin { step, end, pauses }
    }

    fn pausing_was_in_vain(&self) {
        let in_vain = self.in_vain.load(Relaxed) + 1;
        let rested = in_vain > TRIES + RETRY_EVERY;
        self.in_vain
            .store(if rested { TRIES } else { in_vain }, Relaxed);
    }
}

/// The spinning of one wait.
#[derive(Debug)]
pub(super) struct Spin {
    step: u8,
    end: u8,
    /// Whether it pauses, or else gives the processor away.
    pauses: bool,
}

impl Spin {
    /// Lets a little time pass. False when it is time to sleep.
    pub(super) fn step(&mut self, patience: &Patience) -> bool {
        if self.step >= self.end {
            patience.pausing_was_in_vain();
            return false;
        }
        if self.pauses {
            for _ in 0..1u32 << self.step {
                hint::spin_loop();
            }
        } else {
            hint::yield_now();
        }
        self.step += 1;
        true
    }

    /// The wait ended while spinning.
    pub(super) fn paid(&self, patience: &Patience) {
        if !self.pauses {
            // That giving the processor away has helped says nothing about pausing.
            patience.pausing_was_in_vain();
        } else if patience.in_vain.load(Relaxed) != 0 {
            patience.in_vain.store(0, Relaxed);
        }
    }
}
