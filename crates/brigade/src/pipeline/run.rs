//! The run of a pipeline: what the calling thread (`caller.rs`) and the jobs of the pool (`shift.rs`) have in common.
//!
//! All of them do the same: put down what they have done, claim the next piece of work (`board.rs`), do it. What must not be
//! done under the lock of the board is noted there, and done by whoever releases it ([`Run::leave`]).

use super::bell::{Alarm, Bell};
use super::board::{Board, Errands, Kind, Only, Stations, Work};
use super::edge::Bucket;
use super::report::{Cause, Dead, Part, PipelineError, Report};
use super::shift::Sent;
use super::station::{Done, Station, Turn};
use crate::cancel::{CancelToken, Reason};
use crate::pool::Scope;
use crate::prim::Ordering::{Acquire, Release};
use crate::prim::atomic::AtomicBool;
use crate::prim::{MODEL, SeenLock, StdArc, clock, discard_panic};
use crate::scope::Failure;
use std::convert::Infallible;
use std::mem;
use std::ops::DerefMut;
use std::panic::Location;
use std::time::{Duration, Instant};

/// So long the caller waits for a job of the pool before it does work that is not known to be quick, or has another look
/// after it.
pub(super) const PATIENCE: Duration = Duration::from_millis(1);

/// So long whoever goes does not look. In models no time passes, and what is to ring at once does.
const WATCH: Duration = if MODEL { Duration::ZERO } else { PATIENCE };

type Site = &'static Location<'static>;

/// What ended it.
type Ended = (Failure<Cause>, Part, Site);

/// A pipeline that is running.
pub(super) struct Run<'a> {
    pub(super) stations: Box<Stations<'a>>,
    /// Where the source, each stage and the sink are written.
    pub(super) sites: Vec<Site>,
    pub(super) board: SeenLock<Board>,
    /// What has been left out and tried again.
    tally: SeenLock<Report>,
    ended: SeenLock<Option<Ended>>,
    stopped: AtomicBool,
    /// The caller is to pull no more before it has looked at the board.
    pub(super) recalled: AtomicBool,
    token: CancelToken,
    pub(super) bell: StdArc<Bell>,
    alarm: Alarm,
    /// Whether a thread of the pool seems to have nothing to do.
    pub(super) has_idle: &'a (dyn Fn() -> bool + Sync),
    /// How many threads may work for it.
    pub(super) hands: usize,
    /// Whether something becomes due because somebody calls a waker.
    is_called: bool,
}

/// A piece of work that is done.
pub(super) type Finished = (Work, Done, Duration);

impl<'a> Run<'a> {
    pub(super) fn new(
        stations: Vec<Box<dyn Station + 'a>>,
        sites: Vec<Site>,
        board: Board,
        token: CancelToken,
        bell: StdArc<Bell>,
        threads: usize,
        has_idle: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self {
            is_called: stations.iter().any(|station| station.is_called()),
            stations: stations.into_boxed_slice(),
            sites,
            board: SeenLock::new(board),
            tally: SeenLock::new(Report::default()),
            ended: SeenLock::new(None),
            stopped: AtomicBool::new(false),
            recalled: AtomicBool::new(false),
            token,
            alarm: Alarm::new(&bell),
            bell,
            has_idle,
            hands: threads + 1,
        }
    }

    #[inline]
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Acquire)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// What part a station is, and where it is written.
    pub(super) fn place(&self, station: usize) -> (Part, Site) {
        let part = if station + 1 == self.stations.len() {
            Part::Sink
        } else {
            Part::Stage(station + 1)
        };
        (part, self.sites[station + 1])
    }

    pub(super) fn stop(&self, failure: Failure<Cause>, station: usize) {
        let (part, site) = self.place(station);
        self.end((failure, part, site));
    }

    /// Ends it, for this reason if it is the first.
    #[cold]
    pub(super) fn end(&self, ended: Ended) {
        let ended = match self.token.origin() {
            // What fails then fails because of that.
            Some(reason) => (Failure::Cancelled(reason), Part::Whole, self.whole()),
            None => ended,
        };
        let mut first = self.ended.lock();
        let late = if first.is_none() {
            first.replace(ended)
        } else {
            Some(ended)
        };
        drop(first);
        self.stopped.store(true, Release);
        self.token.cancel_because(Reason::Sibling);
        self.bell.ring();
        // It is the application's.
        discard_panic(|| drop(late));
    }

    pub(super) fn skipped(&self, dead: Dead) {
        let mut tally = self.tally.lock();
        tally.skipped += 1;
        let late = if tally.dead.len() < Report::DEAD_MAX {
            tally.dead.push(dead);
            None
        } else {
            Some(dead)
        };
        drop(tally);
        discard_panic(|| drop(late));
    }

    /// Hands empty places to the first of the stations from `station` on that wants them.
    pub(super) fn collect(&self, mut places: Vec<Bucket<Infallible>>, station: usize) {
        for station in &self.stations[station..] {
            match station.collect(places) {
                Ok(()) => return,
                Err(back) => places = back,
            }
        }
    }

    pub(super) fn retries(&self) {
        self.tally.lock().retried += 1;
    }

    /// Where the run was called.
    fn whole(&self) -> Site {
        self.sites[self.sites.len() - 1]
    }

    pub(super) fn perform(&self, work: Work) -> Finished {
        let turn = Turn::new(self, &work);
        let station = &self.stations[work.station];
        let done = match work.kind {
            Kind::Take(count) => station.work(count, &turn),
            Kind::Attend => station.attend(false, &turn),
            Kind::Close => station.attend(true, &turn),
        };
        let took = clock::now().saturating_duration_since(turn.began());
        (work, done, took)
    }

    pub(super) fn look_at_token(&self) {
        if let Some(reason) = self.token.origin() {
            self.end((Failure::Cancelled(reason), Part::Whole, self.whole()));
        }
    }

    /// Claims work; `is_away` if nobody looks at the time and at what is woken when the one has gone who claims.
    pub(super) fn claim<'scope>(
        &'scope self,
        board: &mut Board,
        only: Only,
        is_away: bool,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Result<Work, Option<Instant>> {
        let has_deputy = is_away && self.hands > 1;
        // In this order: see `bell.rs`.
        if has_deputy && self.is_called {
            self.keep_deputy(scope);
        }
        let claimed = board.claim(&self.stations, self.hands, only);
        if has_deputy && let Err(Some(at)) = claimed {
            self.keep_deputy(scope);
            board.wants_alarm(at);
        }
        claimed
    }

    /// Who goes may be kept by something long, and so may be all who are there. Then another that could come looks in a while.
    pub(super) fn watch<'scope>(
        &'scope self,
        board: &mut Board,
        scope: Scope<'scope, '_, Infallible>,
    ) {
        if !board.is_watched() && board.runners + 1 < self.hands {
            self.keep_deputy(scope);
            board.wants_watch(WATCH);
        }
    }

    /// Releases the board, and does what has been noted there until then.
    pub(super) fn leave<'scope>(
        &'scope self,
        mut board: impl DerefMut<Target = Board>,
        scope: Scope<'scope, '_, Infallible>,
    ) {
        let Errands { rings, asks, alarm } = mem::take(&mut board.errands);
        drop(board);
        if rings {
            self.bell.ring();
        }
        if asks {
            self.ask(scope);
        }
        if let Some(at) = alarm {
            self.set_alarm(at);
        }
    }

    /// Sets the alarm, and again if it is to ring at another time by then. So one at a time sets it, and without a lock:
    /// it may call wakers of others.
    fn set_alarm(&self, mut at: Instant) {
        loop {
            self.alarm.set(at);
            match self.board.lock().has_set_alarm(at) {
                Some(other) => at = other,
                None => return,
            }
        }
    }

    fn keep_deputy<'scope>(&'scope self, scope: Scope<'scope, '_, Infallible>) {
        self.bell.keep_deputy(|| {
            scope.hold(move || {
                self.run_shift(Sent::ByBell, scope);
                Ok(())
            })
        });
    }

    fn ask<'scope>(&'scope self, scope: Scope<'scope, '_, Infallible>) {
        // Nobody joins it: the scope does.
        drop(scope.spawn(move || {
            self.run_shift(Sent::ByRun, scope);
            Ok(())
        }));
    }

    /// The end: what has come of it.
    pub(super) fn settle(self, began: Instant) -> Result<Report, PipelineError> {
        let Self {
            stations,
            board,
            tally,
            ended,
            ..
        } = self;
        for station in stations {
            // What its closure owns is the application's, and may panic when it is dropped.
            discard_panic(|| drop(station));
        }
        let board = board.lock();
        let report = Report {
            items_in: board.items_in,
            items_out: board.items_out,
            elapsed: clock::now().saturating_duration_since(began),
            ..mem::take(&mut *tally.lock())
        };
        let ended = ended.lock().take();
        match ended {
            None => Ok(report),
            Some((failure, part, site)) => Err(PipelineError {
                failure,
                part,
                site,
                report: Box::new(report),
            }),
        }
    }
}
