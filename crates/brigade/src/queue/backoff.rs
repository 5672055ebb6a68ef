//! How to look again at something that another thread is about to finish.
//!
//! Not for waiting: what is looked for is a few instructions away, unless the other thread has lost
//! its processor. So pause a little more each time, then give the processor away.

use crate::prim::{MODEL, hint};

/// Doublings of the pause before the other thread is taken to be off its processor.
const PAUSE_STEPS: u32 = if MODEL { 0 } else { 6 };

/// Counts the looks.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    step: u32,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Another thread was faster: it has made progress, so this one only steps aside.
    #[inline]
    pub(crate) fn lost_race(&mut self) {
        if !self.is_long() {
            self.pause();
        }
    }

    /// Another thread is not finished.
    #[inline]
    pub(crate) fn look_again(&mut self) {
        if !self.is_long() {
            self.pause();
        } else {
            hint::yield_now();
        }
    }

    fn pause(&mut self) {
        for _ in 0..1u32 << self.step {
            hint::spin_loop();
        }
        self.step += 1;
    }

    /// Whether the pauses have been used up.
    pub(crate) fn is_long(&self) -> bool {
        self.step == PAUSE_STEPS
    }
}
