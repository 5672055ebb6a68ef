//! What a pool has done so far: numbers, and in pools that measure it, how long jobs waited and ran.
//!
//! Each worker counts on a line of its own, which nobody else writes. So counting costs a load and a store, and a
//! [`Stats`] is made of numbers that were read one after the other.

use super::Pool;
use super::task::{Ran, Task};
use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicUsize;
use crate::prim::{PlainAtomicUsize, clock};
use crossbeam_utils::CachePadded;
use std::fmt;
use std::time::{Duration, Instant};

/// What the workers count.
pub(super) struct Meters {
    /// One for each worker, and the last for all other threads.
    meters: Box<[CachePadded<Meter>]>,
}

struct Meter {
    done: AtomicUsize,
    panicked: AtomicUsize,
    tasks: Counts,
    /// How many jobs were run out of turn, or dropped, less those whose tickets were met in a queue after that: all together
    /// the tickets left in the queues. Negative numbers wrap. No checker sees it.
    tickets: PlainAtomicUsize,
    times: Option<Times>,
}

/// How many tasks there were, and how they have ended. No checker sees it: it orders nothing.
#[derive(Default)]
struct Counts {
    spawned: PlainAtomicUsize,
    done: PlainAtomicUsize,
    panicked: PlainAtomicUsize,
    cancelled: PlainAtomicUsize,
}

/// The begin of a task, or how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskEvent {
    Spawned,
    Done,
    Panicked,
    Cancelled,
}

struct Times {
    waits: Buckets,
    runs: Buckets,
}

impl Meters {
    pub(super) fn new(workers: usize, timed: bool) -> Self {
        let meter = |_| {
            CachePadded::new(Meter {
                done: AtomicUsize::new(0),
                panicked: AtomicUsize::new(0),
                tasks: Counts::default(),
                tickets: PlainAtomicUsize::new(0),
                times: timed.then(Times::new),
            })
        };
        Self {
            meters: (0..=workers).map(meter).collect(),
        }
    }

    /// The time, if times are measured.
    #[inline]
    pub(super) fn now(&self) -> Option<Instant> {
        self.meters[0].times.as_ref().map(|_| clock::now())
    }

    /// Runs a job on worker `number`, or on a thread that is none.
    #[inline]
    pub(super) fn run(&self, number: Option<usize>, job: Task) {
        let ran = match &self.of(number).times {
            None => job.run(),
            Some(times) => {
                let submitted = job.submitted_at();
                times.measure(submitted, || job.run())
            }
        };
        self.count(number, ran);
        if ran == Ran::Elsewhere {
            self.meet_ticket(number);
        }
    }

    /// The same for a job that was submitted at that time, and is run by `run`, whatever has become of its ticket.
    pub(super) fn run_by(
        &self,
        number: Option<usize>,
        submitted: Option<Instant>,
        run: impl FnOnce() -> Ran,
    ) -> Ran {
        let ran = match &self.of(number).times {
            None => run(),
            Some(times) => times.measure(submitted, run),
        };
        self.count(number, ran);
        ran
    }

    /// A job is claimed by worker `number`, or a thread that is none, while its ticket is in a queue.
    pub(super) fn leave_ticket(&self, number: Option<usize>) {
        add(&self.of(number).tickets, 1, number.is_some());
    }

    /// The same have taken a ticket out of a queue whose job was claimed before.
    pub(super) fn meet_ticket(&self, number: Option<usize>) {
        add(&self.of(number).tickets, usize::MAX, number.is_some());
    }

    /// How many tickets are left in the queues, about.
    pub(super) fn tickets_left(&self) -> usize {
        let counts = self.meters.iter().map(|meter| meter.tickets.load(Relaxed));
        let left = counts.fold(0, usize::wrapping_add);
        // Who meets one may be faster than who leaves it.
        not_negative(left)
    }

    /// Counts a job that was run on worker `number`, or on a thread that is none.
    #[inline]
    fn count(&self, number: Option<usize>, ran: Ran) {
        let meter = self.of(number);
        let count = match ran {
            Ran::Done => &meter.done,
            Ran::Panicked => &meter.panicked,
            Ran::Elsewhere => return,
        };
        if number.is_some() {
            // Nobody else writes it.
            count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
        } else {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Counts a task that begins or ends on worker `number`, or on a thread that is none.
    #[inline]
    pub(super) fn count_task(&self, number: Option<usize>, event: TaskEvent) {
        let tasks = &self.of(number).tasks;
        let count = match event {
            TaskEvent::Spawned => &tasks.spawned,
            TaskEvent::Done => &tasks.done,
            TaskEvent::Panicked => &tasks.panicked,
            TaskEvent::Cancelled => &tasks.cancelled,
        };
        add(count, 1, number.is_some());
    }

    /// How many tasks are not over.
    pub(super) fn tasks(&self) -> usize {
        // First those that are: whoever is counted there has been counted as spawned.
        let ends = self
            .sum_tasks(|tasks| &tasks.done)
            .wrapping_add(self.sum_tasks(|tasks| &tasks.panicked))
            .wrapping_add(self.sum_tasks(|tasks| &tasks.cancelled));
        let tasks = self.sum_tasks(|tasks| &tasks.spawned).wrapping_sub(ends);
        // The counts are not ordered among each other: for a moment more may seem to have ended.
        not_negative(tasks)
    }

    fn sum_tasks(&self, count: impl Fn(&Counts) -> &PlainAtomicUsize) -> usize {
        let counts = self
            .meters
            .iter()
            .map(|meter| count(&meter.tasks).load(Relaxed));
        counts.fold(0, usize::wrapping_add)
    }

    fn of(&self, number: Option<usize>) -> &Meter {
        let last = self.meters.len() - 1;
        &self.meters[number.unwrap_or(last)]
    }

    fn sum(&self, count: impl Fn(&Meter) -> &AtomicUsize) -> usize {
        let counts = self.meters.iter().map(|meter| count(meter).load(Relaxed));
        counts.fold(0, usize::wrapping_add)
    }

    fn merged(&self, buckets: impl Fn(&Times) -> &Buckets) -> Option<Durations> {
        let times = self.meters.iter().filter_map(|meter| meter.times.as_ref());
        times
            .map(|times| buckets(times).read())
            .reduce(Durations::and)
    }
}

/// A difference that has wrapped if it was negative, or none then.
fn not_negative(difference: usize) -> usize {
    difference.cast_signed().max(0).cast_unsigned()
}

/// Adds to a count, which is a worker's own, or everybody's.
#[inline]
fn add(count: &PlainAtomicUsize, amount: usize, is_own: bool) {
    if is_own {
        // Nobody else writes it.
        count.store(count.load(Relaxed).wrapping_add(amount), Relaxed);
    } else {
        count.fetch_add(amount, Relaxed);
    }
}

impl Times {
    fn new() -> Self {
        Self {
            waits: Buckets::new(),
            runs: Buckets::new(),
        }
    }

    fn measure(&self, submitted: Option<Instant>, run: impl FnOnce() -> Ran) -> Ran {
        let begun = clock::now();
        let ran = run();
        if ran != Ran::Elsewhere {
            if let Some(at) = submitted {
                self.waits.add(begun.saturating_duration_since(at));
            }
            self.runs.add(begun.elapsed());
        }
        ran
    }
}

/// What a pool has to do, and has done. See [`Pool::stats`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Threads that the pool is to have.
    pub threads: usize,
    /// Jobs that wait in the queues.
    pub queued: usize,
    /// Workers that run something.
    pub running: usize,
    /// Submitted jobs that were run and did not panic.
    pub done: usize,
    /// Submitted jobs that panicked.
    pub panicked: usize,
    /// [Tasks](Pool::spawn) that are not over: they are ready, run or wait.
    pub tasks: usize,
    /// Tasks that were run to their end.
    pub tasks_done: usize,
    /// Tasks that panicked.
    pub tasks_panicked: usize,
    /// Tasks that were dropped before their end: cancelled, or left when the pool ended.
    pub tasks_cancelled: usize,
    /// How long jobs waited before they began; `None` unless the pool is [timed](super::Builder::timed).
    pub waits: Option<Durations>,
    /// How long jobs ran; `None` unless the pool is timed.
    pub runs: Option<Durations>,
}

impl Pool {
    /// What the pool has to do at this moment, and what it has done so far.
    ///
    /// The numbers are read one after the other while the pool goes on. Jobs are what was submitted or executed:
    /// [scopes](Self::scope) and [joins](Self::join) are not counted. Tasks are counted by themselves, and each is once it is
    /// over, before who joins it knows. Times are those of jobs alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::{Pool, Shutdown};
    ///
    /// let pool = Pool::builder().threads(2).timed().build()?;
    /// for n in 0..10 {
    ///     pool.execute(move || assert_ne!(n, 7, "a panic, for the sake of the example"))?;
    /// }
    /// pool.shutdown(Shutdown::Drain, None)?;
    /// let stats = pool.stats();
    /// assert_eq!((stats.done, stats.panicked), (9, 1));
    /// let longest = stats.runs.and_then(|runs| runs.quantile(1.0));
    /// assert!(longest.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        let crew = self.crew();
        let meters = crew.meters();
        Stats {
            threads: self.threads(),
            queued: self.queued(),
            running: crew.running(),
            done: meters.sum(|meter| &meter.done),
            panicked: meters.sum(|meter| &meter.panicked),
            tasks: meters.tasks(),
            tasks_done: meters.sum_tasks(|tasks| &tasks.done),
            tasks_panicked: meters.sum_tasks(|tasks| &tasks.panicked),
            tasks_cancelled: meters.sum_tasks(|tasks| &tasks.cancelled),
            waits: meters.merged(|times| &times.waits),
            runs: meters.merged(|times| &times.runs),
        }
    }
}

/// Bits of a duration, beside its highest, that tell one bucket from the next.
const FINE: u32 = 2;
/// Up to 2^63 ns, and so any duration that a program lives to see.
const BUCKETS: usize = (64 - FINE as usize) << FINE;

struct Buckets(Box<[AtomicUsize]>);

impl Buckets {
    fn new() -> Self {
        Self((0..BUCKETS).map(|_| AtomicUsize::new(0)).collect())
    }

    fn add(&self, duration: Duration) {
        self.0[bucket_of(duration)].fetch_add(1, Relaxed);
    }

    fn read(&self) -> Durations {
        Durations {
            counts: self.0.iter().map(|count| count.load(Relaxed)).collect(),
        }
    }
}

fn bucket_of(duration: Duration) -> usize {
    let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX >> 1);
    if ns < 1 << FINE {
        return ns as usize;
    }
    let shift = ns.ilog2() - FINE;
    // The highest bit and the fine ones, of which the former adds one to the octave.
    let index = ((shift as usize) << FINE) + (ns >> shift) as usize;
    index.min(BUCKETS - 1)
}

/// The longest duration that is counted in a bucket.
fn end_of(bucket: usize) -> Duration {
    let octave = (bucket >> FINE).saturating_sub(1) as u32;
    let first = bucket as u64 - (u64::from(octave) << FINE);
    Duration::from_nanos(((first + 1) << octave) - 1)
}

/// How many durations of which length there were: in steps of a quarter of a power of two.
#[derive(Clone, PartialEq, Eq)]
pub struct Durations {
    counts: Box<[usize]>,
}

impl Durations {
    fn and(mut self, other: Self) -> Self {
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum = sum.wrapping_add(*count);
        }
        self
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The duration that `share` of all were not longer than, rounded up by less than a quarter: 0.5 for the median, 1.0 for
    /// the longest. `None` if there were none. A share below 0 is taken for 0, one above 1 or not a number for 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let share = if share.is_nan() { 1.0 } else { share };
        let wanted = (count as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|in_bucket| {
            seen += in_bucket;
            seen as f64 >= wanted
        })?;
        Some(end_of(bucket))
    }
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durations")
            .field("count", &self.count())
            .field("median", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("longest", &self.quantile(1.0))
            .finish()
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;

    fn ns(ns: u64) -> Duration {
        Duration::from_nanos(ns)
    }

    #[test]
    fn buckets_follow_one_another_without_gaps() {
        for bucket in 0..BUCKETS - 1 {
            let end = end_of(bucket);
            assert_eq!(bucket_of(end), bucket, "the end of {bucket} is in it");
            assert_eq!(bucket_of(end + ns(1)), bucket + 1, "what follows {bucket}");
        }
        assert_eq!(bucket_of(Duration::MAX), BUCKETS - 1);
        assert_eq!(bucket_of(Duration::ZERO), 0);
    }

    #[test]
    fn a_quantile_is_rounded_up_by_less_than_a_quarter() {
        let buckets = Buckets::new();
        assert_eq!(buckets.read().quantile(0.5), None);
        for duration in [1000, 2000, 3000, 1_000_000] {
            buckets.add(ns(duration));
        }
        let durations = buckets.read();
        assert_eq!(durations.count(), 4);
        for (share, exact) in [
            (-1.0, 1000),
            (0.25, 1000),
            (0.5, 2000),
            (0.75, 3000),
            (2.0, 1_000_000),
        ] {
            let found = durations.quantile(share).unwrap();
            assert!(
                found >= ns(exact) && found < ns(exact + exact / 4),
                "{share}: {found:?}"
            );
        }
        assert_eq!(durations.quantile(f64::NAN), durations.quantile(1.0));
    }
}
