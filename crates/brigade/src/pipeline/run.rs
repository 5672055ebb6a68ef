//! The run of a pipeline: what the calling thread and the jobs of the pool do, and who calls whom.
//!
//! All of them do the same: put down what they have done, claim the next piece of work (`board.rs`), do it. A job ends
//! when there is nothing to claim, and after some time in any case, to let other jobs of the pool run. The caller also
//! pulls from the source, and is the only one that sleeps.
//!
//! # Why the caller does not sleep too long
//!
//! It decides to sleep under the lock of the board, and writes there that it does, and until when. Whoever changes the
//! board under that lock so that the caller could go on takes that away and rings. Wakers of futures do not look at the board,
//! and ring in any case. That no ring is lost, and who looks while the caller neither sleeps nor looks, is in `bell.rs`.

use super::bell::{Alarm, Bell};
use super::board::{Asleep, Board, Kind, Only, Stations, UNDIVIDED, WORTH_CALLING, Why, Work};
use super::edge::{Bucket, Edge};
use super::report::{Cause, Dead, Part, PipelineError, Report};
use super::source::{Pulled, Source};
use super::station::{Done, Station, Turn};
use crate::cancel::{CancelToken, Reason};
use crate::pool::Scope;
use crate::prim::Ordering::{Acquire, Release};
use crate::prim::atomic::AtomicBool;
use crate::prim::{MODEL, SeenLock, StdArc, clock, discard_panic, hint};
use crate::scope::{Failure, Panic};
use std::convert::Infallible;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::time::{Duration, Instant};

/// So long the caller waits for a job of the pool before it does work that is not known to be quick, or has another look
/// after it.
const PATIENCE: Duration = Duration::from_millis(1);

/// So long the caller leaves work that blocks to a thread of the pool that seems to have nothing to do, and does not come.
const TRUST: Duration = Duration::from_secs(1);

/// So long a job waits for more items that are quick.
const LINGER: Duration = Duration::from_micros(4);

/// A job makes place for others after so many pieces of work.
const SHIFT: usize = 256;

type Site = &'static Location<'static>;

/// What ended it.
type Ended = (Failure<Cause>, Part, Site);

/// A pipeline that is running.
pub(super) struct Run<'a> {
    pub(super) stations: Box<Stations<'a>>,
    /// Where the source, each stage and the sink are written.
    pub(super) sites: Vec<Site>,
    board: SeenLock<Board>,
    /// What has been left out and tried again.
    tally: SeenLock<Report>,
    ended: SeenLock<Option<Ended>>,
    stopped: AtomicBool,
    token: CancelToken,
    bell: StdArc<Bell>,
    alarm: Alarm,
    /// Whether a thread of the pool seems to have nothing to do.
    has_idle: &'a (dyn Fn() -> bool + Sync),
    /// How many threads may work for it.
    hands: usize,
    /// Whether something becomes due because somebody calls a waker.
    is_called: bool,
}

/// Who has sent a job.
#[derive(Clone, Copy)]
enum Sent {
    /// Somebody has seen that there is work, and has counted the job.
    ByRun,
    /// It is the deputy, and has been called.
    ByBell,
}

/// Sends the deputy home when the caller is through, however that comes.
struct Dismissal<'a>(&'a Bell);

impl Drop for Dismissal<'_> {
    fn drop(&mut self) {
        self.0.dismiss();
    }
}

/// A piece of work that is done.
type Finished = (Work, Done, Duration);

/// What the caller does next.
enum Next {
    Over,
    Pull,
    Do(Work),
    Sleep(Option<Instant>),
}

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
    fn end(&self, ended: Ended) {
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

    fn perform(&self, work: Work) -> Finished {
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

    /// The part of the caller: pulls from the source, and works.
    pub(super) fn drive<'scope, S: Source>(
        &'scope self,
        source: &mut S,
        first: &Edge<S::Item>,
        scope: Scope<'scope, '_, Infallible>,
    ) {
        let _dismissal = Dismissal(&self.bell);
        let (mut finished, mut dry) = (None, false);
        loop {
            self.look_at_token();
            let pulled = match self.next::<S>(finished.take(), dry, scope) {
                Next::Over => return,
                Next::Do(work) => {
                    finished = Some(self.perform(work));
                    dry = false;
                    continue;
                }
                Next::Pull => self.pull(|| source.pull()),
                Next::Sleep(until) if dry => self.pull(|| source.wait(&self.bell, until)),
                Next::Sleep(until) => {
                    self.bell.wait(until);
                    continue;
                }
            };
            // After a wait for nothing the source is asked again before the next.
            dry = !dry && matches!(pulled, Pulled::Nothing);
            let mut again = self.take_in::<S>(pulled, first, scope);
            while again {
                self.look_at_token();
                let pulled = self.pull(|| source.pull());
                dry = matches!(pulled, Pulled::Nothing);
                again = self.take_in::<S>(pulled, first, scope);
            }
        }
    }

    fn look_at_token(&self) {
        if let Some(reason) = self.token.origin() {
            self.end((Failure::Cancelled(reason), Part::Whole, self.whole()));
        }
    }

    /// Calls the source. A panic of it ends the pipeline.
    fn pull<T>(&self, pull: impl FnOnce() -> Pulled<T>) -> Pulled<T> {
        catch_unwind(AssertUnwindSafe(pull)).unwrap_or_else(|payload| {
            let panic = Panic::caught(payload, self.sites[0]);
            self.end((Failure::Panicked(panic), Part::Source, self.sites[0]));
            Pulled::Ended
        })
    }

    /// Takes in what the source has given. Returns whether it is to be pulled again at once: others do the work meanwhile.
    fn take_in<'scope, S: Source>(
        &'scope self,
        pulled: Pulled<S::Item>,
        first: &Edge<S::Item>,
        scope: Scope<'scope, '_, Infallible>,
    ) -> bool {
        match pulled {
            Pulled::Nothing => false,
            Pulled::Ended => {
                self.board.lock().source_ended = true;
                false
            }
            Pulled::Item(value) => {
                let mut board = self.board.lock();
                let number = board.pulled();
                first.put(Bucket::new(number, 1, Some(value)));
                let asks = self.asks(&mut board, WORTH_CALLING);
                let again = board.may_pull() && board.runners > 0 && !self.is_stopped();
                if again && S::MAY_WAIT {
                    self.watch(&mut board, scope);
                }
                drop(board);
                if asks {
                    self.ask(scope);
                }
                again
            }
        }
    }

    /// What the caller does next; `dry` if the source has nothing at the moment.
    fn next<'scope, S: Source>(
        &'scope self,
        finished: Option<Finished>,
        dry: bool,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Next {
        let mut board = self.board.lock();
        board.asleep = None;
        if let Some((work, done, took)) = &finished {
            board.finish(work, done, *took);
        }
        if self.is_stopped() || board.is_over() {
            return Next::Over;
        }
        let pulls = board.may_pull() && !dry;
        // Somebody does the work meanwhile.
        if pulls && board.runners > 0 {
            if S::MAY_WAIT {
                self.watch(&mut board, scope);
            }
            return Next::Pull;
        }
        // Else somebody may come who does it, so that the source can be pulled, which may take long. So may the work.
        let is_patient = pulls && self.somebody_may_come(&board);
        let most = if board.blocks && self.leaves_blocking(&board) {
            Only::Prompt
        } else {
            Only::Anything
        };
        let waiting = if is_patient {
            board.waiting(&self.stations, most)
        } else {
            0
        };
        if is_patient && waiting < UNDIVIDED {
            return Next::Pull;
        }
        let only = if is_patient { Only::Quick } else { most };
        let is_away = pulls && S::MAY_WAIT;
        let (until, why) = match self.claim(&mut board, only, is_away, scope) {
            Ok(work) => {
                let asks = self.asks(&mut board, WORTH_CALLING);
                drop(board);
                if asks {
                    self.ask(scope);
                }
                return Next::Do(work);
            }
            Err(_) if is_patient && waiting > 0 => {
                let until = board.asked_at.and_then(|at| at.checked_add(PATIENCE));
                (until, Why::Alone)
            }
            Err(_) if pulls => return Next::Pull,
            // If nobody comes for what is left to them, the caller is to see that.
            Err(until) if board.left && board.runners == 0 => {
                let again = clock::now().checked_add(PATIENCE);
                (until.min(again).or(again), Why::Alone)
            }
            Err(until) if dry => (until, Why::Dry),
            Err(until) => (until, Why::NoTicket),
        };
        board.asleep = Some(Asleep { until, why });
        let asks = board.left && self.asks(&mut board, WORTH_CALLING);
        drop(board);
        if asks {
            self.ask(scope);
        }
        Next::Sleep(until)
    }

    /// Claims work; `is_away` if nobody looks at the time and at what is woken when the one has gone who claims.
    fn claim<'scope>(
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
            if board.sets_alarm(at) {
                self.alarm.set(at);
            }
        }
        claimed
    }

    /// The caller may be kept by the source, and what there is to do is left to jobs that are there. If these should all be
    /// kept by something long, another that could come looks in a while.
    fn watch<'scope>(&'scope self, board: &mut Board, scope: Scope<'scope, '_, Infallible>) {
        if board.alarm.is_some() || board.runners + 1 >= self.hands {
            return;
        }
        self.keep_deputy(scope);
        let at = clock::now() + PATIENCE;
        if board.sets_alarm(at) {
            self.alarm.set(at);
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

    /// Whether a job of the pool has been asked for, and not so long ago that the pool must be busy.
    fn somebody_may_come(&self, board: &Board) -> bool {
        let is_patient = |at| clock::now().saturating_duration_since(at) < PATIENCE;
        board.asked > 0 && board.asked_at.is_some_and(is_patient)
    }

    /// Whether the caller leaves work that blocks to jobs of the pool: one is at work, or will come.
    fn leaves_blocking(&self, board: &Board) -> bool {
        if board.runners > 0 || board.asked == 0 {
            return self.hands > 1;
        }
        let asked = board.asked_at.map_or(Duration::ZERO, |at| {
            clock::now().saturating_duration_since(at)
        });
        asked < PATIENCE || asked < TRUST && (self.has_idle)()
    }

    /// Whether a job is to be asked for, because there is so much to do; then it is counted.
    fn asks(&self, board: &mut Board, worth: usize) -> bool {
        let hands = board.runners + board.asked;
        // The first is also for the case that the source makes the caller wait.
        let worth = if hands == 0 { worth.min(1) } else { worth };
        let asks = hands + 1 < self.hands && board.waiting(&self.stations, Only::Anything) >= worth;
        if asks {
            board.asked += 1;
            board.asked_at = Some(clock::now());
        }
        asks
    }

    fn ask<'scope>(&'scope self, scope: Scope<'scope, '_, Infallible>) {
        // Nobody joins it: the scope does.
        drop(scope.spawn(move || {
            self.run_shift(Sent::ByRun, scope);
            Ok(())
        }));
    }

    /// The part of a job of the pool.
    fn run_shift<'scope>(&'scope self, sent: Sent, scope: Scope<'scope, '_, Infallible>) {
        let mut finished = None;
        for piece in 0..=SHIFT {
            if piece > 0 {
                self.linger(&mut finished);
            }
            let begins = (piece == 0).then_some(sent);
            match self.next_of_job(finished.take(), begins, piece == SHIFT, scope) {
                Some(work) => finished = Some(self.perform(work)),
                None => return,
            }
        }
    }

    /// Puts down what has been done. If there is little to do and the caller is about to bring more, waits a few microseconds
    /// for that: many items cost little more than one.
    fn linger(&self, finished: &mut Option<Finished>) {
        let mut board = self.board.lock();
        if let Some((work, done, took)) = finished.take() {
            board.finish(&work, &done, took);
        }
        let is_fed = board.may_pull() && board.asleep.is_none() && !MODEL;
        let lingers = is_fed && board.waiting(&self.stations, Only::Anything) < UNDIVIDED;
        drop(board);
        if lingers {
            let began = clock::now();
            while clock::now().saturating_duration_since(began) < LINGER {
                hint::spin_loop();
            }
            // Should the caller want this processor: if this job left now, it would be called again for the next item.
            hint::yield_now();
        }
    }

    /// What a job does next; nothing if it is over.
    fn next_of_job<'scope>(
        &'scope self,
        finished: Option<Finished>,
        begins: Option<Sent>,
        ends: bool,
        scope: Scope<'scope, '_, Infallible>,
    ) -> Option<Work> {
        self.look_at_token();
        let mut board = self.board.lock();
        match begins {
            None => {}
            Some(Sent::ByRun) => {
                board.asked -= 1;
                board.runners += 1;
            }
            Some(Sent::ByBell) => {
                self.bell.has_come();
                board.alarm = None;
                board.runners += 1;
            }
        }
        if let Some((work, done, took)) = &finished {
            board.finish(work, done, *took);
        }
        let is_away = board.asleep.is_none() && !board.is_over();
        let claimed = if ends || self.is_stopped() {
            Err(None)
        } else {
            self.claim(&mut board, Only::Anything, is_away, scope)
        };
        if claimed.is_err() {
            board.runners -= 1;
        } else if is_away {
            self.watch(&mut board, scope);
        }
        // Who goes before there is nothing to do is relieved by another: by one who only looks, if nobody else does.
        let worth = match ends {
            true if is_away => 0,
            true => 1,
            false => WORTH_CALLING,
        };
        let asks = !self.is_stopped() && self.asks(&mut board, worth);
        // Who goes before there is nothing to do has not looked at the time.
        let rings = self.rings(&mut board, claimed.as_ref().err(), ends);
        drop(board);
        if rings {
            self.bell.ring();
        }
        if asks {
            self.ask(scope);
        }
        claimed.ok()
    }

    /// Whether the caller is to be woken. `next` is until when there is nothing to do, if the job that looks has found nothing.
    fn rings(&self, board: &mut Board, next: Option<&Option<Instant>>, ends: bool) -> bool {
        let Some(Asleep { until, why }) = board.asleep else {
            return false;
        };
        let is_sooner = |at: Instant| until.is_none_or(|until| at < until);
        let worth = if next.is_some() { 1 } else { WORTH_CALLING };
        let has_ticket = board.may_pull() && (next.is_some() || board.free >= board.out / 4);
        let rings = ends
            || self.is_stopped()
            || board.is_over()
            || why == Why::Alone
            || why == Why::NoTicket && has_ticket
            // What blocks it leaves to who rings here, or has been asked for.
            || board.waiting(&self.stations, Only::Prompt) >= worth
            || next.is_some_and(|at| at.is_some_and(is_sooner));
        if rings {
            board.asleep = None;
        }
        rings
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
