//! How long a thread spins before it sleeps: bounded, and learnt by each object.
//!
//! Waking a sleeping thread costs microseconds (6 to 40 on the virtual machines this was measured
//! on), a few pauses cost nanoseconds. Spinning for as long as a wake costs is at most twice as
//! dear as the best choice in hindsight (Karlin et al., "Competitive randomized algorithms for
//! nonuniform problems", 1990). So a wait spins in growing steps, then sleeps. An object at which that was in vain many times in a row goes to
//! sleep almost at once, and tries the whole spin only now and then.
//!
//! Giving the processor away instead (`sched_yield`) looks good where threads outnumber processors, and
//! is a trap where they do not: two threads that the system has put on one processor stay there, because
//! neither ever sleeps. So that is left to the single processor, where the one who is waited for cannot
//! run while others spin.

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicU8;
use crate::prim::{MODEL, const_new, cpus, hint};

/// Steps of 1, 2, 4 ... pauses: 511 in all, about as long as it takes to wake a thread.
const STEPS: u8 = 9;
/// What is left where spinning is in vain.
const FEWEST_STEPS: u8 = 3;
/// Whole spins in vain, in a row, after which an object gives up on them.
const TRIES: u8 = 8;
/// From then on one wait in so many spins in full.
const RETRY_EVERY: u8 = 32;

/// What one object has learnt.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Waits in a row that ended asleep; stays between `TRIES` and `TRIES + RETRY_EVERY` once there.
    /// A hint: races lose nothing but a lesson.
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
        let first = places.ilog2().min(u32::from(STEPS - 1));
        Self {
            first: first as u8,
            ..Self::new()
        }
    }

    /// A wait begins.
    pub(super) fn begin(&self) -> Spin {
        let in_vain = self.in_vain.load(Relaxed);
        let steps = if in_vain <= TRIES {
            STEPS
        } else {
            FEWEST_STEPS.max(self.first + 1)
        };
        Spin {
            step: self.first,
            steps: if MODEL { 0 } else { steps },
        }
    }

    /// A wait ends asleep.
    fn failed(&self) {
        let in_vain = self.in_vain.load(Relaxed) + 1;
        self.in_vain.store(
            if in_vain > TRIES + RETRY_EVERY {
                TRIES
            } else {
                in_vain
            },
            Relaxed,
        );
    }
}

/// The spinning of one wait.
#[derive(Debug)]
pub(super) struct Spin {
    step: u8,
    steps: u8,
}

impl Spin {
    /// Lets a little time pass. False when it is time to sleep.
    pub(super) fn step(&mut self, patience: &Patience) -> bool {
        if self.step >= self.steps {
            patience.failed();
            return false;
        }
        if cpus() > 1 {
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
        if patience.in_vain.load(Relaxed) != 0 {
            patience.in_vain.store(0, Relaxed);
        }
    }
}
