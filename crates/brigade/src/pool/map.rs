//! An iterator whose items are made on the pool: lazy, with a bounded number of them under way.
//!
//! Nothing is asked of the source before the first result is asked for. From then on there are as many jobs as the
//! window has places, whose results nobody has had yet: so memory stays the same however long the source is. The
//! iterator puts jobs in without waiting. If the queue is full it runs the next item itself, so that two of them can share
//! a pool, and one can be used within a job.
//!
//! A worker that waits for a result of its own pool runs a job of this iterator that nobody has begun, and no other.

use super::agenda::Priority;
use super::{Job, JobError, Pool};
use crate::channel::{self, Receiver, Sender};
use crate::prim::StdArc;
use crate::scope::Panic;
use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

/// Places of the window for each thread of the pool, unless told otherwise: one that runs, and three so that it need not
/// wait for the iterator.
const PLACES_A_THREAD: usize = 4;

/// Results of a pool, in the order of the items. See [`Pool::map`].
#[must_use = "iterators are lazy"]
pub struct Map<'a, I, F, R> {
    source: Source<'a, I, F>,
    /// Those whose results nobody has had yet, and what is there in place of a result; the oldest first.
    due: VecDeque<Result<Begun<R>, JobError>>,
}

/// Results of a pool, in the order in which they are done. See [`Map::as_completed`].
#[must_use = "iterators are lazy"]
pub struct MapAsCompleted<'a, I, F, R> {
    source: Source<'a, I, F>,
    /// How many results have not been had.
    due: usize,
    /// Those of the jobs that may not have begun, the oldest first. Each says what it has made at `results`.
    jobs: VecDeque<Begun<()>>,
    sender: Sender<Made<R>>,
    results: Receiver<Made<R>>,
}

/// A job that is dropped, if nobody has begun it, when it is not waited for any more.
struct Begun<T>(Option<Job<T>>);

impl<T> Begun<T> {
    #[track_caller]
    fn join(mut self) -> Result<T, JobError> {
        let job = self.0.take().expect("only a join takes it out");
        job.join()
    }

    fn is_finished(&self) -> bool {
        self.0.as_ref().is_none_or(Job::is_finished)
    }
}

impl<T> Drop for Begun<T> {
    fn drop(&mut self) {
        if let Some(job) = &self.0 {
            job.cancel();
        }
    }
}

type Made<R> = Result<R, JobError>;

/// Where items come from, and what is done with each.
struct Source<'a, I, F> {
    pool: &'a Pool,
    /// `None` once it has ended, or the pool is shut down.
    items: Option<I>,
    make: StdArc<F>,
    window: usize,
    site: &'static Location<'static>,
}

impl Pool {
    /// Calls `make` with every item on the workers, and yields the results in the order of the items.
    ///
    /// It is lazy: items are taken from the source as results are asked for, and a bounded number of them is under way
    /// ([`window`](Map::window)). For results as soon as they are done see [`as_completed`](Map::as_completed); for items
    /// that are all there, and may be borrowed, [`map_collect`](Self::map_collect).
    ///
    /// A call that panics yields [`JobError::Panicked`], and the others go on. If the pool is shut down, items that nobody has
    /// begun yield [`JobError::Cancelled`], and then it ends. When the iterator is dropped, so are the items that nobody has
    /// begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let squares: Result<Vec<u64>, _> = pool.map(1..=5, |n| n * n).collect();
    /// assert_eq!(squares?, [1, 4, 9, 16, 25]);
    ///
    /// // Of an endless source only as much as is needed, and a few more, is taken.
    /// let first = pool.map(1_u64.., |n| n * n).map(Result::unwrap).find(|n| *n > 50);
    /// assert_eq!(first, Some(64));
    /// # Ok::<(), brigade::pool::JobError>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, R>(&self, items: I, make: F) -> Map<'_, I::IntoIter, F, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        Map {
            source: Source {
                pool: self,
                items: Some(items.into_iter()),
                make: StdArc::new(make),
                window: self.threads().saturating_mul(PLACES_A_THREAD),
                site: Location::caller(),
            },
            due: VecDeque::new(),
        }
    }
}

impl<'a, I, F, R> Map<'a, I, F, R> {
    /// How many items may have been taken from the source whose results have not been yielded; at least 1. Without this,
    /// four for each thread of the pool.
    pub fn window(mut self, items: usize) -> Self {
        self.source.window = items.max(1);
        self
    }

    /// Yields each result as soon as it is done, in whatever order.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    ///
    /// let pool = Pool::new(2);
    /// let words = ["one", "two", "three"];
    /// let lengths = pool.map(words, str::len).as_completed();
    /// assert_eq!(lengths.map(Result::unwrap).sum::<usize>(), 11);
    /// ```
    ///
    /// What is under way already, because results have been asked for before, is dropped or lost.
    pub fn as_completed(self) -> MapAsCompleted<'a, I, F, R> {
        let (sender, results) = channel::unbounded();
        MapAsCompleted {
            source: self.source,
            due: 0,
            jobs: VecDeque::new(),
            sender,
            results,
        }
    }
}

impl<I, F> Source<'_, I, F>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Send + Sync + 'static,
{
    /// The next item; `None` if there is none, or no pool any more.
    fn next(&mut self) -> Option<I::Item> {
        let item = self.items.as_mut()?.next();
        if item.is_none() {
            self.items = None;
        }
        item
    }

    /// Has the pool call `run`.
    fn submit<T: Send + 'static>(
        &mut self,
        run: impl FnOnce(&F, Site) -> T + Send + 'static,
    ) -> Result<Begun<T>, JobError> {
        let make = StdArc::clone(&self.make);
        let site = self.site;
        let lane = self.pool.lane(Priority::Ordinary);
        match lane.submit_or_run(move || run(&make, site), site) {
            Ok(job) => Ok(Begun(Some(job))),
            // The item is dropped with what comes back.
            Err(_shut_down) => {
                self.items = None;
                Err(JobError::Cancelled)
            }
        }
    }
}

type Site = &'static Location<'static>;

impl<I, F, R> Iterator for Map<'_, I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Item = Result<R, JobError>;

    /// The result of the next item. Blocks until it is done. If the wait is [cancelled](crate::cancel) it yields
    /// [`JobError::WaitCancelled`] in its place, and that result is lost.
    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        while self.due.len() < self.source.window {
            let Some(item) = self.source.next() else {
                break;
            };
            let begun = self.source.submit(|make, _| make(item));
            self.due.push_back(begun);
        }
        self.due.pop_front()?.and_then(Begun::join).into()
    }
}

impl<I, F, R> FusedIterator for Map<'_, I, F, R> where Self: Iterator {}

impl<I, F, R> MapAsCompleted<'_, I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    fn fill(&mut self) {
        while self.due < self.source.window {
            let Some(item) = self.source.next() else {
                return;
            };
            let mut says = Says(Some(self.sender.clone()));
            let submitted = self.source.submit(move |make, site| {
                let made = catch_unwind(AssertUnwindSafe(|| make(item)));
                says.say(made.map_err(|panic| JobError::Panicked(Panic::caught(panic, site))));
            });
            // What was not taken has said so when it was dropped.
            self.jobs.extend(submitted);
            self.due += 1;
        }
    }
}

/// Says what has become of an item: what it is told, or that it was never made.
struct Says<R>(Option<Sender<Made<R>>>);

impl<R> Says<R> {
    fn say(&mut self, made: Made<R>) {
        if let Some(sender) = self.0.take() {
            // If the iterator has gone, nobody wants it.
            drop(sender.try_send(made));
        }
    }
}

impl<R> Drop for Says<R> {
    fn drop(&mut self) {
        self.say(Err(JobError::Cancelled));
    }
}

impl<I, F, R> Iterator for MapAsCompleted<'_, I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Item = Result<R, JobError>;

    /// The next result that is done. Blocks until there is one. If the wait is [cancelled](crate::cancel) it yields
    /// [`JobError::WaitCancelled`], and no result is lost.
    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        self.fill();
        if self.due == 0 {
            return None;
        }
        let is_own_worker = self.source.pool.crew().is_own_worker();
        let made = loop {
            if let Ok(made) = self.results.try_recv() {
                break made;
            }
            // On a worker of the pool: runs the oldest, if nobody has begun it.
            let oldest = if is_own_worker {
                self.jobs.pop_front()
            } else {
                None
            };
            match oldest {
                Some(job) => drop(job.join()),
                None => match self.results.recv() {
                    Ok(made) => break made,
                    // The sender is here, so it is the wait that was cancelled.
                    Err(_) => return Some(Err(JobError::WaitCancelled)),
                },
            }
        };
        self.due -= 1;
        // Those that are done need no place here; looked at seldom enough to cost nothing.
        if self.jobs.len() >= self.due.saturating_mul(2).max(PLACES_A_THREAD) {
            self.jobs.retain(|job| !job.is_finished());
        }
        Some(made)
    }
}

impl<I, F, R> FusedIterator for MapAsCompleted<'_, I, F, R> where Self: Iterator {}

impl<I, F, R> fmt::Debug for Map<'_, I, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("window", &self.source.window)
            .field("under_way", &self.due.len())
            .finish_non_exhaustive()
    }
}

impl<I, F, R> fmt::Debug for MapAsCompleted<'_, I, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapAsCompleted")
            .field("window", &self.source.window)
            .field("under_way", &self.due)
            .finish_non_exhaustive()
    }
}
