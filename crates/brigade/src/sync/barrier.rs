//! The barrier: nobody goes on before all have come.
//!
//! Its word counts rounds and who is missing in this one: the table is in `round.rs`. To wait is to arrive, and
//! then to wait for the end of the round. Whoever ends it is its leader, and does not wait at all. Whoever gives
//! up takes its arrival back in the same round; if that has ended by then, it has not given up but gone through.
//!
//! This file does not know who comes, nor what they do in between.

use super::WaitTimeoutError;
use super::gate::{At, Condition, Gate};
use super::round::{self, Round};
use crate::prim::const_new;
use crate::wait::{What, deadline_after};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Lets nobody go on before so many threads and tasks have arrived.
///
/// It serves round after round: with the last arrival a round ends, everybody in it goes on, and the next one
/// begins. One of each round is its leader: the one who came last.
///
/// An arrival counts for as long as its owner waits. A wait that runs out of time, or whose future is dropped, takes
/// its arrival back, as if it had never come; unless the round has ended before, which no one can undo.
/// A future arrives at its first poll, not before. One that is forgotten after it (`mem::forget`) has arrived
/// for good.
///
/// # Examples
///
/// ```
/// use brigade::sync::Barrier;
/// use std::thread;
///
/// let barrier = Barrier::new(3);
/// let leaders = thread::scope(|scope| {
///     let threads = [0; 3].map(|_| scope.spawn(|| barrier.wait().is_leader()));
///     threads.map(|thread| thread.join().unwrap())
/// });
/// assert_eq!(leaders.iter().filter(|leader| **leader).count(), 1);
/// ```
pub struct Barrier {
    gate: Gate,
    parties: usize,
}

/// Whose wait at a [`Barrier`] it was that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// Whether it was the one of its round who came last.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }
}

impl Barrier {
    const_new! {
        /// A barrier for so many. For 0 it is as for 1: nobody ever waits.
        ///
        /// # Panics
        ///
        /// If there are more than half a `usize` can count: 4 294 967 295 on machines of 64 bits, 65 535 on those
        /// of 32.
        ///
        /// # Examples
        ///
        /// ```
        /// use brigade::sync::Barrier;
        ///
        /// static ALONE: Barrier = Barrier::new(1);
        /// assert!(ALONE.wait().is_leader());
        /// assert!(Barrier::new(0).wait().is_leader());
        /// ```
        #[must_use]
        pub fn new(parties: usize) -> Self {
            assert!(parties <= round::MOST, "a barrier cannot count so many");
            let parties = if parties == 0 { 1 } else { parties };
            Self { gate: Gate::new(parties), parties }
        }
    }

    /// Arrives, and blocks the thread until all have.
    ///
    /// In a task use [`wait_async`](Self::wait_async), which does not hold up the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// let barrier = brigade::sync::Barrier::new(2);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| barrier.wait());
    ///     barrier.wait(); // both are here
    /// });
    /// ```
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        self.arrival().wait(Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread for at most `timeout`.
    ///
    /// A timeout too long for the clock waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before all have arrived. Then this arrival is taken back.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Barrier, WaitTimeoutError};
    /// use std::time::Duration;
    ///
    /// let barrier = Barrier::new(2);
    /// for _ in 0..2 {
    ///     // The first has not stayed for the second.
    ///     assert_eq!(barrier.wait_timeout(Duration::ZERO), Err(WaitTimeoutError));
    /// }
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<BarrierWaitResult, WaitTimeoutError> {
        let deadline = deadline_after(timeout);
        self.arrival().wait_until(deadline, Location::caller())
    }

    /// As [`wait`](Self::wait), and blocks the thread until `deadline` at most.
    ///
    /// With a deadline in the past it goes through only as the last to come.
    ///
    /// # Errors
    ///
    /// If the deadline passes before all have arrived. Then this arrival is taken back.
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> Result<BarrierWaitResult, WaitTimeoutError> {
        let deadline = Some(deadline);
        self.arrival().wait_until(deadline, Location::caller())
    }

    /// Arrives, and suspends the task until all have.
    ///
    /// It arrives at the first poll.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before the round has ended, its arrival is taken back. If the round has ended, the
    /// others have gone on.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let barrier = brigade::sync::Barrier::new(2);
    /// let (one, two) = futures::join!(barrier.wait_async(), barrier.wait_async());
    /// assert!(!one.is_leader() && two.is_leader());
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_async(&self) -> impl Future<Output = BarrierWaitResult> + use<'_> {
        self.arrival().wait_async(Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task for at most `timeout`.
    ///
    /// Needs no runtime. The time starts now, not at the first poll. A timeout too long for the clock
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// If the time runs out before all have arrived. Then this arrival is taken back.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_timeout_async(
        &self,
        timeout: Duration,
    ) -> impl Future<Output = Result<BarrierWaitResult, WaitTimeoutError>> + use<'_> {
        let deadline = deadline_after(timeout);
        self.arrival()
            .wait_until_async(deadline, Location::caller())
    }

    /// As [`wait_async`](Self::wait_async), and suspends the task until `deadline` at most.
    ///
    /// Needs no runtime. With a deadline in the past it goes through only as the last to come.
    ///
    /// # Errors
    ///
    /// If the deadline passes before all have arrived. Then this arrival is taken back.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait_async`](Self::wait_async).
    #[track_caller]
    pub fn wait_deadline_async(
        &self,
        deadline: Instant,
    ) -> impl Future<Output = Result<BarrierWaitResult, WaitTimeoutError>> + use<'_> {
        self.arrival()
            .wait_until_async(Some(deadline), Location::caller())
    }

    fn arrival(&self) -> At<'_, Arrival> {
        At::new(
            &self.gate,
            Arrival {
                parties: self.parties,
                stage: Stage::Outside,
            },
        )
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .finish_non_exhaustive()
    }
}

/// Arrives once, and is through when the round is over.
struct Arrival {
    parties: usize,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Outside,
    /// It has arrived in this round, and is counted there.
    Inside(Round),
    Through,
}

impl Arrival {
    fn go_through(&mut self, is_leader: bool) -> BarrierWaitResult {
        self.stage = Stage::Through;
        BarrierWaitResult { is_leader }
    }
}

impl Condition for Arrival {
    type Output = BarrierWaitResult;
    const WAITS_FOR: &'static What = &"barrier wait";

    fn attempt(&mut self, gate: &Gate) -> Poll<BarrierWaitResult> {
        match self.stage {
            Stage::Outside => match round::arrive(gate, self.parties) {
                None => Poll::Ready(self.go_through(true)),
                Some(round) => {
                    self.stage = Stage::Inside(round);
                    Poll::Pending
                }
            },
            Stage::Inside(round) if round.is_over(gate.word()) => {
                Poll::Ready(self.go_through(false))
            }
            Stage::Inside(_) | Stage::Through => Poll::Pending,
        }
    }

    fn holds(&self, word: usize) -> bool {
        matches!(self.stage, Stage::Inside(round) if round.is_over(word))
    }

    fn give_up(&mut self, gate: &Gate) -> Option<BarrierWaitResult> {
        let Stage::Inside(round) = self.stage else {
            return None;
        };
        let through = self.go_through(false);
        (!round::take_back(gate, round)).then_some(through)
    }
}
