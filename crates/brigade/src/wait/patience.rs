//! How long a thread spins before it sleeps: bounded, and learnt by each object.
//!
//! Waking a sleeping thread costs microseconds (6 to 40 on the virtual machines this was measured
//! on), a few pauses cost nanoseconds. Spinning for as long as a wake costs is at most twice as
//! dear as the best choice in hindsight (Karlin et al., "Competitive randomized algorithms for
//! nonuniform problems", 1990). So a wait spins in growing steps, then gives the processor to
//! others a few times, then sleeps. An object at which that was in vain many times in a row goes to
//! sleep almost at once, and tries the whole spin only now and then.
//!
//! Spinning never helps on a single processor: the one who is waited for cannot run meanwhile.
//! There only the yields are left.

use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicU8;
use crate::prim::{MODEL, const_new, cpus, hint};

/// Steps of 1, 2, 4 ... pauses: 127 in all, a microsecond or two.
const PAUSE_STEPS: u8 = 7;
/// Then as many times the processor is given away.
const YIELD_STEPS: u8 = 6;
const STEPS: u8 = PAUSE_STEPS + YIELD_STEPS;
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
}

impl Patience {
    const_new! {
        pub(crate) fn new() -> Self {
            Self { in_vain: AtomicU8::new(0) }
        }
    }

    /// A wait begins.
    pub(super) fn begin(&self) -> Spin {
        let in_vain = self.in_vain.load(Relaxed);
        let steps = if in_vain <= TRIES {
            STEPS
        } else {
            FEWEST_STEPS
        };
        Spin {
            step: 0,
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
        if self.step < PAUSE_STEPS && cpus() > 1 {
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
