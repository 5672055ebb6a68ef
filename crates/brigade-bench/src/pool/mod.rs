//! What the pool rows need from a peer, and their workloads. Every pool has two threads, is
//! started for one measurement or a part of it, and has answered before the clock starts. The peers
//! are in [`crate::peer`], the row of scopes in [`scope`].

mod nested;
pub(crate) mod scope;

use crate::{
    cpu_time,
    run::{Load, Run, Work},
    statistics::median,
};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Threads of every pool.
pub(crate) const THREADS: usize = 2;
/// Jobs whose results are outstanding at once in [`PoolTraffic::SubmitAndTake`].
const WINDOW: usize = 1000;
/// How long a pool is left alone in [`PoolTraffic::WakeFromIdle`].
const IDLE: Duration = Duration::from_micros(500);
/// Submissions between two looks at the clock.
const BATCH: usize = 256;

/// What to do with the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolTraffic {
    /// Submit tiny jobs from so many outside threads, then wait until all have run.
    SubmitAll(usize),
    /// Jobs that submit two more each.
    NestedTree,
    /// Submit a window of jobs, take every result, submit the next window.
    SubmitAndTake,
    /// One job to a pool that has been idle, and its result.
    ///
    /// So often before another pool is started. Where the system has put the threads of a pool decides the figure, and
    /// some pools stay as they are for as long as they live: few wakes of many pools say what one has to expect, many of
    /// one what comes of it in time.
    WakeFromIdle(usize),
    /// One job and its result, then at once the next.
    SubmitAndWait,
}

/// A pool of a peer, used as its users use it.
pub(crate) trait Workers: Sized + Sync + 'static {
    /// What a job holds to submit further ones.
    type Inside: Clone + Send + 'static;

    fn start(threads: usize) -> Self;
    /// A pool in which so many jobs can wait.
    fn start_with_room(threads: usize, _jobs: usize) -> Self {
        Self::start(threads)
    }
    fn inside(&self) -> Self::Inside;
    /// Runs a job nobody waits for, submitted by another one.
    fn execute_inside(inside: &Self::Inside, job: impl FnOnce() + Send + 'static);
    /// Runs a job nobody waits for.
    fn execute(&self, job: impl FnOnce() + Send + 'static);
    /// Submits [`answer`] for every question and then takes every result, in order.
    fn answers(&self, questions: Range<usize>) -> Vec<usize>;
    /// Submits [`answer`] for one question and waits for the result.
    fn answer(&self, question: usize) -> usize;
}

/// The job with a result: as good as nothing, but different for every question.
#[inline]
pub(crate) fn answer(question: usize) -> usize {
    question.wrapping_mul(3) ^ 1
}

/// Makes the work that a peer's pool is to do.
pub(crate) fn work<P: Workers>(traffic: PoolTraffic) -> Work {
    // Leaked once per row, so that a job borrows it for nothing; a counted reference would put the
    // same contention into every contestant and hide the pool behind it.
    let arrivals = || -> &'static Arrivals { Box::leak(Box::default()) };
    match traffic {
        PoolTraffic::SubmitAll(submitters) => {
            let arrivals = arrivals();
            Box::new(move |load| submit_all::<P>(submitters, arrivals, load))
        }
        PoolTraffic::NestedTree => {
            let arrivals = arrivals();
            Box::new(move |load| nested::trees::<P>(arrivals, load))
        }
        PoolTraffic::SubmitAndTake => Box::new(submit_and_take::<P>),
        PoolTraffic::WakeFromIdle(wakes) => Box::new(move |load| wake_from_idle::<P>(wakes, load)),
        PoolTraffic::SubmitAndWait => Box::new(submit_and_wait::<P>),
    }
}

/// Counts jobs that ran, and unparks who waits for the last one.
#[derive(Default)]
struct Arrivals {
    arrived: AtomicUsize,
    expected: AtomicUsize,
    waiter: Mutex<Option<Thread>>,
}

impl Arrivals {
    fn reset(&self) {
        *self.waiter.lock().expect("nobody panics here") = Some(thread::current());
        self.arrived.store(0, SeqCst);
        self.expected.store(usize::MAX, SeqCst);
    }

    #[inline]
    fn arrive(&self) {
        // Both sides write one word and then read the other, in one total order: either the last
        // job sees what is expected, or the waiter sees that all have arrived.
        let arrived = self.arrived.fetch_add(1, SeqCst) + 1;
        if arrived == self.expected.load(SeqCst) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        if let Some(waiter) = &*self.waiter.lock().expect("nobody panics here") {
            waiter.unpark();
        }
    }

    fn wait_for(&self, expected: usize) {
        self.expected.store(expected, SeqCst);
        while self.arrived.load(SeqCst) < expected {
            thread::park();
        }
    }
}

fn started<P: Workers>() -> Result<P, String> {
    answered(P::start(THREADS))
}

/// The pool, once it has answered.
fn answered<P: Workers>(pool: P) -> Result<P, String> {
    let questions = 0..2 * THREADS;
    check(questions.clone(), &pool.answers(questions))?;
    Ok(pool)
}

/// The caller is one of the submitters.
fn submit_all<P: Workers>(
    submitters: usize,
    arrivals: &'static Arrivals,
    load: Load,
) -> Result<Run, String> {
    let pool = started::<P>()?;
    arrivals.reset();
    let gate = Barrier::new(submitters);
    let part = Load {
        ops: load.ops.div_ceil(submitters),
        ..load
    };
    let submit = || {
        gate.wait();
        submit(&pool, arrivals, part)
    };
    let (cpu, from, submitted) = thread::scope(|scope| {
        let others: Vec<_> = (1..submitters).map(|_| scope.spawn(submit)).collect();
        let (cpu, from) = (cpu_time::process(), Instant::now());
        let ours = submit();
        let others = others.into_iter().map(|other| other.join());
        let others = others.map(|submitted| submitted.expect("a submitter does not panic"));
        (cpu, from, ours + others.sum::<usize>())
    });
    arrivals.wait_for(submitted);
    let elapsed = from.elapsed();
    let cpu = cpu_time::process() - cpu;
    drop(pool);
    let ran = arrivals.arrived.load(SeqCst);
    if ran != submitted {
        return Err(format!("{submitted} jobs were submitted, {ran} ran"));
    }
    Ok(Run::of(load.ops, submitted, elapsed, cpu))
}

/// Submits jobs, and returns how many there was time for.
fn submit<P: Workers>(pool: &P, arrivals: &'static Arrivals, load: Load) -> usize {
    let from = Instant::now();
    let mut submitted = 0;
    while submitted < load.ops && from.elapsed() < load.limit {
        let stop = load.ops.min(submitted + BATCH);
        while submitted < stop {
            pool.execute(|| arrivals.arrive());
            submitted += 1;
        }
    }
    submitted
}

fn submit_and_take<P: Workers>(load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    let windows = (load.ops / WINDOW).max(1);
    let mut answers = Vec::with_capacity(windows);
    let cpu = cpu_time::process();
    let from = Instant::now();
    while answers.len() < windows && from.elapsed() < load.limit {
        let first = answers.len() * WINDOW;
        answers.push(pool.answers(first..first + WINDOW));
    }
    let elapsed = from.elapsed();
    let cpu = cpu_time::process() - cpu;
    for (index, answers) in answers.iter().enumerate() {
        let first = index * WINDOW;
        check(first..first + WINDOW, answers)?;
    }
    let done = answers.len() * WINDOW;
    Ok(Run::of(windows * WINDOW, done, elapsed, cpu))
}

fn wake_from_idle<P: Workers>(wakes_of_one: usize, load: Load) -> Result<Run, String> {
    let mut wakes = Vec::with_capacity(load.ops);
    let mut cpu = Duration::ZERO;
    let from = Instant::now();
    while wakes.len() < load.ops && from.elapsed() < load.limit {
        let pool = started::<P>()?;
        let stop = load.ops.min(wakes.len() + wakes_of_one);
        let before = cpu_time::process();
        for question in wakes.len()..stop {
            thread::sleep(IDLE);
            let asked = Instant::now();
            let answered = pool.answer(question);
            wakes.push(asked.elapsed().as_secs_f64() * 1e9);
            check(question..question + 1, &[answered])?;
        }
        cpu += cpu_time::process() - before;
    }
    let run = Run::of(load.ops, wakes.len(), from.elapsed(), cpu);
    Ok(Run {
        ns_per_op: median(&wakes),
        ..run
    })
}

fn submit_and_wait<P: Workers>(load: Load) -> Result<Run, String> {
    let pool = started::<P>()?;
    let cpu = cpu_time::process();
    let from = Instant::now();
    let mut question = 0;
    while question < load.ops {
        if question % BATCH == BATCH - 1 && from.elapsed() >= load.limit {
            break;
        }
        check(question..question + 1, &[pool.answer(question)])?;
        question += 1;
    }
    let elapsed = from.elapsed();
    let cpu = cpu_time::process() - cpu;
    Ok(Run::of(load.ops, question, elapsed, cpu))
}

#[inline]
pub(crate) fn check(questions: Range<usize>, answers: &[usize]) -> Result<(), String> {
    if questions.len() != answers.len() {
        return Err(format!(
            "{} jobs gave {} results",
            questions.len(),
            answers.len()
        ));
    }
    let wrong = questions
        .zip(answers)
        .find(|(question, given)| answer(*question) != **given);
    match wrong {
        None => Ok(()),
        Some((question, given)) => Err(format!("job {question} gave the wrong result {given}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, check};

    #[test]
    fn results_in_order_pass_the_check() {
        assert_eq!(check(5..7, &[answer(5), answer(6)]), Ok(()));
    }

    #[test]
    fn missing_and_swapped_results_fail_the_check() {
        assert!(check(5..7, &[answer(5)]).is_err());
        assert!(check(5..7, &[answer(6), answer(5)]).is_err());
    }
}
