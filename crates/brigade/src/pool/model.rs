//! Loom's proof for the pool: a job's result reaches its joiner, a shutdown ends, nothing is lost.

use super::agenda::Found;
use super::builder::Description;
use super::idle::{Idle, Stays, Work};
use super::spawned::{self, Nearest};
use super::task::Task;
use super::worker::Crew;
use super::{JobError, Pool, Shutdown};
use crate::prim::{Arc, StdArc, three_threads};
use crate::wait::{Limit, Wait, block};
use loom::future::block_on;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Wake, Waker};

fn pool_of_one(queue: usize) -> Pool {
    Pool::builder()
        .threads(1)
        .queue_capacity(queue)
        .build()
        .unwrap()
}

#[test]
fn a_result_reaches_the_joining_thread() {
    loom::model(|| {
        let pool = pool_of_one(1);
        assert_eq!(pool.submit(|| 1).unwrap().join().unwrap(), 1);
        drop(pool);
    });
}

#[test]
fn a_result_reaches_the_awaiting_task() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        assert_eq!(block_on(async { job.await.unwrap() }), 1);
        drop(pool);
    });
}

#[test]
fn draining_runs_what_is_queued() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert!(job.is_finished());
        assert_eq!(job.join().unwrap(), 1);
    });
}

#[test]
fn aborting_runs_or_cancels_and_tells_the_joiner() {
    loom::model(|| {
        let pool = pool_of_one(1);
        let job = pool.submit(|| 1).unwrap();
        pool.shutdown(Shutdown::Abort, None).unwrap();
        match job.join() {
            Ok(value) => assert_eq!(value, 1),
            Err(error) => assert!(matches!(error, JobError::Cancelled)),
        }
    });
}

#[test]
fn a_shutdown_wakes_a_submitter_who_waits_for_room() {
    three_threads(|| {
        let pool = loom::sync::Arc::new(pool_of_one(1));
        let submitter = {
            let pool = loom::sync::Arc::clone(&pool);
            thread::spawn(move || {
                let first = pool.execute(|| ()).is_ok();
                let second = pool.execute(|| ()).is_ok();
                assert!(first || !second, "a closed pool does not open again");
            })
        };
        pool.shutdown(Shutdown::Drain, None).unwrap();
        submitter.join().unwrap();
    });
}

/// A crew without workers, which the model stands in for.
fn crew_of_two() -> Arc<Crew> {
    Arc::new(Crew::new(Description::of(2)))
}

/// The same for so many, of whom each may keep two jobs.
fn crew_with_room(workers: usize) -> Arc<Crew> {
    let mut description = Description::of(workers);
    description.queue_capacity = 2;
    Arc::new(Crew::new(description))
}

/// Has worker 0 submit a job, and keep it for itself. Whether it was taken.
fn put_own(crew: &Crew) -> bool {
    let job = Task::forgotten(|| (), Location::caller());
    crew.agenda().put_own(0, job).is_ok()
}

/// Worker 0 does something else from then on, and the other is idle, or about to be.
fn idle_worker_takes_it(crew: Arc<Crew>) {
    let idle = {
        let crew = Arc::clone(&crew);
        thread::spawn(move || matches!(crew.next(1, &mut false), Work::Found(Found::Job(_))))
    };
    assert!(put_own(&crew));
    assert!(idle.join().unwrap());
}

#[test]
fn the_first_job_that_a_worker_keeps_reaches_an_idle_one() {
    loom::model(|| idle_worker_takes_it(crew_of_two()));
}

#[test]
fn a_later_job_that_a_worker_keeps_reaches_an_idle_one() {
    loom::model(|| {
        let crew = crew_of_two();
        assert!(put_own(&crew));
        assert!(crew.agenda().take_own(0).is_some());
        idle_worker_takes_it(crew);
    });
}

/// The other sees the first one, watches over it, and perhaps ends the watch because it is gone.
#[test]
fn a_job_that_a_worker_keeps_while_a_watch_ends_reaches_an_idle_one() {
    loom::model(|| {
        let crew = crew_with_room(2);
        assert!(put_own(&crew));
        let idle = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || matches!(crew.next(1, &mut false), Work::Found(Found::Job(_))))
        };
        drop(crew.agenda().take_own(0));
        assert!(put_own(&crew));
        assert!(idle.join().unwrap());
        crew.agenda().close();
        crew.agenda().drop_all(|| ());
    });
}

#[test]
fn what_a_worker_keeps_is_taken_before_the_end_or_refused() {
    loom::model(|| {
        let crew = crew_of_two();
        let keeps = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || put_own(&crew))
        };
        crew.agenda().close();
        let mut found = false;
        while let Work::Found(_) = crew.next(1, &mut false) {
            found = true;
        }
        assert_eq!(keeps.join().unwrap(), found);
    });
}

/// So many tasks, which are ready, in no queue.
fn ready_tasks(crew: &Arc<Crew>, count: usize) -> Vec<spawned::Task> {
    for _ in 0..count {
        drop(Nearest::of(crew).spawn(async {}, Location::caller()));
    }
    let tasks = || crew.agenda().tasks().take();
    std::iter::from_fn(tasks).take(count).collect()
}

/// Runs a task to its end.
fn run(task: spawned::Task) {
    assert!(task.run().is_none());
}

/// Worker 0 has a job, which is left to 1, puts a task back into the shared queue, as it does if there is more there, and goes
/// on with its job. Worker 1 leaves with what else was there.
#[test]
fn a_task_that_is_put_back_before_a_watch_ends_reaches_an_idle_worker() {
    loom::model(|| {
        let crew = crew_with_room(3);
        let agenda = crew.agenda();
        assert!(put_own(&crew));
        assert!(agenda.take_own(0).is_some());
        let task = ready_tasks(&crew, 1).pop().unwrap();
        assert!(agenda.begin_watch(1));
        let idle = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || match crew.next(2, &mut false) {
                Work::Found(Found::Ready(task)) => run(task),
                Work::Found(_) => {}
                _ => panic!("there is something to do"),
            })
        };
        assert!(put_own(&crew));
        agenda.tasks().put(task);
        drop(agenda.take_own(0));
        agenda.end_watch(1);
        idle.join().unwrap();
        agenda.close();
        agenda.drop_all(|| ());
    });
}

/// Whether it was woken.
pub(super) struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.0.store(true, Relaxed);
    }
}

impl Bell {
    pub(super) fn new() -> StdArc<Self> {
        StdArc::new(Self(AtomicBool::new(false)))
    }

    pub(super) fn has_rung(&self) -> bool {
        self.0.load(Relaxed)
    }
}

#[test]
fn who_sleeps_beside_a_watch_is_woken_for_what_is_put_in_while_it_ends() {
    loom::model(|| {
        let crew = crew_with_room(3);
        assert!(put_own(&crew));
        assert!(crew.agenda().take_own(0).is_some());
        assert!(crew.agenda().begin_watch(1));
        let idle = Idle::new(crew.agenda(), crew.forks(), 2, || true);
        let mut sleeps = pin!(Wait::new(idle, Location::caller()));
        let bell = Bell::new();
        let waker = Waker::from(StdArc::clone(&bell));
        let mut cx = Context::from_waker(&waker);
        assert!(sleeps.as_mut().poll(&mut cx).is_pending());
        let keeps = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || put_own(&crew))
        };
        crew.agenda().end_watch(1);
        assert!(keeps.join().unwrap());
        assert!(bell.has_rung());
        assert!(sleeps.as_mut().poll(&mut cx).is_ready());
        crew.agenda().close();
        crew.agenda().drop_all(|| ());
    });
}

/// A worker that is not free goes on making jobs.
#[test]
fn a_task_is_taken_although_there_is_always_a_job() {
    loom::model(|| {
        let crew = crew_with_room(2);
        let agenda = crew.agenda();
        assert!(put_own(&crew));
        agenda.put_back(ready_tasks(&crew, 1).pop().unwrap(), 0);
        assert!(put_own(&crew));
        assert!(matches!(agenda.steal(1), Some(Found::Job(_))));
        assert!(put_own(&crew));
        let Some(Found::Ready(task)) = agenda.steal(1) else {
            panic!("it is its turn");
        };
        run(task);
        agenda.close();
        agenda.drop_all(|| ());
    });
}

/// Worker 0 takes one to run it, and has the next in its hands for a moment; the other needs two.
#[test]
fn a_task_that_finds_no_room_near_is_seen_by_who_looks_meanwhile() {
    loom::model(|| {
        let crew = crew_of_two();
        for task in ready_tasks(&crew, 3) {
            crew.agenda().put(task, None);
        }
        assert!(put_own(&crew));
        assert!(crew.agenda().take_own(0).is_some());
        crew.agenda().close();
        let stays = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || {
                let mut found = 0;
                while found < 2 {
                    let mut stays = Stays {
                        agenda: crew.agenda(),
                        is_held_up: || false,
                    };
                    let stayed = block(&mut stays, Limit::NONE, Location::caller());
                    assert!(matches!(stayed, Ok(false)));
                    found += usize::from(crew.agenda().tasks().take().map(run).is_some());
                }
            })
        };
        if let Some(task) = crew.agenda().next_task() {
            crew.agenda().refill(0);
            run(task);
        }
        stays.join().unwrap();
        crew.agenda().drop_all(|| ());
    });
}
