//! What the row of scopes needs from a peer, and its workload: a thread that is not of the pool
//! opens a scope, spawns jobs that borrow, and goes on when all have run.

use super::{THREADS, check};
use crate::run::{Load, Run, Work, repeat};

/// The jobs of a scope.
const JOBS: usize = 100;

/// The question the row puts to a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scoping;

/// A pool whose jobs may borrow, used as its users use it.
pub(crate) trait Scopes: Sized + 'static {
    fn start(threads: usize) -> Self;
    /// A job for each question, which borrows the question and the place of its
    /// [answer](super::answer).
    fn answer_all(&self, questions: &[usize], answers: &mut [usize]);
}

/// Makes the work that a peer's pool is to do.
pub(crate) fn work<P: Scopes>(Scoping: Scoping) -> Work {
    Box::new(scopes::<P>)
}

fn scopes<P: Scopes>(load: Load) -> Result<Run, String> {
    let pool = P::start(THREADS);
    let mut questions: Vec<usize> = (0..JOBS).collect();
    let mut answers = vec![0; JOBS];
    let mut ask = |first: usize| {
        for (question, number) in questions.iter_mut().zip(first..) {
            *question = number;
        }
        pool.answer_all(&questions, &mut answers);
        check(first..first + JOBS, &answers)
    };
    ask(0)?;
    let mut first = 0;
    repeat(load, JOBS, || {
        first += JOBS;
        ask(first)
    })
}
