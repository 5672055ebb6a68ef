//! What the rows of tasks on a pool need from a peer, and their workloads: a task that spawns others, one at a time or
//! many at once, and two that let each other run. A pool is started for one measurement, and has run tasks before the
//! clock starts. The peers are in [`crate::peer`].

use crate::cpu_time;
use crate::pool::check;
use crate::run::{Load, Run, Work};
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Instant;
use tokio::sync::Barrier;

/// Tasks, or turns, between two looks at the clock; and as many tasks are there at once in [`SpawnTraffic::Many`].
const BATCH: usize = 1000;

/// What the tasks do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpawnTraffic {
    /// Spawn a task and await it, then at once the next.
    OneByOne,
    /// Spawn many tasks, await all in order, spawn the next.
    Many,
    /// Two tasks that do nothing but give way.
    GiveWay,
}

/// The question the rows put to a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spawning {
    pub(crate) traffic: SpawnTraffic,
    pub(crate) workers: usize,
}

/// A pool that runs tasks, used as its users use it.
pub(crate) trait Spawns: Sized + 'static {
    /// What a task holds to spawn others.
    type Inside: Clone + Send + 'static;

    fn start(workers: usize) -> Self;
    fn inside(&self) -> Self::Inside;
    /// Spawns all these tasks, and waits in the calling thread for what they return.
    fn run<T: Send + 'static>(
        &self,
        tasks: Vec<impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T>;
    /// Spawns a task for each question that returns the [answer](crate::pool::answer), and awaits it before the next.
    fn one_by_one(
        inside: Self::Inside,
        questions: Range<usize>,
    ) -> impl Future<Output = Vec<usize>> + Send + 'static;
    /// Spawns such a task for each question, and then awaits all of them in order.
    fn many(
        inside: Self::Inside,
        questions: Range<usize>,
    ) -> impl Future<Output = Vec<usize>> + Send + 'static;
    /// Lets other tasks run.
    fn give_way() -> impl Future<Output = ()> + Send + 'static;
}

/// Lets other tasks run, where the peer has no call for that: what everybody writes then.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|context| match given {
        true => Poll::Ready(()),
        false => {
            given = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Makes the work that a peer's tasks are to do.
pub(crate) fn work<P: Spawns>(Spawning { traffic, workers }: Spawning) -> Work {
    Box::new(move |load| {
        let pool = started::<P>(workers)?;
        let cpu = cpu_time::process();
        let from = Instant::now();
        let done = match traffic {
            SpawnTraffic::GiveWay => take_turns(&pool, workers, load),
            asking => ask_all(&pool, asking, load),
        }?;
        let elapsed = from.elapsed();
        let cpu = cpu_time::process() - cpu;
        Ok(Run::of(load.ops, done, elapsed, cpu))
    })
}

/// The pool, once its workers have had something to do.
fn started<P: Spawns>(workers: usize) -> Result<P, String> {
    let pool = P::start(workers);
    let questions = 0..2 * workers;
    let tasks = (0..workers).map(|_| P::many(pool.inside(), questions.clone()));
    for answers in pool.run(tasks.collect()) {
        check(questions.clone(), &answers)?;
    }
    Ok(pool)
}

/// Has one task spawn all others.
fn ask_all<P: Spawns>(pool: &P, traffic: SpawnTraffic, load: Load) -> Result<usize, String> {
    let asking = ask::<P>(pool.inside(), traffic, load);
    pool.run(vec![asking]).into_iter().sum()
}

/// The task that spawns others. Returns how many.
async fn ask<P: Spawns>(
    inside: P::Inside,
    traffic: SpawnTraffic,
    load: Load,
) -> Result<usize, String> {
    let from = Instant::now();
    let mut done = 0;
    while done < load.ops && from.elapsed() < load.limit {
        let questions = done..done + BATCH;
        let answers = match traffic {
            SpawnTraffic::Many => P::many(inside.clone(), questions.clone()).await,
            _ => P::one_by_one(inside.clone(), questions.clone()).await,
        };
        check(questions, &answers)?;
        done += BATCH;
    }
    Ok(done)
}

/// Whether one of two tasks on one worker has let the other run, as seen when it is done. Not every yield lets the other
/// run: tokio prefers the same one of the two now and then, which adds up to one turn in 20. But a yield that is none
/// leaves the other far behind.
fn gave_way(turns: usize, ahead: usize) -> bool {
    ahead < turns / 2
}

/// What the two that give way know of each other.
struct Pair {
    meeting: Barrier,
    turns: [Turns; 2],
}

/// How many turns one has had, away from what the other writes.
#[derive(Default)]
#[repr(align(128))]
struct Turns(AtomicUsize);

fn take_turns<P: Spawns>(pool: &P, workers: usize, load: Load) -> Result<usize, String> {
    let pair = Arc::new(Pair {
        meeting: Barrier::new(2),
        turns: Default::default(),
    });
    let one = |index| {
        let pair = Arc::clone(&pair);
        async move { turns_of::<P>(&pair, index, load).await }
    };
    let mut done = 0;
    for (turns, ahead) in pool.run(vec![one(0), one(1)]) {
        if workers == 1 && !gave_way(turns, ahead) {
            return Err(format!(
                "one of two tasks on one worker was {ahead} of {turns} turns ahead of the other"
            ));
        }
        done += turns;
    }
    Ok(done)
}

/// One of the two: gives way, again and again. Returns how often, and how many turns it was ahead of the other in the end.
async fn turns_of<P: Spawns>(pair: &Pair, index: usize, load: Load) -> (usize, usize) {
    let [mine, others] = [index, 1 - index].map(|index| &pair.turns[index].0);
    pair.meeting.wait().await;
    let from = Instant::now();
    let mut turns = 0;
    while turns < load.ops / 2 && from.elapsed() < load.limit {
        for _ in 0..BATCH {
            P::give_way().await;
            turns += 1;
            mine.store(turns, Relaxed);
        }
    }
    (turns, turns.saturating_sub(others.load(Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::{SpawnTraffic, Spawning, Spawns, work};
    use crate::run::Load;
    use std::future::{Future, ready};
    use std::ops::Range;
    use std::time::Duration;
    use tokio::runtime::{Builder, Runtime};

    /// Answers wrong once there are many questions, and never gives way.
    struct Faulty(Runtime);

    impl Spawns for Faulty {
        type Inside = ();

        fn start(workers: usize) -> Self {
            let runtime = Builder::new_multi_thread().worker_threads(workers).build();
            Self(runtime.unwrap())
        }

        fn inside(&self) {}

        fn run<T: Send + 'static>(
            &self,
            tasks: Vec<impl Future<Output = T> + Send + 'static>,
        ) -> Vec<T> {
            let tasks: Vec<_> = tasks.into_iter().map(|task| self.0.spawn(task)).collect();
            let results = tasks.into_iter().map(|task| self.0.block_on(task).unwrap());
            results.collect()
        }

        async fn one_by_one((): (), _: Range<usize>) -> Vec<usize> {
            Vec::new()
        }

        async fn many((): (), questions: Range<usize>) -> Vec<usize> {
            let wrong_below = questions.end.saturating_sub(9);
            let answer =
                |question| crate::pool::answer(question + usize::from(question < wrong_below));
            questions.map(answer).collect()
        }

        fn give_way() -> impl Future<Output = ()> + Send + 'static {
            ready(())
        }
    }

    fn fault(traffic: SpawnTraffic) -> String {
        let load = Load {
            ops: 10_000,
            limit: Duration::from_secs(30),
        };
        let workers = 1;
        work::<Faulty>(Spawning { traffic, workers })(load).unwrap_err()
    }

    #[test]
    fn missing_and_wrong_answers_fail_the_check() {
        assert!(fault(SpawnTraffic::OneByOne).contains("1000 jobs gave 0"));
        assert!(fault(SpawnTraffic::Many).contains("job 0 gave the wrong"));
    }

    #[test]
    fn who_never_gives_way_fails_the_check() {
        assert!(fault(SpawnTraffic::GiveWay).contains("5000 of 5000 turns ahead"));
    }
}
