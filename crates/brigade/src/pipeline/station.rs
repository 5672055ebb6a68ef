//! What a stage is to the pipeline that runs it, whatever the types of its items are, and what the pipeline is to a stage.

use super::board::Work;
use super::edge::{Bucket, Edge, Made};
use super::report::{Cause, Dead};
use super::run::Run;
use crate::prim::clock;
use crate::scope::{Failure, Panic};
use std::any::Any;
use std::convert::Infallible;
use std::panic::Location;
use std::time::{Duration, Instant};

/// A stage, or the sink.
///
/// The first methods are called with the board locked: they look at numbers, and run no code of the application. `work`
/// and `attend` do, and neither panics nor waits for another stage.
pub(super) trait Station: Send + Sync {
    /// How many buckets can be claimed before it.
    fn ready(&self) -> usize;

    fn claim(&self, count: usize);

    /// How many of its results the next has not claimed.
    fn unclaimed(&self) -> usize {
        0
    }

    /// How many more items it could begin.
    fn places(&self) -> usize {
        usize::MAX
    }

    /// When there is something else to do for it than to begin items.
    fn due(&self) -> Due {
        Due::Never
    }

    /// Whether what it does becomes due because somebody calls a waker.
    fn is_called(&self) -> bool {
        false
    }

    /// Takes so many buckets that have been claimed, and does with them what it does.
    fn work(&self, count: usize, turn: &Turn<'_, '_>) -> Done;

    /// Does what is due; `closes` if what it has collected is all that there will be for now.
    fn attend(&self, _closes: bool, _turn: &Turn<'_, '_>) -> Done {
        Done::default()
    }

    /// Takes the places of items that have been left out before it, if it is one of those that tickets end at: a batch, or the
    /// sink. Else they come back: it has nothing to do with them.
    fn collect(&self, places: Vec<Bucket<Infallible>>) -> Result<(), Vec<Bucket<Infallible>>> {
        Err(places)
    }

    /// The pipeline begins, and keeps the order or not.
    fn begin(&self, _in_order: bool) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Never,
    Now,
    At(Instant),
}

/// What has come of a piece of work.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// So many items that had been claimed are under way no more.
    pub(super) ended: usize,
    /// So many tickets are given back.
    pub(super) tickets: usize,
    /// So many items have gone through the sink.
    pub(super) out: u64,
    /// So many tickets are in what is being collected, if that is what the station does.
    pub(super) held: Option<usize>,
}

/// One piece of work, for who does it: the pipeline as a station sees it.
pub(super) struct Turn<'r, 'a> {
    run: &'r Run<'a>,
    station: usize,
    began: Instant,
}

/// How long pieces of work are meant to last: so long that what it takes to get them is little beside it, and so short
/// that nobody waits for them.
pub(super) const SHORT: Duration = Duration::from_micros(10);
pub(super) const LONG: Duration = Duration::from_micros(100);

impl<'r, 'a> Turn<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, work: &Work) -> Self {
        Self {
            run,
            station: work.station,
            began: clock::now(),
        }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Whether the `index`-th of `count` items may be begun in this piece of work. If one takes unexpectedly long, the
    /// others are for whoever comes first.
    #[inline]
    pub(super) fn goes_on(&self, index: usize, count: usize) -> bool {
        if self.run.is_stopped() {
            return false;
        }
        let looks = index > 0 && index.is_multiple_of((count / 8).max(1));
        !(looks && self.began.elapsed_now() > LONG)
    }

    /// Hands on what has been made. Empty places pass by the stages on their way.
    pub(super) fn hands_on<U>(&self, made: Made<U>, to: &Edge<U>) {
        let Made { full, empty } = made;
        to.put_all(full.into_iter());
        if !empty.is_empty() {
            self.run.collect(empty, self.station + 1);
        }
    }

    pub(super) fn site(&self) -> &'static Location<'static> {
        self.run.place(self.station).1
    }

    /// The application's code has panicked: that ends the pipeline.
    #[cold]
    pub(super) fn panicked(&self, payload: Box<dyn Any + Send>) {
        let panic = Panic::caught(payload, self.site());
        self.fails(Failure::Panicked(panic));
    }

    /// The pipeline ends with this, unless it has ended before.
    #[cold]
    pub(super) fn fails(&self, failure: Failure<Cause>) {
        self.run.stop(failure, self.station);
    }

    /// An item has failed for good. What follows is the stage's policy.
    #[cold]
    pub(super) fn item_failed(&self, error: Cause, number: u64, attempts: u32, skips: bool) {
        if !skips || self.run.is_cancelled() {
            return self.fails(Failure::Failed(error));
        }
        self.run.skipped(Dead {
            stage: self.station + 1,
            number,
            attempts,
            error,
        });
    }

    #[cold]
    pub(super) fn retries(&self) {
        self.run.retries();
    }
}

/// So long after `now`. What is beyond the clock is beyond everybody's patience.
pub(super) fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time)
        .unwrap_or(now + Duration::from_secs(1 << 30))
}

trait ElapsedNow {
    fn elapsed_now(&self) -> Duration;
}

impl ElapsedNow for Instant {
    fn elapsed_now(&self) -> Duration {
        clock::now().saturating_duration_since(*self)
    }
}
