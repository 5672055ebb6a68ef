//! How long to wait before something is tried again: delays that grow, and when there are no more of them.
//!
//! It is arithmetic. It reads no clock, waits for nobody, and does not know what is tried.

use crate::prim::random;
use std::iter::FusedIterator;
use std::time::Duration;

/// The attempts of a policy that says nothing of them.
const ATTEMPTS: u32 = 5;

/// Delays between attempts, each longer than the one before, up to a ceiling.
///
/// A policy is a value: it can be cloned, kept in a static and used by many at once.
///
/// | | [`exponential`](Self::exponential) | [`constant`](Self::constant) |
/// |---|---|---|
/// | factor | 2 | 1 |
/// | ceiling | a minute | none |
/// | jitter | [`Full`](Jitter::Full) | [`None`](Jitter::None) |
/// | attempts | 5 | 5 |
/// | time in all | no limit | no limit |
///
/// # Examples
///
/// ```
/// use brigade::policy::{Backoff, Jitter};
/// use std::time::Duration;
///
/// let backoff = Backoff::exponential(Duration::from_millis(100))
///     .ceiling(Duration::from_millis(500))
///     .jitter(Jitter::None)
///     .attempts(6);
/// let delays: Vec<_> = backoff.delays().map(|delay| delay.as_millis()).collect();
/// // Between six attempts there are five delays.
/// assert_eq!(delays, [100, 200, 400, 500, 500]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    /// Finite or not, at least 1.
    factor: f64,
    ceiling: Duration,
    jitter: Jitter,
    attempts: Option<u32>,
    total: Option<Duration>,
    seed: Option<u64>,
}

/// What chance does to a delay, so that those who have failed together do not come back together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Nothing.
    None,
    /// It takes away up to one half.
    Equal,
    /// It takes away up to all of it. Of the three this spreads those best who come back.
    #[default]
    Full,
}

impl Backoff {
    /// Delays of which the first is `first`, and each of the others twice the one before, up to a minute.
    #[must_use]
    pub const fn exponential(first: Duration) -> Self {
        Self {
            first,
            factor: 2.0,
            ceiling: Duration::from_secs(60),
            jitter: Jitter::Full,
            attempts: Some(ATTEMPTS),
            total: None,
            seed: None,
        }
    }

    /// Delays that are all the same.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self {
            first: delay,
            factor: 1.0,
            ceiling: Duration::MAX,
            jitter: Jitter::None,
            attempts: Some(ATTEMPTS),
            total: None,
            seed: None,
        }
    }

    /// By how much each delay is longer than the one before. Less than 1, or no number, is 1.
    #[must_use]
    pub const fn factor(self, factor: f64) -> Self {
        // Not the other way round: nothing is more than what is no number.
        let factor = if factor > 1.0 { factor } else { 1.0 };
        Self { factor, ..self }
    }

    /// No delay is longer than this, and none longer than 584 years.
    #[must_use]
    pub const fn ceiling(self, ceiling: Duration) -> Self {
        Self { ceiling, ..self }
    }

    /// What chance does to each delay.
    #[must_use]
    pub const fn jitter(self, jitter: Jitter) -> Self {
        Self { jitter, ..self }
    }

    /// How often something is tried, the first time included. There is always a first time: 0 is 1.
    #[must_use]
    pub const fn attempts(self, attempts: u32) -> Self {
        let attempts = Some(attempts);
        Self { attempts, ..self }
    }

    /// There is no limit to the number of attempts.
    #[must_use]
    pub const fn endless(self) -> Self {
        Self {
            attempts: None,
            ..self
        }
    }

    /// No attempt begins later than so long after the first. A delay that would end later is not begun.
    ///
    /// An attempt that is under way is not ended by this. What waits can be: see [`cancel`](crate::cancel).
    #[must_use]
    pub const fn total(self, total: Duration) -> Self {
        let total = Some(total);
        Self { total, ..self }
    }

    /// Chance has the same in store for everybody who uses this policy: for tests.
    #[must_use]
    pub const fn seed(self, seed: u64) -> Self {
        let seed = Some(seed);
        Self { seed, ..self }
    }

    /// The delays, one after each attempt but the last.
    ///
    /// As an iterator it takes the attempts to need no time: the limit of time in all is that of the sum of the delays.
    #[must_use]
    pub fn delays(&self) -> Delays {
        Delays {
            seed: self.seed_or_random(),
            failures: 0,
            given: Duration::ZERO,
            backoff: self.clone(),
        }
    }

    /// The delay after so many failures in a row; `None` if there are no more attempts.
    ///
    /// For those who keep the number of failures elsewhere, as in a database. Before the first failure there is no
    /// delay. The limit of time in all is not looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::policy::Backoff;
    /// use std::time::Duration;
    ///
    /// let minute = Duration::from_secs(60);
    /// let backoff = Backoff::constant(minute).factor(10.0).attempts(3);
    /// assert_eq!(backoff.delay_after(2), Some(10 * minute));
    /// assert_eq!(backoff.delay_after(3), None);
    /// ```
    #[must_use]
    pub fn delay_after(&self, failures: u32) -> Option<Duration> {
        if !self.allows_another(failures) {
            return None;
        }
        let Some(before) = failures.checked_sub(1) else {
            return Some(Duration::ZERO);
        };
        Some(self.delay(before, draw(self.seed_or_random(), failures.into())))
    }

    /// A number for chance to begin with.
    pub(super) fn seed_or_random(&self) -> u64 {
        self.seed
            .unwrap_or_else(|| u64::from(random()) << 32 | u64::from(random()))
    }

    fn allows_another(&self, made: u32) -> bool {
        self.attempts.is_none_or(|attempts| made < attempts.max(1))
    }

    /// The delay after the first and so many more failures, by a number of chance, whatever the limits are.
    pub(super) fn delay(&self, times: u32, chance: u64) -> Duration {
        let grown = nanos(self.first) as f64 * power(self.factor, times);
        // The cast takes what is too large for the largest, and what is no number (zero, infinitely often) for zero.
        let delay = (grown.round() as u64).min(nanos(self.ceiling));
        Duration::from_nanos(self.jitter.applied_to(delay, chance))
    }
}

impl Jitter {
    fn applied_to(self, delay: u64, chance: u64) -> u64 {
        match self {
            Self::None => delay,
            Self::Equal => delay - up_to(delay / 2, chance),
            Self::Full => up_to(delay, chance),
        }
    }
}

/// The delays of a [`Backoff`], made by [`delays`](Backoff::delays).
#[derive(Clone, Debug)]
pub struct Delays {
    backoff: Backoff,
    seed: u64,
    /// How many delays there have been.
    failures: u32,
    /// Their sum.
    given: Duration,
}

/// Why there are no more delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsedUp {
    Attempts,
    Time,
}

impl Delays {
    /// The delay after one more failure, `elapsed` after the first attempt began.
    pub(super) fn after(&mut self, elapsed: Duration) -> Result<Duration, UsedUp> {
        let failures = self.failures.saturating_add(1);
        if !self.backoff.allows_another(failures) {
            return Err(UsedUp::Attempts);
        }
        let chance = draw(self.seed, failures.into());
        let delay = self.backoff.delay(self.failures, chance);
        let total = self.backoff.total.unwrap_or(Duration::MAX);
        if elapsed.saturating_add(delay) > total {
            return Err(UsedUp::Time);
        }
        self.failures = failures;
        Ok(delay)
    }
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delay = self.after(self.given).ok()?;
        self.given = self.given.saturating_add(delay);
        Some(delay)
    }
}

/// Whatever limit has been reached is not gone again: chance draws by the number of failures, which stays.
impl FusedIterator for Delays {}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `factor`, which is at least 1, multiplied by itself so many times: by squares, the same on every machine.
fn power(factor: f64, times: u32) -> f64 {
    let (mut power, mut square, mut left) = (1.0, factor, times);
    while left > 0 {
        if left % 2 == 1 {
            power *= square;
        }
        square *= square;
        left /= 2;
    }
    power
}

/// A number from 0 to `most`.
fn up_to(most: u64, chance: u64) -> u64 {
    ((u128::from(chance) * (u128::from(most) + 1)) >> 64) as u64
}

/// The number that comes `at`-th from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
pub(super) fn draw(seed: u64, at: u64) -> u64 {
    let mut x = seed.wrapping_add(at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn plain(first: Duration) -> Backoff {
        Backoff::exponential(first).jitter(Jitter::None)
    }

    fn millis(backoff: &Backoff, count: usize) -> Vec<u128> {
        let delays = backoff.delays().take(count);
        delays.map(|delay| delay.as_millis()).collect()
    }

    #[test]
    fn delays_grow_by_the_factor_up_to_the_ceiling() {
        let doubling = plain(100 * MILLI).ceiling(1000 * MILLI).endless();
        assert_eq!(millis(&doubling, 6), [100, 200, 400, 800, 1000, 1000]);
        let slower = doubling.clone().factor(1.5);
        assert_eq!(millis(&slower, 4), [100, 150, 225, 337]);
        // Below the resolution of the clock too.
        let tiny = plain(Duration::from_nanos(1)).factor(1.2).endless();
        assert!(tiny.delays().nth(30).unwrap() > Duration::from_nanos(200));
        let low = plain(500 * MILLI).ceiling(20 * MILLI);
        assert_eq!(millis(&low, 2), [20, 20]);
    }

    #[test]
    fn there_is_one_delay_fewer_than_attempts() {
        for (attempts, delays) in [(0, 0), (1, 0), (2, 1), (7, 6)] {
            let backoff = plain(MILLI).attempts(attempts);
            assert_eq!(backoff.delays().count(), delays);
            assert!(backoff.delay_after(delays as u32).is_some());
            assert_eq!(backoff.delay_after(delays as u32 + 1), None);
        }
        assert_eq!(Backoff::constant(MILLI).delays().count(), 4);
    }

    #[test]
    fn no_delay_ends_beyond_the_time_in_all() {
        let backoff = plain(100 * MILLI).endless().total(700 * MILLI);
        assert_eq!(millis(&backoff, 9), [100, 200, 400]);
        let mut delays = backoff.delays();
        assert_eq!(delays.after(600 * MILLI), Ok(100 * MILLI));
        assert_eq!(delays.after(501 * MILLI), Err(UsedUp::Time));
        // The refusal has used up nothing.
        assert_eq!(delays.after(500 * MILLI), Ok(200 * MILLI));
    }

    #[test]
    fn the_limit_of_attempts_is_told_before_that_of_time() {
        let backoff = plain(MILLI).attempts(1).total(Duration::ZERO);
        assert_eq!(backoff.delays().after(MILLI), Err(UsedUp::Attempts));
    }

    #[test]
    fn a_seed_settles_everything() {
        let backoff = Backoff::exponential(MILLI).attempts(50);
        let of = |seed| backoff.clone().seed(seed).delays().collect::<Vec<_>>();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let seeded = backoff.clone().seed(1);
        let one_by_one: Vec<_> = (1..50).filter_map(|n| seeded.delay_after(n)).collect();
        assert_eq!(one_by_one, of(1));
        // Without one, two do not come back together.
        let two = [(); 2].map(|()| backoff.delays().collect::<Vec<_>>());
        assert_ne!(two[0], two[1]);
    }

    #[test]
    fn chance_takes_away_as_much_as_it_may_and_no_more() {
        let draws = || (0..1000).map(|at| draw(9, at)).chain([0, u64::MAX]);
        for (jitter, least) in [
            (Jitter::None, 1000),
            (Jitter::Equal, 500),
            (Jitter::Full, 0),
        ] {
            let delays = || draws().map(|chance| jitter.applied_to(1000, chance));
            assert_eq!(delays().min(), Some(least));
            assert_eq!(delays().max(), Some(1000));
        }
        let sum: u64 = draws()
            .map(|chance| Jitter::Full.applied_to(1000, chance))
            .sum();
        assert!((450_000..550_000).contains(&sum), "{sum}");
    }

    #[test]
    fn the_extremes_have_an_answer() {
        let longest = Duration::from_nanos(u64::MAX);
        for factor in [0.0, -3.0, f64::NAN, 1.0] {
            let backoff = plain(MILLI).factor(factor).endless();
            assert_eq!(backoff.delays().nth(1000), Some(MILLI));
            assert_eq!(backoff.delay_after(u32::MAX), Some(MILLI));
        }
        let steep = plain(MILLI).factor(f64::INFINITY).ceiling(Duration::MAX);
        assert_eq!(steep.delays().nth(1), Some(longest));
        assert_eq!(steep.delay_after(3), Some(longest));
        let zero = plain(Duration::ZERO).factor(f64::INFINITY).endless();
        assert_eq!(zero.delays().nth(5), Some(Duration::ZERO));
        assert_eq!(zero.delay_after(6), Some(Duration::ZERO));
        let huge = Backoff::constant(Duration::MAX).endless();
        assert_eq!(huge.delays().nth(3), Some(longest));
        assert_eq!(huge.delays().after(Duration::MAX), Ok(longest));
        let long = plain(MILLI).ceiling(Duration::MAX).endless();
        assert_eq!(long.delays().nth(5000), Some(longest));
        assert_eq!(long.delay_after(0), Some(Duration::ZERO));
        assert_eq!(up_to(u64::MAX, u64::MAX), u64::MAX);
    }
}
