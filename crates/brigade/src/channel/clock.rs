//! Channels that the clock fills: one value at an instant, one in every period, or none ever.
//!
//! Such a channel has receivers like any other, and in place of senders a [`Schedule`]: when its next value
//! is due. The value is in the channel from that instant on. Nobody puts it there, so the channel costs
//! nothing while nobody waits at it, and asking it means looking at the clock.
//!
//! # How a waiter is woken in time
//!
//! A clock owns a [`Timer`], and its receivers wait at the queue of a [`Bell`], which the timer's waker
//! rings. Two rules see to it that nobody sleeps past a value:
//!
//! - **The second look that finds nothing due sets the timer** to the instant at which something will be
//!   (`Clock::look`). Everybody takes that look between joining the queue and sleeping.
//! - **The bell wakes everybody.** Whoever finds that another was faster looks again, by the first rule.
//!
//! A waiter joins the queue (`J`) and then sets the timer (`S`), under the lock of the timers. The keeper
//! of the time takes the timer out (`K`), under the same lock, and then rings, which locks the queue. If `S`
//! is before `K`, then `J` is before the ringing, which finds the waiter. If `S` is after `K`, the timer is
//! set again, and `K` comes again. Setting it never makes it late: every look finds an instant that was the
//! next one, the next one only becomes later, and it becomes later only when the value that was due before
//! has been taken. So the timer is never set to later than the next value at that moment, and a waiter
//! whose timer somebody else has moved on has missed a value that somebody else has taken.
//!
//! Closing is a flag under the lock of the schedule, and rings as well. The second look takes that lock,
//! so it either sees the flag, or came first and its waiter is found in the queue.
//!
//! Nothing here refers back to the channel: the timer's waker holds the bell only. So the last handle
//! frees the channel, and with it the timer, however far off its instant is.

use super::Receiver;
use super::shared::{Flavor, Shared};
use crate::prim::{Arc, Lock, StdArc, clock};
use crate::queue::PopError;
use crate::wait::{Timer, WaitQueue, deadline_after};
use std::pin::Pin;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// A channel with one value, due after `delay`: the instant at which it was due.
///
/// After that it stays open and empty, like that of [`never()`]: the field has it so, and a loop that waits for
/// several channels is not ready again and again because of a clock that has done its work. A delay too
/// long for the clock never ends.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let delay = Duration::from_millis(5);
/// let start = Instant::now();
/// let over = brigade::channel::after(delay);
/// assert!(over.recv()? >= start + delay);
/// assert!(over.is_empty() && !over.is_closed());
/// # Ok::<(), brigade::channel::RecvError>(())
/// ```
#[must_use = "nobody hears of a time that nobody waits for"]
pub fn after(delay: Duration) -> Receiver<Instant> {
    receiver(deadline_after(delay), None)
}

/// A channel with one value, due at `instant`: that instant.
///
/// An instant in the past is due now. After that the channel stays open and empty, as that of [`after`]
/// does.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
///
/// let now = Instant::now();
/// assert_eq!(brigade::channel::at(now).recv(), Ok(now));
/// ```
#[must_use = "nobody hears of a time that nobody waits for"]
pub fn at(instant: Instant) -> Receiver<Instant> {
    receiver(Some(instant), None)
}

/// A channel with a value in every `period`: the instant at which it was due.
///
/// The first is due one period from now, and all of them are whole periods from then: taking one late
/// moves none of the others. At most one is kept. Whoever comes after several were due gets the first of
/// them, and the others are skipped.
///
/// A period of zero is always due. A period too long for the clock never is.
///
/// Clones share the ticks: each goes to one receiver.
///
/// # Examples
///
/// ```
/// use brigade::channel::tick;
/// use std::time::Duration;
///
/// let period = Duration::from_millis(1);
/// let ticks = tick(period);
/// let (first, second) = (ticks.recv()?, ticks.recv()?);
/// // One period apart, or a few if this thread was late.
/// assert_eq!((second - first).as_nanos() % period.as_nanos(), 0);
/// # Ok::<(), brigade::channel::RecvError>(())
/// ```
#[must_use = "nobody hears of a time that nobody waits for"]
pub fn tick(period: Duration) -> Receiver<Instant> {
    receiver(deadline_after(period), Some(period))
}

/// A channel that stays open and empty.
///
/// For a place where a channel must be and nothing is to come from it.
///
/// # Examples
///
/// ```
/// use brigade::channel::{after, never};
/// use std::time::Duration;
///
/// let limit: Option<Duration> = None;
/// let over = limit.map_or_else(never, after);
/// assert!(over.try_recv().is_err());
/// ```
#[must_use = "nothing comes from it"]
pub fn never<T>() -> Receiver<T> {
    let clock = Clock::new(Schedule::new(None, None), |_| {
        unreachable!("what is never due is not made")
    });
    Receiver::counted(Arc::new(Shared::new(Flavor::Clock(clock))))
}

fn receiver(first: Option<Instant>, period: Option<Duration>) -> Receiver<Instant> {
    let clock = Clock::new(Schedule::new(first, period), |due| due);
    Receiver::counted(Arc::new(Shared::new(Flavor::Clock(clock))))
}

/// See the module.
#[derive(Debug)]
pub(super) struct Clock<T> {
    schedule: Lock<Schedule>,
    /// Makes a value of the instant at which it was due.
    make: fn(Instant) -> T,
    bell: StdArc<Bell>,
    /// Rings the bell when the next value is due; set by those who are about to wait for it.
    timer: Pin<Box<Timer>>,
}

/// Where receivers wait. By itself, because the keeper of the time holds on to what it will wake.
#[derive(Debug)]
struct Bell {
    waiting: WaitQueue,
}

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.waiting.wake_all();
    }
}

/// When values are due.
#[derive(Debug)]
struct Schedule {
    /// The next value; `None` if there will be none.
    next: Option<Instant>,
    /// From one value to the next; `None` if there is one only.
    period: Option<Duration>,
    closed: bool,
}

impl<T> Clock<T> {
    fn new(schedule: Schedule, make: fn(Instant) -> T) -> Self {
        Self {
            schedule: Lock::new(schedule),
            make,
            bell: StdArc::new(Bell {
                waiting: WaitQueue::new(),
            }),
            timer: Box::pin(Timer::new()),
        }
    }

    /// Where receivers wait.
    pub(super) fn waiting(&self) -> &WaitQueue {
        &self.bell.waiting
    }

    /// Takes the value that is due.
    pub(super) fn pop(&self) -> Result<T, PopError> {
        let due = self.schedule.lock().take(clock::now())?;
        Ok((self.make)(due))
    }

    /// The receivers' second look. If it finds nothing, the bell rings when something is due.
    pub(super) fn look(&self) -> usize {
        let (next, closed) = {
            let schedule = self.schedule.lock();
            (schedule.next, schedule.closed)
        };
        match next {
            Some(due) if clock::now() < due => {
                let ring = Waker::from(StdArc::clone(&self.bell));
                self.timer.as_ref().set(due, &ring);
                0
            }
            Some(_) => 1,
            None => usize::from(closed),
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.schedule.lock().is_due(clock::now()))
    }

    /// Keeps what is due, and nothing that would come. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        self.schedule.lock().close(clock::now())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.schedule.lock().closed
    }
}

impl Schedule {
    fn new(first: Option<Instant>, period: Option<Duration>) -> Self {
        Self {
            next: first,
            period,
            closed: false,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|due| due <= now)
    }

    fn take(&mut self, now: Instant) -> Result<Instant, PopError> {
        match self.next {
            Some(due) if due <= now => {
                self.next = self.period.and_then(|period| following(due, period, now));
                Ok(due)
            }
            None if self.closed => Err(PopError::Closed),
            _ => Err(PopError::Empty),
        }
    }

    fn close(&mut self, now: Instant) -> bool {
        if !self.is_due(now) {
            self.next = None;
        }
        self.period = None;
        !std::mem::replace(&mut self.closed, true)
    }
}

/// The first instant after `now` that is whole periods from `due`; `None` if that is beyond the clock's
/// end. If the period is zero, `now`.
fn following(due: Instant, period: Duration, now: Instant) -> Option<Instant> {
    const NANOS: u128 = 1_000_000_000;
    let late = now.saturating_duration_since(due).as_nanos();
    let Some(part) = late.checked_rem(period.as_nanos()) else {
        return Some(now);
    };
    // Less than a period, so the seconds are few enough for a `Duration`.
    let part = Duration::new((part / NANOS) as u64, (part % NANOS) as u32);
    now.checked_add(period - part)
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A schedule of a tick in every second, and the instant from which its times are counted.
    fn every_second() -> (Schedule, Instant) {
        let start = clock::now();
        (Schedule::new(Some(start + SECOND), Some(SECOND)), start)
    }

    #[test]
    fn a_value_can_be_had_from_the_instant_it_is_due() {
        let start = clock::now();
        let mut once = Schedule::new(Some(start + SECOND), None);
        assert_eq!(once.take(start), Err(PopError::Empty));
        let just_before = start + SECOND - Duration::from_nanos(1);
        assert_eq!(once.take(just_before), Err(PopError::Empty));
        assert_eq!(once.take(start + SECOND), Ok(start + SECOND));
        assert_eq!(once.take(start + 9 * SECOND), Err(PopError::Empty));
    }

    #[test]
    fn taking_ticks_late_moves_none_of_them() {
        let (mut ticks, start) = every_second();
        for n in 1..100 {
            let late = Duration::from_millis(u64::from(n) * 7 % 1000);
            assert_eq!(
                ticks.take(start + n * SECOND + late),
                Ok(start + n * SECOND)
            );
        }
    }

    #[test]
    fn of_several_missed_ticks_the_first_is_kept() {
        let (mut ticks, start) = every_second();
        let late = start + 5 * SECOND + SECOND / 3;
        assert_eq!(ticks.take(late), Ok(start + SECOND));
        assert_eq!(ticks.take(late), Err(PopError::Empty));
        assert_eq!(ticks.take(start + 6 * SECOND), Ok(start + 6 * SECOND));
        assert_eq!(ticks.take(start + 6 * SECOND), Err(PopError::Empty));
    }

    #[test]
    fn a_close_keeps_what_is_due_and_nothing_else() {
        let (mut ticks, start) = every_second();
        assert!(ticks.close(start + 2 * SECOND));
        assert!(!ticks.close(start + 2 * SECOND));
        assert_eq!(ticks.take(start + 3 * SECOND), Ok(start + SECOND));
        assert_eq!(ticks.take(start + 9 * SECOND), Err(PopError::Closed));
        let (mut ticks, start) = every_second();
        assert!(ticks.close(start));
        assert_eq!(ticks.take(start + 9 * SECOND), Err(PopError::Closed));
    }

    #[test]
    fn a_second_close_takes_nothing_away() {
        let (mut ticks, start) = every_second();
        ticks.close(start + SECOND);
        ticks.close(start + 2 * SECOND);
        assert_eq!(ticks.take(start + 2 * SECOND), Ok(start + SECOND));
    }

    /// What the keeper of the time holds is the bell, and only until the channel goes.
    #[test]
    fn a_clock_that_goes_takes_its_timer_along() {
        let year = clock::now() + 365 * 86_400 * SECOND;
        let clock = Clock::new(Schedule::new(Some(year), None), |due| due);
        assert_eq!(clock.look(), 0);
        assert_eq!(StdArc::strong_count(&clock.bell), 2);
        let bell = StdArc::downgrade(&clock.bell);
        drop(clock);
        assert_eq!(bell.strong_count(), 0);
    }

    #[test]
    fn the_extremes_of_periods_have_an_answer() {
        let start = clock::now();
        let late = start + 3 * SECOND;
        assert_eq!(following(start, Duration::ZERO, late), Some(late));
        assert_eq!(following(start, Duration::MAX, late), None);
        let nano = Duration::from_nanos(1);
        assert_eq!(following(start, nano, late), Some(late + nano));
        let century = 36_525 * 86_400 * SECOND;
        assert_eq!(
            following(start, 10 * century, late),
            Some(start + 10 * century)
        );
    }
}
