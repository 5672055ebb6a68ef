//! How often something may be started again before its owner gives up.
//!
//! The shape is that of Erlang's supervisors and Akka's: at most so many restarts within so long, and a delay before
//! each. It keeps the times of the restarts that still count, so it never keeps more than are allowed. It starts
//! nothing and waits for nobody.

use super::backoff::{Backoff, draw};
use crate::prim::clock;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

/// At most so many restarts within a span of time.
///
/// The span slides: each restart counts for that long after it was allowed, and then no more. So something that fails
/// now and then goes on for ever, and something that fails again and again is given up.
///
/// With a [`backoff`](Self::backoff) the delay before a restart grows with the number of restarts that count, and so
/// begins anew after a quiet time. The delays are part of the span: make it longer than all of them together, or
/// else the limit is never reached.
///
/// # Examples
///
/// ```
/// use brigade::policy::RestartWindow;
/// use std::thread;
/// use std::time::Duration;
///
/// let mut window = RestartWindow::new(3, Duration::from_secs(60));
/// let mut runs = 0;
/// let given_up = loop {
///     runs += 1; // the worker runs, and fails at once
///     match window.allow() {
///         Ok(delay) => thread::sleep(delay),
///         Err(exhausted) => break exhausted,
///     }
/// };
/// assert_eq!((runs, given_up.restarts), (4, 3));
/// ```
#[derive(Clone, Debug)]
pub struct RestartWindow {
    restarts: u32,
    within: Duration,
    backoff: Backoff,
    seed: u64,
    /// How many have ever been allowed.
    allowed: u64,
    /// The restarts that count, the oldest first.
    counted: VecDeque<Instant>,
}

/// There have been as many restarts as are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// So many are allowed,
    pub restarts: u32,
    /// within so long.
    pub within: Duration,
}

impl RestartWindow {
    /// At most `restarts` of them in any span as long as `within`, without delay.
    ///
    /// None at all if `restarts` is 0; else any number if `within` is zero.
    #[must_use]
    pub fn new(restarts: u32, within: Duration) -> Self {
        Self {
            restarts,
            within,
            backoff: Backoff::constant(Duration::ZERO),
            seed: 0,
            allowed: 0,
            counted: VecDeque::new(),
        }
    }

    /// The delay before each restart: that of `backoff` after as many failures as there have been in the span. Its
    /// limits are not looked at, because the window has its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::policy::{Backoff, Jitter, RestartWindow};
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// let backoff = Backoff::exponential(second).jitter(Jitter::None);
    /// let mut window = RestartWindow::new(3, 60 * second).backoff(backoff);
    /// assert_eq!(window.allow(), Ok(second));
    /// assert_eq!(window.allow(), Ok(2 * second));
    /// ```
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self {
            seed: backoff.seed_or_random(),
            backoff,
            ..self
        }
    }

    /// Counts a restart, and says how long to wait before it.
    ///
    /// # Errors
    ///
    /// If there have been too many. Nothing is counted then.
    pub fn allow(&mut self) -> Result<Duration, Exhausted> {
        self.allow_at(clock::now())
    }

    fn allow_at(&mut self, now: Instant) -> Result<Duration, Exhausted> {
        let within = self.within;
        let is_over = |at: &Instant| now.saturating_duration_since(*at) >= within;
        while self.counted.front().is_some_and(is_over) {
            self.counted.pop_front();
        }
        // At most `restarts` of them, so they fit.
        let before = self.counted.len() as u32;
        if before >= self.restarts {
            return Err(Exhausted {
                restarts: self.restarts,
                within,
            });
        }
        self.counted.push_back(now);
        self.allowed = self.allowed.wrapping_add(1);
        let chance = draw(self.seed, self.allowed);
        Ok(self.backoff.delay(before, chance))
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { restarts, within } = self;
        write!(
            f,
            "no more restarts: at most {restarts} are allowed within {within:?}"
        )
    }
}

impl Error for Exhausted {}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use crate::policy::Jitter;

    const SECOND: Duration = Duration::from_secs(1);

    /// Which of these, in seconds from the first, are allowed.
    fn allowed(window: &mut RestartWindow, seconds: &[u32]) -> Vec<bool> {
        let start = clock::now();
        let allow = |at: &u32| window.allow_at(start + *at * SECOND).is_ok();
        seconds.iter().map(allow).collect()
    }

    #[test]
    fn the_span_slides() {
        let mut window = RestartWindow::new(2, 10 * SECOND);
        let seconds = [0, 6, 9, 10, 15, 16, 17, 19, 20, 100, 100, 100];
        let (yes, no) = (true, false);
        assert_eq!(
            allowed(&mut window, &seconds),
            [yes, yes, no, yes, no, yes, no, no, yes, yes, yes, no]
        );
    }

    #[test]
    fn no_span_has_more_than_are_allowed_and_no_more_are_kept() {
        let mut window = RestartWindow::new(5, 10 * SECOND);
        let seconds: Vec<u32> = (0..1000).map(|n| n * n % 7 + n / 2).collect();
        let mut sorted = seconds.clone();
        sorted.sort_unstable();
        let yes = allowed(&mut window, &sorted);
        let times = sorted.iter().zip(yes).filter(|(_, yes)| *yes);
        let times: Vec<u32> = times.map(|(at, _)| *at).collect();
        assert!(times.windows(6).all(|span| span[5] - span[0] >= 10));
        assert!(times.len() > 200);
        assert!(window.counted.capacity() <= 8);
    }

    #[test]
    fn delays_grow_while_restarts_count_and_begin_anew_after_a_quiet_time() {
        let backoff = Backoff::exponential(SECOND)
            .jitter(Jitter::None)
            .attempts(1);
        let mut window = RestartWindow::new(3, 60 * SECOND).backoff(backoff);
        let start = clock::now();
        let mut allow = |at: u32| window.allow_at(start + at * SECOND).map_err(|e| e.restarts);
        assert_eq!(
            [allow(0), allow(1), allow(2)],
            [Ok(SECOND), Ok(2 * SECOND), Ok(4 * SECOND)]
        );
        assert_eq!(allow(3), Err(3));
        assert_eq!([allow(60), allow(200)], [Ok(4 * SECOND), Ok(SECOND)]);
    }

    #[test]
    fn chance_is_asked_anew_for_each_restart() {
        let backoff = Backoff::constant(SECOND).jitter(Jitter::Full).seed(3);
        let delays = || {
            let mut window = RestartWindow::new(9, SECOND).backoff(backoff.clone());
            let now = clock::now();
            [(); 9].map(|()| window.allow_at(now).unwrap())
        };
        assert_eq!(delays(), delays());
        let mut different = delays();
        different.sort_unstable();
        assert!(different.windows(2).all(|two| two[0] < two[1]));
    }

    #[test]
    fn the_extremes_have_an_answer() {
        assert!(RestartWindow::new(0, Duration::ZERO).allow().is_err());
        let mut always = RestartWindow::new(1, Duration::ZERO);
        assert_eq!(allowed(&mut always, &[0, 0, 0]), [true; 3]);
        let mut never_again = RestartWindow::new(1, Duration::MAX);
        assert_eq!(allowed(&mut never_again, &[0, 1_000_000]), [true, false]);
        // A clock that is behind makes nothing older.
        let mut window = RestartWindow::new(1, SECOND);
        assert_eq!(allowed(&mut window, &[5, 0]), [true, false]);
    }
}
