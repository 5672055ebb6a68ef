//! How long a thread spins before it sleeps: bounded, and learnt by each object.
//!
//! Waking a sleeping thread costs microseconds (6 to 40 on the virtual machines this was measured
//! on), a few pauses cost nanoseconds. Spinning for as long as a wake costs is at most twice as
//! dear as the best choice in hindsight (Karlin et al., "Competitive randomized algorithms for
//! nonuniform problems", 1990). So a wait spins in growing steps, then gives the processor to
//! others a few times, then sleeps; and an object whose spinning does not pay spins less.
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
/// What is left to one whose spinning never pays: enough to notice when it does again.
const FEWEST_STEPS: u8 = 3;

/// What one object has learnt.
#[derive(Debug)]
pub(crate) struct Patience {
    /// How many steps pay here. A hint: races lose nothing but a lesson.
    steps: AtomicU8,
}

impl Patience {
    const_new! {
        pub(crate) fn new() -> Self {
            Self { steps: AtomicU8::new(STEPS) }
        }
    }

    /// A wait begins.
    pub(super) fn begin(&self) -> Spin {
        Spin {
            step: 0,
            budget: if MODEL { 0 } else { self.steps.load(Relaxed) },
        }
    }

    fn learn(&self, spin: &Spin, steps: u8) {
        if spin.budget != steps {
            self.steps.store(steps, Relaxed);
        }
    }
}

/// The spinning of one wait.
#[derive(Debug)]
pub(super) struct Spin {
    step: u8,
    budget: u8,
}

impl Spin {
    /// Lets a little time pass. False when it is time to sleep.
    pub(super) fn step(&mut self, patience: &Patience) -> bool {
        if self.step >= self.budget {
            patience.learn(self, self.budget.saturating_sub(1).max(FEWEST_STEPS));
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
        patience.learn(self, (self.budget + 2).min(STEPS));
    }
}
