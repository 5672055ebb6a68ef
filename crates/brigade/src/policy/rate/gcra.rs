//! The word of a rate limit: the generic cell rate algorithm (ITU-T I.371), with slots that can be given back.
//!
//! # The protocol
//!
//! Time is a number of ticks since the limit was made. At the rate, one permit costs an `interval` of them. The word
//! is the *end*: the time at which everything that has been given out will have been paid for. While it is in the
//! past nothing is owed.
//!
//! **To reserve** at the time `now` is to move the end, by compare-exchange, from `word` to
//! `max(word, now) + cost`. What lies between is a *slot*, and it belongs to whoever moved the end. It may be used
//! from `end - burst * interval` on. If that is now or in the past, there is nothing to wait for.
//!
//! **The bound.** Take the slots that are used in some span from `s` to `e`, each at the moment that its owner took
//! for now or, if later, when it could be used. Slots do not overlap. Each begins at `s` or later: at its owner's
//! `now` or after it, and a cost, which is at most the burst, before an end that is a whole burst after its use. Each
//! ends at `e + burst * interval` at the latest, or it could not be used by `e`. So permits in them, `n`, have
//! `n * interval <= e - s + burst * interval`: never more than the burst and what the rate gives in the span. This
//! does not depend on the order of the owners' clock readings. An owner that comes late, to the compare-exchange or
//! after its sleep, has waited longer than it had to, and moves nobody else's slot.
//!
//! **To give back** is to move the end from the slot's end back to its beginning, and only if the end is still there.
//! Whoever has a slot that was reserved later has one that ends later, and the end is not before it. So if the end is
//! this slot's, nobody has come after, or all who did have given back. Each slot is given back once. If somebody has
//! come after, their times are fixed, and the slot lapses: to move the end all the same would give a time away that
//! somebody has.
//!
//! **Order.** All changes are read-modify-writes of one location, and nothing else is published through it: so all of
//! it is relaxed. There is no handshake, because nobody is woken. Time wakes those who wait.
//!
//! This file does not know the clock, and waits for nobody.

#[cfg(all(test, brigade_loom))]
mod model;
#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests;

use super::BadRate;
use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicU64;
use std::time::Duration;

/// So fine that an interval that is no whole number of them is rounded up by less than a sixteenth of a nanosecond, and
/// so coarse that a word of them lasts for 36 years.
const TICKS_PER_NANO: u64 = 16;
/// The longest burst in ticks, 9 years: so that there is always room for it behind the time.
const LONGEST: u64 = u64::MAX / 4;

/// So many ticks; whole nanoseconds. The last number stands for everything beyond.
pub(super) fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos())
        .unwrap_or(u64::MAX)
        .saturating_mul(TICKS_PER_NANO)
}

/// The time of so many ticks, rounded up: nobody goes early.
pub(super) fn time(ticks: u64) -> Duration {
    Duration::from_nanos(ticks.div_ceil(TICKS_PER_NANO))
}

/// What a permit costs, and how many there are at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    interval: u64,
    burst: u32,
}

impl Rate {
    /// `count` in every `period`, one at a time.
    pub(super) fn new(count: u32, period: Duration) -> Result<Self, BadRate> {
        if count == 0 {
            return Err(BadRate::ZeroCount);
        }
        if period.is_zero() {
            return Err(BadRate::ZeroPeriod);
        }
        let ticks = period.as_nanos() * u128::from(TICKS_PER_NANO);
        let interval = ticks.div_ceil(u128::from(count));
        match u64::try_from(interval) {
            Ok(interval) => Self { interval, burst: 1 }.checked(),
            Err(_) => Err(BadRate::TooLong),
        }
    }

    /// So many at once.
    pub(super) fn with_burst(self, burst: u32) -> Result<Self, BadRate> {
        if burst == 0 {
            return Err(BadRate::ZeroBurst);
        }
        Self { burst, ..self }.checked()
    }

    fn checked(self) -> Result<Self, BadRate> {
        match self.interval.checked_mul(u64::from(self.burst)) {
            Some(tolerance) if tolerance <= LONGEST => Ok(self),
            _ => Err(BadRate::TooLong),
        }
    }

    pub(super) fn burst(self) -> u32 {
        self.burst
    }

    /// Of at most a burst of permits.
    fn cost(self, count: u32) -> u64 {
        debug_assert!(count <= self.burst, "so many never come at once");
        self.interval * u64::from(count)
    }
}

/// The end of what has been given out.
#[derive(Debug)]
pub(super) struct Word(AtomicU64);

/// What one caller has reserved.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a slot that nobody uses is given back"]
pub(super) struct Slot {
    begin: u64,
    end: u64,
    /// When it may be used.
    pub(super) at: u64,
}

/// There is no slot that begins in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLate {
    /// The next could be used at this time.
    Until(u64),
    /// The next ends beyond what the word can say.
    Never,
}

impl Word {
    /// Nothing is owed.
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Reserves the next slot, if it may be used at `latest` or before, or now.
    pub(super) fn reserve(
        &self,
        rate: Rate,
        count: u32,
        now: u64,
        latest: u64,
    ) -> Result<Slot, TooLate> {
        let (cost, tolerance) = (rate.cost(count), rate.cost(rate.burst));
        let mut word = self.0.load(Relaxed);
        loop {
            let begin = word.max(now);
            let Some(end) = begin.checked_add(cost) else {
                return Err(TooLate::Never);
            };
            let at = end.saturating_sub(tolerance);
            if at > latest.max(now) {
                return Err(TooLate::Until(at));
            }
            match self.0.compare_exchange_weak(word, end, Relaxed, Relaxed) {
                Ok(_) => return Ok(Slot { begin, end, at }),
                Err(current) => word = current,
            }
        }
    }

    /// Gives a slot back that has not been used. Returns whether it can be reserved again.
    pub(super) fn give_back(&self, slot: Slot) -> bool {
        self.0
            .compare_exchange(slot.end, slot.begin, Relaxed, Relaxed)
            .is_ok()
    }
}
