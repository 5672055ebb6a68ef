//! Pipelines: a source, stages that run at the same time, and a sink, with a bound on what is in flight.
//!
//! - [`from_iter`] and [`from_receiver`] begin one; [`map`](Pipeline::map), [`try_map`](Pipeline::try_map) and the others add
//!   stages, each with its own [`Stage`]: how many items at once, how fast, and what becomes of those that fail.
//! - [`Pipeline::run`] runs it on a [`Pool`], with the help of the calling thread, and returns a [`Report`].
//! - Results come as they are ready or, with [`ordered`](Pipeline::ordered), in the order of the source.
//! - Closures may borrow. A panic anywhere comes as an error, and nothing hangs.
//! - Whatever waits in it ends when it is [cancelled](crate::cancel), and when a part of it fails.
//!
//! # Examples
//!
//! ```
//! use brigade::pipeline;
//! use brigade::pool::Pool;
//!
//! let pool = Pool::new(2);
//! let lines = ["3", "1", "4", "1", "5"];
//! let mut printed = Vec::new();
//! let report = pipeline::from_iter(lines)
//!     .try_map(2, |line| line.parse::<u64>())
//!     .map(2, |number| number * number)
//!     .ordered()
//!     .run(&pool, |square| printed.push(square))?;
//! assert_eq!(printed, [9, 1, 16, 1, 25]);
//! assert_eq!((report.items_in, report.items_out), (5, 5));
//! # Ok::<(), pipeline::PipelineError>(())
//! ```
//!
//! # What is bounded by what
//!
//! Each item that is pulled from the source takes a ticket, and the ticket is given back at the sink. There are [`in_flight`](Pipeline::in_flight) tickets. So everything between source and sink
//! (items that wait, that are worked on, that are tried again later, that wait for those before them) is bounded by that
//! number, however long the source is. What is taken out on the way keeps its ticket, in an empty place that
//! passes by the stages, until the sink: tickets are given back in one place alone. A batch has the tickets of its items.
//!
//! Within that bound a stage can have another: it begins nothing while its [`buffer`](Stage::buffer) is full of results that
//! the next stage has not begun.
//!
//! # Who does the work
//!
//! A stage is a queue and a closure, and no thread. Work is claimed piece by piece: so many items of one stage, those
//! nearest to the sink first. Quick items are claimed many at once, slow ones one by one. The hands are jobs of the pool,
//! which end when there is nothing to claim, and the calling thread, which also pulls from the source. No hand ever waits for
//! another, or for room: what cannot be begun is not claimed. The caller alone sleeps, when there is no ticket, or the
//! source has nothing, and nothing to claim.
//!
//! The caller never does work of others, and needs nobody: if no job of the pool comes, because the pool is busy or has been
//! shut down, or the caller is its only worker, the caller does everything, an item to its end before the next is pulled.
//! If jobs may come it pulls, and leaves work that is not known to be quick to them; when one that was asked for has not come
//! for a millisecond, it does that work too. Work of a stage that [blocks](Stage::blocking) it leaves to them for as long as
//! any of them is at work, or a thread of the pool has nothing to do and so will come.
//!
//! What is done in no time is not worth the way to another processor. If the source gives items in no time as well, the caller
//! does everything alone, and calls nobody. It pulls several items then before it does the next thing with them
//! (`caller.rs`, *Bursts*); each is where another can claim it as soon as it has been pulled.
//!
//! # Why it cannot get stuck
//!
//! Take the item that is furthest on, of all that are in flight and wait in a queue. The stage behind it has no full
//! buffer in front of it, because nothing is further on. So it can be claimed, unless the stage is at work on as many items as
//! it may, and these come to an end (or are awaited, and their wakers ring), or its rate is used up, which passes with
//! time, and the time is kept by the sleep of the caller, or else by an alarm. Two things could break this, and are taken care of:
//!
//! - *Order.* What waits for an item before it cannot be claimed. That item has a ticket, and is somewhere further back; and
//!   the room in a buffer does not count what waits for others. So it can always come through.
//! - *Batches.* What is collected in a batch waits for items that have no tickets, if all tickets are in batches. So when
//!   everything that is in flight is in batches, and the source gives nothing or may not, the first batch is closed, as it is.
//!
//! # How order is kept
//!
//! Items have numbers from the source on. Stages take them as they come; the sink, and every batch, has a line of places before it
//! in which a bucket goes to its number, and takes from the front as far as there is no gap. The line is no longer
//! than there are tickets. What has been left out on the way arrives as an empty bucket, and so leaves no gap.
//!
//! # While the source makes the caller wait
//!
//! With [`from_receiver`] the caller waits for the channel, for the time and for futures that are woken at once, and needs
//! nobody.
//!
//! An iterator keeps the caller from all of that. So another thread of the pool looks when a batch is to be closed by time, an
//! item to be tried again, a rate to go on, or a future has been woken. It is called for that, and waits for none of it. If the
//! iterator has given many items in no time, and suddenly makes the caller wait, it is called for these after a millisecond.
//! The same holds while the caller does an item that takes long: what is due meanwhile waits a millisecond at most. There is
//! one case in which nobody can come: *every* thread of the pool is kept by something else, or the caller is the only
//! one, or the pool has been shut down. Then all that is in flight waits until the iterator has given an item, and if the
//! iterator waits for results of its own pipeline, that is for ever. (The caller could not do it: inside the iterator it may
//! have any lock of the application, and be in the middle of anything.)

mod awaiting;
mod batch;
mod bell;
mod board;
mod caller;
mod each;
mod edge;
mod kept;
#[cfg(all(test, brigade_loom))]
mod model;
mod report;
mod run;
mod shift;
mod sink;
mod source;
mod stage;
mod station;

pub use report::{Cause, Dead, Part, PipelineError, Report};
pub use source::{FromIter, FromReceiver, Source};
pub use stage::Stage;

use crate::cancel::{self, CancelToken};
use crate::channel::Receiver;
use crate::policy::{Backoff, Course, RetryError};
use crate::pool::Pool;
use crate::prim::{SeenLock, StdArc, clock, discard_panic};
use crate::scope::Options;
use awaiting::Awaiting;
use batch::{Batch, Open};
use bell::Bell;
use board::Board;
use each::{Delayed, Each, Outcome};
use edge::Edge;
use kept::Kept;
use run::Run;
use sink::Sink;
use station::Station;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

/// So many items are in flight if nobody says otherwise.
const IN_FLIGHT: usize = 128;

/// A pipeline of the items of an iterator, which the calling thread pulls one by one.
///
/// The iterator need not be `Send`. It may make the caller wait, but see [who does the work then](self#while-the-source-makes-the-caller-wait).
#[track_caller]
pub fn from_iter<'a, I>(items: I) -> Pipeline<'a, FromIter<I::IntoIter>, I::Item>
where
    I: IntoIterator<Item: Send>,
{
    Pipeline::new(FromIter(items.into_iter()))
}

/// A pipeline of the values of a channel, until that is closed.
///
/// While there are none the caller waits for a value and for everything else at once.
///
/// # Examples
///
/// ```
/// use brigade::pool::Pool;
/// use brigade::{channel, pipeline};
///
/// let pool = Pool::new(1);
/// let (sender, receiver) = channel::bounded(4);
/// let writer = std::thread::spawn(move || (0..10).try_for_each(|number| sender.send(number)));
/// let mut sum = 0;
/// pipeline::from_receiver(receiver)
///     .map(1, |number| number * 2)
///     .run(&pool, |number| sum += number)?;
/// assert_eq!(sum, 90);
/// # writer.join().unwrap().unwrap();
/// # Ok::<(), pipeline::PipelineError>(())
/// ```
#[track_caller]
pub fn from_receiver<'a, T: Send>(receiver: Receiver<T>) -> Pipeline<'a, FromReceiver<T>, T> {
    Pipeline::new(FromReceiver(receiver))
}

/// A source and stages, of which items of type `T` come. See the [module](self).
///
/// It does nothing before it [runs](Self::run).
///
/// Stages and sink may borrow what lives longer than the run, but not what is gone before it:
///
/// ```compile_fail,E0597
/// use brigade::pipeline;
/// use brigade::pool::Pool;
///
/// let pipeline = {
///     let litres = 3;
///     pipeline::from_iter(0..10).map(2, |n| n * &litres)
/// };
/// pipeline.run(&Pool::new(1), drop).unwrap();
/// ```
///
/// What a stage has changes hands, so it is `Send`, and what stages share is `Sync`. Items that are not go nowhere:
///
/// ```compile_fail,E0277
/// use brigade::pipeline;
/// use std::rc::Rc;
///
/// let items = (0..10).map(Rc::new);
/// pipeline::from_iter(items);
/// ```
///
/// ```compile_fail,E0277
/// use brigade::pipeline;
/// use std::cell::Cell;
///
/// let calls = Cell::new(0);
/// pipeline::from_iter(0..10).map(2, |n| calls.set(calls.get() + n));
/// ```
///
/// Nor does a future, nor a sink:
///
/// ```compile_fail,E0277
/// use brigade::pipeline;
/// use std::future::ready;
/// use std::rc::Rc;
///
/// pipeline::from_iter(0..10).map_async(2, |n| async move {
///     let kept = Rc::new(n);
///     ready(()).await;
///     *kept
/// });
/// ```
///
/// ```compile_fail,E0277
/// use brigade::pipeline;
/// use brigade::pool::Pool;
/// use std::rc::Rc;
///
/// let sum = Rc::new(std::cell::Cell::new(0));
/// let _ = pipeline::from_iter(0..10).run(&Pool::new(1), |n| sum.set(sum.get() + n));
/// ```
#[must_use = "a pipeline does nothing until it runs"]
pub struct Pipeline<'a, S: Source, T> {
    source: S,
    first: StdArc<Edge<S::Item>>,
    last: StdArc<Edge<T>>,
    stations: Vec<Box<dyn Station + 'a>>,
    stages: Vec<Stage>,
    /// Where the source and the stages are written.
    sites: Vec<&'static Location<'static>>,
    in_flight: usize,
    in_order: bool,
    bell: StdArc<Bell>,
}

impl<S: Source> Pipeline<'_, S, S::Item> {
    #[track_caller]
    fn new(source: S) -> Self {
        let first = StdArc::new(Edge::new());
        Self {
            source,
            last: StdArc::clone(&first),
            first,
            stations: Vec::new(),
            stages: Vec::new(),
            sites: vec![Location::caller()],
            in_flight: IN_FLIGHT,
            in_order: false,
            bell: StdArc::new(Bell::new()),
        }
    }
}

impl<'a, S: Source, T: Send + 'a> Pipeline<'a, S, T> {
    /// At most so many items of the source are between source and sink at any time; 0 is 1. Without this, 128.
    pub fn in_flight(self, items: usize) -> Self {
        let in_flight = items.max(1);
        Self { in_flight, ..self }
    }

    /// The sink, and batches, get items in the order of the source. Without this, as they are ready.
    pub fn ordered(self) -> Self {
        let in_order = true;
        Self { in_order, ..self }
    }

    /// A stage that makes something of each item.
    #[track_caller]
    pub fn map<U, F>(self, stage: impl Into<Stage>, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        F: Fn(T) -> U + Send + Sync + 'a,
    {
        self.each(stage.into(), move |item, _| Outcome::Passed(each(item)))
    }

    /// As [`map`](Self::map), with something that is kept from one item to the next: a buffer, a connection.
    ///
    /// `init` makes one when an item begins and all that there are are in use. So there are at most as many as
    /// items at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline;
    /// use brigade::pool::Pool;
    /// use std::fmt::Write;
    ///
    /// let mut longest = 0;
    /// let digits = |text: &mut String, number: u32| {
    ///     text.clear();
    ///     write!(text, "{number}").map(|()| text.len())
    /// };
    /// pipeline::from_iter([7, 1066, 42])
    ///     .map_init(2, String::new, digits)
    ///     .try_map(1, |length| length)
    ///     .run(&Pool::new(2), |length| longest = longest.max(length))?;
    /// assert_eq!(longest, 4);
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn map_init<U, W, I, F>(
        self,
        stage: impl Into<Stage>,
        init: I,
        each: F,
    ) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        W: Send + 'a,
        I: Fn() -> W + Send + Sync + 'a,
        F: Fn(&mut W, T) -> U + Send + Sync + 'a,
    {
        let kept = Kept::new();
        self.map(stage, move |item| kept.with(&init, |kept| each(kept, item)))
    }

    /// A stage that makes something of some items. The others leave the pipeline.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline;
    /// use brigade::pool::Pool;
    ///
    /// let mut odd = Vec::new();
    /// pipeline::from_iter(0..10)
    ///     .filter_map(2, |number| (number % 2 == 1).then_some(number))
    ///     .ordered()
    ///     .run(&Pool::new(1), |number| odd.push(number))?;
    /// assert_eq!(odd, [1, 3, 5, 7, 9]);
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn filter_map<U, F>(self, stage: impl Into<Stage>, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        F: Fn(T) -> Option<U> + Send + Sync + 'a,
    {
        self.each(stage.into(), move |item, _| {
            each(item).map_or(Outcome::Gone, Outcome::Passed)
        })
    }

    /// A stage that may fail. The first item that does ends the pipeline, or is [left out](Stage::skip_errors).
    #[track_caller]
    pub fn try_map<U, E, F>(self, stage: impl Into<Stage>, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        E: Into<Cause>,
        F: Fn(T) -> Result<U, E> + Send + Sync + 'a,
    {
        self.each(stage.into(), move |item, _| Outcome::of(each(item)))
    }

    /// A stage that tries again what fails, after the delays of `backoff`, as [`retry`](crate::policy::retry) does.
    ///
    /// An item that waits for its next attempt is in flight, but in nobody's way: others are worked on meanwhile. When there
    /// are no more attempts, it fails with a [`RetryError`] of the last failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline;
    /// use brigade::policy::Backoff;
    /// use brigade::pool::Pool;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::time::Duration;
    ///
    /// let calls = AtomicU32::new(0);
    /// let fetch = |page: &u32| {
    ///     let call = calls.fetch_add(1, Ordering::Relaxed);
    ///     if call == 0 { Err("busy") } else { Ok(page * 10) }
    /// };
    /// let mut got = Vec::new();
    /// let backoff = Backoff::exponential(Duration::from_millis(1)).attempts(3);
    /// let report = pipeline::from_iter([1, 2])
    ///     .retry_map(1, backoff, fetch)
    ///     .ordered()
    ///     .run(&Pool::new(1), |page| got.push(page))?;
    /// assert_eq!((got, report.retried), (vec![10, 20], 1));
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn retry_map<U, E, F>(
        self,
        stage: impl Into<Stage>,
        backoff: Backoff,
        each: F,
    ) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        E: Into<Cause>,
        F: Fn(&T) -> Result<U, E> + Send + Sync + 'a,
    {
        self.retry_map_if(stage, backoff, |_| true, each)
    }

    /// As [`retry_map`](Self::retry_map), as long as the failures are worth it; see [`retry_if`](crate::policy::retry_if).
    ///
    /// `worth` is asked about each failure, also the last, and so is also the place to count or report them.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline::{self, Stage};
    /// use brigade::policy::Backoff;
    /// use brigade::pool::Pool;
    /// use std::time::Duration;
    ///
    /// let fetch = |page: &u32| if *page == 2 { Err("gone") } else { Ok(*page) };
    /// let backoff = Backoff::exponential(Duration::from_millis(1));
    /// let report = pipeline::from_iter([1, 2, 3])
    ///     .retry_map_if(Stage::new(1).skip_errors(), backoff, |error| *error != "gone", fetch)
    ///     .run(&Pool::new(1), drop)?;
    /// assert_eq!((report.items_out, report.retried), (2, 0));
    /// assert_eq!(
    ///     report.dead[0].error.to_string(),
    ///     "gone (given up after 1 attempt: another would not help)"
    /// );
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn retry_map_if<U, E, W, F>(
        self,
        stage: impl Into<Stage>,
        backoff: Backoff,
        worth: W,
        each: F,
    ) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        E: Into<Cause>,
        W: Fn(&E) -> bool + Send + Sync + 'a,
        F: Fn(&T) -> Result<U, E> + Send + Sync + 'a,
    {
        self.each(stage.into(), move |item, attempts| {
            let mut course = attempts.map_or_else(|| Course::begin(&backoff), |course| *course);
            let error = match each(&item) {
                Ok(value) => return Outcome::Passed(value),
                Err(error) => error,
            };
            match course.after(error, &mut |error: &E| worth(error)) {
                Ok((_, until)) => Outcome::Again(item, until, Box::new(course)),
                Err(given_up) => {
                    let attempts = given_up.attempts;
                    let given_up: RetryError<Cause> = given_up.map(E::into);
                    Outcome::Failed(given_up.into(), attempts)
                }
            }
        })
    }

    /// A stage that makes a future of each item and awaits it. Many are awaited at once, and none takes a thread for it.
    ///
    /// The futures are polled by the threads that run the pipeline, in no runtime of anybody else. What they wait for
    /// inside this library needs none.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    /// use brigade::{channel, pipeline};
    ///
    /// let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::oneshot()).unzip();
    /// for (number, sender) in senders.into_iter().enumerate() {
    ///     sender.send(number).unwrap();
    /// }
    /// let mut sum = 0;
    /// pipeline::from_iter(receivers)
    ///     .map_async(8, |receiver| async move { receiver.await.unwrap_or(0) })
    ///     .run(&Pool::new(1), |number| sum += number)?;
    /// assert_eq!(sum, 3);
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn map_async<U, Fut, F>(self, stage: impl Into<Stage>, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        Fut: Future<Output = U> + Send + 'a,
        F: Fn(T) -> Fut + Send + Sync + 'a,
    {
        self.awaiting(stage.into(), each, Outcome::Passed)
    }

    /// As [`map_async`](Self::map_async), of futures that may fail; see [`try_map`](Self::try_map).
    ///
    /// To try again, await a [`retry_async`](crate::policy::retry_async), or a [`retry_if_async`](crate::policy::retry_if_async).
    #[track_caller]
    pub fn try_map_async<U, E, Fut, F>(self, stage: impl Into<Stage>, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        E: Into<Cause> + 'a,
        Fut: Future<Output = Result<U, E>> + Send + 'a,
        F: Fn(T) -> Fut + Send + Sync + 'a,
    {
        self.awaiting(stage.into(), each, Outcome::of)
    }

    /// Makes one item of `count`, or of those that have come within `time` of the first; 0 is 1.
    ///
    /// The last batch has what is left. A batch is also closed if the source has given all that may be in flight: make
    /// that as large as a batch, and larger if stages are to work meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline;
    /// use brigade::pool::Pool;
    /// use std::time::Duration;
    ///
    /// let mut batches = Vec::new();
    /// pipeline::from_iter(0..7)
    ///     .batch(3, Duration::from_secs(60))
    ///     .run(&Pool::new(1), |batch| batches.push(batch))?;
    /// assert_eq!(batches, [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    /// # Ok::<(), pipeline::PipelineError>(())
    /// ```
    #[track_caller]
    pub fn batch(self, count: usize, time: Duration) -> Pipeline<'a, S, Vec<T>> {
        let (from, to) = (StdArc::clone(&self.last), StdArc::new(Edge::new()));
        let batch = Batch {
            from,
            to: StdArc::clone(&to),
            count: count.max(1),
            within: time,
            open: SeenLock::new(Open::new()),
        };
        self.then(Stage::new(1), Box::new(batch), to)
    }

    /// Runs it on `pool`, and gives each result to `sink`, one at a time, on whatever thread has it.
    ///
    /// The calling thread takes part, and does no other work meanwhile. It may be a worker of that pool.
    ///
    /// # Errors
    ///
    /// What ended it before the end of the source: an item that failed, a panic, or that it was
    /// [cancelled](crate::cancel). Then what was in flight is dropped.
    #[track_caller]
    pub fn run<F>(self, pool: &Pool, mut sink: F) -> Result<Report, PipelineError>
    where
        F: FnMut(T) + Send,
    {
        self.run_into(pool, move |item| {
            sink(item);
            Ok(())
        })
    }

    /// As [`run`](Self::run), into a sink that may fail: that ends the pipeline.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run), and if the sink fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pipeline::{self, Part};
    /// use brigade::pool::Pool;
    ///
    /// let mut room = 2;
    /// let ended = pipeline::from_iter(1..).ordered().try_run(&Pool::new(1), |number| {
    ///     room -= 1;
    ///     if room < 0 { Err(format!("no room for {number}")) } else { Ok(()) }
    /// });
    /// let error = ended.unwrap_err();
    /// assert_eq!((error.part, error.report.items_out), (Part::Sink, 2));
    /// assert!(error.to_string().ends_with("no room for 3"));
    /// ```
    #[track_caller]
    pub fn try_run<E, F>(self, pool: &Pool, mut sink: F) -> Result<Report, PipelineError>
    where
        E: Into<Cause>,
        F: FnMut(T) -> Result<(), E> + Send,
    {
        self.run_into(pool, move |item| sink(item).map_err(Into::into))
    }

    #[track_caller]
    fn run_into<F>(self, pool: &Pool, sink: F) -> Result<Report, PipelineError>
    where
        F: FnMut(T) -> Result<(), Cause> + Send,
    {
        let Self {
            mut source,
            first,
            last: from,
            stations,
            mut stages,
            mut sites,
            in_flight,
            in_order,
            bell,
        } = self;
        let began = clock::now();
        let each = SeenLock::new(Some(sink));
        // The sink may borrow for a shorter time than the stages.
        let mut stations: Vec<Box<dyn Station + '_>> = stations;
        stations.push(Box::new(Sink { from, each }));
        stages.push(Stage::new(1));
        sites.push(Location::caller());
        for station in &stations {
            station.begin(in_order);
        }
        let token = cancel::current().map_or_else(CancelToken::new, |token| token.child());
        let options = Options::new().token(&token);
        let board = Board::new(stages, in_flight);
        let (threads, has_idle) = (pool.others(), || pool.has_idle());
        let run = Run::new(stations, sites, board, token, bell, threads, &has_idle);
        // What goes wrong is noted in the run. The scope's own error says that it was cancelled.
        let _ = pool.scope_with(options, |scope| {
            run.drive(&mut source, &first, scope);
            Ok(())
        });
        // An iterator is the application's, and may panic when it is dropped.
        discard_panic(|| drop(source));
        run.settle(began)
    }

    #[track_caller]
    fn each<U, F>(self, stage: Stage, each: F) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        F: Fn(T, Option<Box<Course>>) -> Outcome<T, U> + Send + Sync + 'a,
    {
        let (from, to) = (StdArc::clone(&self.last), StdArc::new(Edge::new()));
        let station = Each {
            from,
            to: StdArc::clone(&to),
            each,
            skips: stage.skips,
            delayed: Delayed::new(),
        };
        self.then(stage, Box::new(station), to)
    }

    #[track_caller]
    fn awaiting<U, Fut, F, J>(self, stage: Stage, begin: F, judge: J) -> Pipeline<'a, S, U>
    where
        U: Send + 'a,
        Fut: Future + Send + 'a,
        F: Fn(T) -> Fut + Send + Sync + 'a,
        J: Fn(Fut::Output) -> awaiting::Answer<U> + Send + Sync + 'a,
    {
        let edges = (StdArc::clone(&self.last), StdArc::new(Edge::new()));
        let to = StdArc::clone(&edges.1);
        let limits = (stage.parallel, stage.skips);
        let station = Awaiting::new(edges, limits, StdArc::clone(&self.bell), begin, judge);
        // The station counts for itself: its items are under way while nobody works on them.
        let stage = Stage {
            parallel: usize::MAX,
            ..stage
        };
        self.then(stage, Box::new(station), to)
    }

    #[track_caller]
    fn then<U>(
        mut self,
        stage: Stage,
        station: Box<dyn Station + 'a>,
        last: StdArc<Edge<U>>,
    ) -> Pipeline<'a, S, U> {
        self.stations.push(station);
        self.stages.push(stage);
        self.sites.push(Location::caller());
        Pipeline {
            source: self.source,
            first: self.first,
            last,
            stations: self.stations,
            stages: self.stages,
            sites: self.sites,
            in_flight: self.in_flight,
            in_order: self.in_order,
            bell: self.bell,
        }
    }
}

impl<S: Source, T> fmt::Debug for Pipeline<'_, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stages)
            .field("in_flight", &self.in_flight)
            .field("in_order", &self.in_order)
            .finish_non_exhaustive()
    }
}
