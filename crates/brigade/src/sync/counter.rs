//! A counter that many threads add to at once.
//!
//! The count is one word. The first two threads that meet there spread it over cells, one per processor and each on
//! cache lines of its own, as in the `LongAdder` of Java (Doug Lea, after the dynamic striping of Dice, Lev and
//! Moir, "Scalable statistics counters", 2013). The count is the sum of all words.
//!
//! # An add that meets nobody
//!
//! Beside each word stands who added to it last, as a hint. If that is the calling thread, it adds by one
//! unconditional read-modify-write, the cheapest there is. If not, it adds by compare-exchange, because that one
//! fails if somebody adds at the same moment: then the counter is spread, or the thread takes another cell. It does
//! so too if it finds often that others have been in its cell.
//!
//! # Nothing wraps
//!
//! A word above `MAX` has overflowed, and whoever made it so, or adds to it, sets it to `MAX + 1`. An unconditional
//! add is of less than half the bits of a word. So a word would wrap only if more threads than half its bits can
//! count were between these two steps at once.
//!
//! This module knows nothing of waiting: no operation of a counter waits.

#[cfg(all(test, brigade_loom))]
mod model;

use super::places::{self, Places, View};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::{AtomicPtr, AtomicUsize};
use crate::prim::{MODEL, PlainAtomicUsize, const_new, thread};
use crossbeam_utils::CachePadded;
use std::error::Error;
use std::fmt;
use std::ptr;

/// The most that a word counts.
const MAX: usize = usize::MAX >> 1;
/// A word that has overflowed.
const OVERFLOWN: usize = MAX + 1;
/// The most that is added without looking first.
const SMALL: u64 = (usize::MAX >> (usize::BITS / 2)) as u64;

/// Counts what many threads do at once.
///
/// It takes three machine words while one thread at a time adds. When two threads meet, it spreads over memory of
/// several cache lines, so that each can add in a place of its own, and keeps it until it is dropped. Adding then costs the same
/// however many threads do it; [`sum`](Self::sum) becomes dearer.
///
/// - Every add that happened before a `sum` (in the same thread, or by a join, a channel, a lock) is in it. One
///   that runs at the same time may be or not be.
/// - Every add is in exactly one [`reset`](Self::reset), or still there.
/// - It counts up to [`MAX`](Self::MAX). What is more shows as `MAX`, or as an error in
///   [`try_sum`](Self::try_sum), and never starts again from zero.
/// - It orders nothing else: who sees a count has not thereby seen what was done before it was added.
///
/// # Examples
///
/// ```
/// use brigade::sync::Counter;
/// use std::thread;
///
/// static SERVED: Counter = Counter::new();
///
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| (0..1000).for_each(|_| SERVED.increment()));
///     }
/// });
/// assert_eq!(SERVED.sum(), 4000);
/// ```
pub struct Counter {
    /// Until it is spread, all of the count; after that it stays as it is.
    alone: Cell,
    /// What `Places::into_raw` has made of the cells; null until they are needed.
    spread: AtomicPtr<CachePadded<Cell>>,
}

/// The counter has counted more than [`Counter::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterOverflowError;

#[derive(Debug)]
struct Cell {
    count: AtomicUsize,
    /// The number of the thread that was here last. A hint, which models need not see.
    last: PlainAtomicUsize,
}

impl Counter {
    /// The most that it counts: 2<sup>63</sup> - 1, or 2<sup>31</sup> - 1 where a machine word has 32 bits.
    pub const MAX: u64 = MAX as u64;

    const_new! {
        /// A counter at zero. Allocates nothing.
        #[must_use]
        pub fn new() -> Self {
            Self { alone: Cell::new(), spread: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Adds `n`.
    ///
    /// # Examples
    ///
    /// ```
    /// let bytes = brigade::sync::Counter::new();
    /// bytes.add(512);
    /// bytes.add(88);
    /// assert_eq!(bytes.sum(), 600);
    /// ```
    #[inline]
    pub fn add(&self, n: u64) {
        let cell = match self.spread() {
            Some(cells) => cells.here(),
            None => &self.alone,
        };
        if n > SMALL || !cell.is_ours() {
            return self.add_looking(cell, n);
        }
        let n = n as usize;
        if cell.count.fetch_add(n, Relaxed).wrapping_add(n) > MAX {
            cell.overflow();
        }
    }

    /// Adds one.
    ///
    /// # Examples
    ///
    /// ```
    /// let requests = brigade::sync::Counter::new();
    /// requests.increment();
    /// assert_eq!(requests.sum(), 1);
    /// ```
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// The count: [`MAX`](Self::MAX) if it is that or more.
    ///
    /// All adds that happened before are in it. It is not the picture of one moment: of those that run at the
    /// same time it may hold a later one and not an earlier one. Between two resets it never goes down.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Counter;
    ///
    /// let counter = Counter::new();
    /// counter.add(Counter::MAX);
    /// counter.increment();
    /// assert_eq!(counter.sum(), Counter::MAX);
    /// ```
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.fold(|cell| cell.count.load(Relaxed)).min(Self::MAX)
    }

    /// The count, if it has not overflowed.
    ///
    /// # Errors
    ///
    /// If it is more than [`MAX`](Self::MAX). It stays so until [`reset`](Self::reset).
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Counter, CounterOverflowError};
    ///
    /// let counter = Counter::new();
    /// counter.add(Counter::MAX);
    /// assert_eq!(counter.try_sum(), Ok(Counter::MAX));
    /// counter.increment();
    /// assert_eq!(counter.try_sum(), Err(CounterOverflowError));
    /// ```
    pub fn try_sum(&self) -> Result<u64, CounterOverflowError> {
        match self.fold(|cell| cell.count.load(Relaxed)) {
            sum if sum > Self::MAX => Err(CounterOverflowError),
            sum => Ok(sum),
        }
    }

    /// Takes the count out and starts again from zero.
    ///
    /// An add that runs at the same time is in what comes back or is left for the next, never lost and never in
    /// both. A [`sum`](Self::sum) that runs at the same time may find a part already taken. Comes back as
    /// [`MAX`](Self::MAX) if it is that or more.
    ///
    /// # Examples
    ///
    /// ```
    /// let errors = brigade::sync::Counter::new();
    /// errors.add(3);
    /// assert_eq!(errors.reset(), 3); // the last minute
    /// errors.add(1);
    /// assert_eq!(errors.reset(), 1); // and this one
    /// ```
    pub fn reset(&self) -> u64 {
        self.fold(|cell| cell.count.swap(0, Relaxed)).min(Self::MAX)
    }

    /// The sum over all words. Above `MAX` if the count is.
    fn fold(&self, take: impl Fn(&Cell) -> usize) -> u64 {
        let alone = take(&self.alone) as u64;
        let cells = self.spread().map_or(&[][..], |cells| cells.all());
        // Whoever has spread the counter has added since, if that happened before us: then we see the cells.
        cells
            .iter()
            .fold(alone, |sum, cell| sum.saturating_add(take(cell) as u64))
    }

    #[inline(always)]
    fn spread(&self) -> Option<View<'_, Cell>> {
        // SAFETY: `spread_out` has stored what `into_raw` returned, and only the drop of the counter takes it
        // back, which is borrowed.
        unsafe { View::of_raw(self.spread.load(Acquire)) }
    }

    /// Adds, and finds out whether somebody else does so at the same moment.
    #[cold]
    fn add_looking(&self, cell: &Cell, n: u64) {
        let n = usize::try_from(n).map_or(OVERFLOWN, |n| n.min(OVERFLOWN));
        let mut met = false;
        let mut old = cell.count.load(Relaxed);
        loop {
            let new = if old > MAX {
                OVERFLOWN
            } else {
                (old + n).min(OVERFLOWN)
            };
            match cell.count.compare_exchange(old, new, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(now) => old = now,
            }
            met = true;
        }
        cell.last.store(thread::number(), Relaxed);
        match (self.spread().is_some(), met) {
            (true, true) => places::move_on(),
            // Two that take turns here may never meet in the act, and pay for it all the same.
            (true, false) => places::meet(),
            (false, true) => self.spread_out(),
            (false, false) => {}
        }
    }

    fn spread_out(&self) {
        let cells = Places::new(Cell::new).into_raw();
        let spread = self
            .spread
            .compare_exchange(ptr::null_mut(), cells, AcqRel, Relaxed);
        if spread.is_err() {
            // SAFETY: made above, and nobody else has seen it.
            drop(unsafe { Places::from_raw(cells) });
        }
    }
}

impl Cell {
    const_new! {
        fn new() -> Self {
            Self { count: AtomicUsize::new(0), last: PlainAtomicUsize::new(0) }
        }
    }

    /// Whether the calling thread was the last to add here. In models nobody was: there the thread that looks
    /// first has something to show.
    #[inline(always)]
    fn is_ours(&self) -> bool {
        !MODEL && self.last.load(Relaxed) == thread::number()
    }

    #[cold]
    fn overflow(&self) {
        let mut old = self.count.load(Relaxed);
        // Not if it has been reset meanwhile.
        while old > OVERFLOWN {
            match self
                .count
                .compare_exchange(old, OVERFLOWN, Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(now) => old = now,
            }
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        let cells = self.spread.load(Acquire);
        if !cells.is_null() {
            // SAFETY: stored by `spread_out`, which gave it away, and nobody borrows the counter any more.
            drop(unsafe { Places::from_raw(cells) });
        }
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").field("sum", &self.sum()).finish()
    }
}

impl fmt::Display for CounterOverflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the counter has counted more than {}", Counter::MAX)
    }
}

impl Error for CounterOverflowError {}
