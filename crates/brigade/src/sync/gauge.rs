//! A level that goes up and down, and remembers its maximum.
//!
//! Level and maximum are two words, so that both have room, and the maximum is exact all the same. Who raises the
//! level writes nothing else. **Who lowers it records it first**: the level it is about to leave goes into the
//! peak, and then a compare-exchange leaves exactly that level. So at every moment the maximum is the greater of
//! the peak and the level, and both were really reached.
//!
//! # Periods
//!
//! A reset of the maximum begins a new period. It is one read-modify-write on the level, which carries the number
//! of its period in its upper bits, as the peak carries that of the period it is from:
//!
//! | peak's period, beside the level's | the maximum is |
//! |---|---|
//! | the same | the greater of the two |
//! | older | the level: since the reset nobody has lowered it, and the reset has not yet recorded it |
//! | newer | the level has been read before a reset: read it again |
//!
//! Who wanted to lower a level of an older period does not touch a newer peak, and its compare-exchange fails.
//! Periods start again after 65,536 (256 where a word has 32 bits): to be mistaken, a thread would have to stand
//! still in `sub` while exactly so many resets pass, or half as many for its record to count as a newer one. The
//! peak itself is never far behind, because a reset records the level with which its period begins.
//!
//! This module knows nothing of waiting: no operation of a gauge waits.

#[cfg(all(test, brigade_loom))]
mod model;

use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicUsize;
use crate::prim::const_new;
use std::error::Error;
use std::fmt;

/// The bits of a level; those above are its period's.
const LEVEL_BITS: u32 = usize::BITS / 4 * 3;
const ONE_PERIOD: usize = 1 << LEVEL_BITS;
const MAX: usize = ONE_PERIOD - 1;

/// A level that goes up and down, and remembers its maximum: jobs under way, open connections, bytes held.
///
/// - The level never goes below zero and never above [`MAX`](Self::MAX): who would take it there gets an error, and
///   nothing is changed.
/// - The maximum is exact. Each level that was reached counts, however short it was, and none that was not.
/// - A change acquires and releases: who sees a level sees what was done before it was reached.
///
/// # Examples
///
/// ```
/// use brigade::sync::Gauge;
///
/// let in_flight = Gauge::new();
/// in_flight.add(2)?;
/// in_flight.add(1)?;
/// in_flight.sub(3)?;
/// assert_eq!((in_flight.get(), in_flight.max()), (0, 3));
/// # Ok::<(), brigade::sync::GaugeError>(())
/// ```
pub struct Gauge {
    /// The level and its period.
    level: AtomicUsize,
    /// The highest level that was left, and the period in which that was.
    peak: AtomicUsize,
}

/// Why the level of a gauge was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaugeError {
    /// It would have gone below zero.
    BelowZero,
    /// It would have gone above [`Gauge::MAX`].
    AboveMax,
}

/// A level in its period.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark(usize);

impl Mark {
    fn level(self) -> usize {
        self.0 & MAX
    }

    /// How many periods this is later than `other`; more than half of all are to be taken for earlier.
    fn periods_after(self, other: Self) -> isize {
        // In the upper bits, where the difference wraps as the periods do.
        ((self.0 & !MAX).wrapping_sub(other.0 & !MAX)).cast_signed()
    }
}

impl Gauge {
    /// The highest level: 2<sup>48</sup> - 1, or 2<sup>24</sup> - 1 where a machine word has 32 bits.
    pub const MAX: u64 = MAX as u64;

    const_new! {
        /// A gauge at zero.
        #[must_use]
        pub fn new() -> Self {
            Self { level: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
        }
    }

    /// Raises the level by `n`, and returns what it is then.
    ///
    /// # Errors
    ///
    /// [`GaugeError::AboveMax`], and the level stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Gauge, GaugeError};
    ///
    /// let gauge = Gauge::new();
    /// assert_eq!(gauge.add(5), Ok(5));
    /// assert_eq!(gauge.add(Gauge::MAX), Err(GaugeError::AboveMax));
    /// assert_eq!(gauge.get(), 5);
    /// ```
    #[inline]
    pub fn add(&self, n: u64) -> Result<u64, GaugeError> {
        let mut mark = self.mark();
        loop {
            if n > (MAX - mark.level()) as u64 {
                return Err(GaugeError::AboveMax);
            }
            match self.change(mark, Mark(mark.0 + n as usize)) {
                Ok(level) => return Ok(level),
                Err(now) => mark = now,
            }
        }
    }

    /// Lowers the level by `n`, and returns what it is then.
    ///
    /// # Errors
    ///
    /// [`GaugeError::BelowZero`], and the level stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Gauge, GaugeError};
    ///
    /// let gauge = Gauge::new();
    /// gauge.add(5)?;
    /// assert_eq!(gauge.sub(2), Ok(3));
    /// assert_eq!(gauge.sub(4), Err(GaugeError::BelowZero));
    /// assert_eq!(gauge.get(), 3);
    /// # Ok::<(), GaugeError>(())
    /// ```
    #[inline]
    pub fn sub(&self, n: u64) -> Result<u64, GaugeError> {
        let mut mark = self.mark();
        loop {
            if n > mark.level() as u64 {
                return Err(GaugeError::BelowZero);
            }
            self.record(mark);
            match self.change(mark, Mark(mark.0 - n as usize)) {
                Ok(level) => return Ok(level),
                Err(now) => mark = now,
            }
        }
    }

    /// The level.
    ///
    /// # Examples
    ///
    /// ```
    /// let gauge = brigade::sync::Gauge::new();
    /// gauge.add(7)?;
    /// assert_eq!(gauge.get(), 7);
    /// # Ok::<(), brigade::sync::GaugeError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn get(&self) -> u64 {
        self.mark().level() as u64
    }

    /// The highest level since the gauge was made or [`reset_max`](Self::reset_max) was called.
    ///
    /// # Examples
    ///
    /// ```
    /// let gauge = brigade::sync::Gauge::new();
    /// gauge.add(7)?;
    /// gauge.sub(6)?;
    /// gauge.add(2)?;
    /// assert_eq!(gauge.max(), 7);
    /// # Ok::<(), brigade::sync::GaugeError>(())
    /// ```
    #[must_use]
    pub fn max(&self) -> u64 {
        loop {
            let mark = self.mark();
            let peak = self.peak();
            // A newer peak is of somebody who has seen a newer level, and so do we next time.
            match peak.periods_after(mark) {
                0 => return mark.level().max(peak.level()) as u64,
                ..0 => return mark.level() as u64,
                1.. => {}
            }
        }
    }

    /// Forgets the maximum: from here on it is the level of this moment, until there is a higher one.
    ///
    /// It is one moment for everybody: a level that was left before is forgotten, one that is reached after counts.
    ///
    /// # Examples
    ///
    /// ```
    /// let gauge = brigade::sync::Gauge::new();
    /// gauge.add(7)?;
    /// gauge.sub(6)?;
    /// gauge.reset_max();
    /// assert_eq!(gauge.max(), 1);
    /// # Ok::<(), brigade::sync::GaugeError>(())
    /// ```
    pub fn reset_max(&self) {
        // Out of the top bit the last period goes over into the first.
        let old = self.level.fetch_add(ONE_PERIOD, AcqRel);
        // So that the peak never falls far behind, however long nobody lowers the level.
        self.record(Mark(old.wrapping_add(ONE_PERIOD)));
    }

    #[inline]
    fn mark(&self) -> Mark {
        Mark(self.level.load(Acquire))
    }

    fn peak(&self) -> Mark {
        Mark(self.peak.load(Acquire))
    }

    #[inline]
    fn change(&self, old: Mark, new: Mark) -> Result<u64, Mark> {
        match self.level.compare_exchange(old.0, new.0, AcqRel, Acquire) {
            Ok(_) => Ok(new.level() as u64),
            Err(now) => Err(Mark(now)),
        }
    }

    /// Sees to it that the peak is at least that of `reached`, unless it is of a newer period.
    #[inline]
    fn record(&self, reached: Mark) {
        let mut peak = self.peak();
        loop {
            let later = reached.periods_after(peak);
            if later < 0 || (later == 0 && reached.level() <= peak.level()) {
                return;
            }
            match self
                .peak
                .compare_exchange(peak.0, reached.0, AcqRel, Acquire)
            {
                Ok(_) => return,
                Err(now) => peak = Mark(now),
            }
        }
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge")
            .field("level", &self.get())
            .field("max", &self.max())
            .finish()
    }
}

impl fmt::Display for GaugeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BelowZero => f.write_str("the gauge would have gone below zero"),
            Self::AboveMax => write!(f, "the gauge would have gone above {}", Gauge::MAX),
        }
    }
}

impl Error for GaugeError {}
