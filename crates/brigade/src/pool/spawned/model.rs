//! Loom's proof for tasks: no wake is lost, a future is dropped once, and so is what came of it.

use super::block_on::block_on;
use super::{Cell, Spawned};
use crate::pool::builder::Description;
use crate::pool::worker::Crew;
use crate::pool::{JobError, Pool};
use crate::prim::{Arc, SeenLock, three_threads};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use loom::thread;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

/// Counts drops.
struct Counted(StdArc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A crew without workers: the model runs what is ready.
fn crew() -> Arc<Crew> {
    Arc::new(Crew::new(Description::of(1)))
}

fn spawn<F>(crew: &Arc<Crew>, future: F) -> Spawned<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    Cell::spawn(future, crew, Location::caller())
}

/// A task that waits for `body`, and how often what it owns was dropped.
fn spawn_counted(
    crew: &Arc<Crew>,
    body: impl Future<Output = ()> + Send + 'static,
) -> (Spawned<()>, StdArc<AtomicUsize>) {
    let drops = StdArc::new(AtomicUsize::new(0));
    let counted = Counted(StdArc::clone(&drops));
    let task = spawn(crew, async move {
        body.await;
        drop(counted);
    });
    (task, drops)
}

fn run_ready(crew: &Crew) {
    while let Some(task) = crew.agenda().next_task() {
        if let Some(again) = task.run() {
            crew.agenda().tasks().put(again);
        }
    }
}

/// Something that a task waits for.
#[derive(Clone)]
struct Gate {
    open: StdArc<AtomicBool>,
    waker: StdArc<SeenLock<Option<Waker>>>,
}

impl Gate {
    fn new() -> Self {
        Self {
            open: StdArc::new(AtomicBool::new(false)),
            waker: StdArc::new(SeenLock::new(None)),
        }
    }

    /// Waits until it is open. Its waker is that of the first poll.
    fn pass(&self) -> impl Future<Output = ()> + Send + use<> {
        let gate = self.clone();
        poll_fn(move |cx| {
            gate.waker.lock().get_or_insert_with(|| cx.waker().clone());
            if gate.open.fetch_or(false, AcqRel) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }

    fn waker(&self) -> Waker {
        self.waker.lock().clone().expect("it was polled")
    }

    /// Opens it, and wakes who has been here first.
    fn open(&self) {
        self.open.swap(true, AcqRel);
        let waker = self.waker.lock().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Forgets the waker, which keeps the task.
    fn forget(&self) {
        let waker = self.waker.lock().take();
        drop(waker);
    }
}

#[test]
fn a_wake_while_it_runs_is_not_lost() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let task = spawn(&crew, gate.pass());
        run_ready(&crew);
        let opener = thread::spawn({
            let gate = gate.clone();
            move || gate.open()
        });
        gate.waker().wake();
        run_ready(&crew);
        opener.join().unwrap();
        // A runner that was woken, or put it back, would look now.
        run_ready(&crew);
        assert!(task.is_finished());
        gate.forget();
    });
}

/// The word alone orders them: what is written is not acquired by who reads it.
fn a_poll_sees_what_was_before_two_wakes(wake: fn(Waker)) {
    loom::model(move || {
        let (crew, gate) = (crew(), Gate::new());
        let open = StdArc::new(AtomicBool::new(false));
        let passes = {
            let (open, gate) = (StdArc::clone(&open), gate.clone());
            poll_fn(move |cx| {
                gate.waker.lock().get_or_insert_with(|| cx.waker().clone());
                if open.load(Relaxed) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
        };
        let task = spawn(&crew, passes);
        run_ready(&crew);
        let wakes = thread::spawn({
            let waker = gate.waker();
            move || {
                open.store(true, Relaxed);
                wake(waker);
            }
        });
        wake(gate.waker());
        run_ready(&crew);
        wakes.join().unwrap();
        run_ready(&crew);
        assert!(task.is_finished());
        gate.forget();
    });
}

#[test]
fn a_poll_sees_what_was_before_each_wake() {
    a_poll_sees_what_was_before_two_wakes(Waker::wake);
}

#[test]
fn a_poll_sees_what_was_before_each_wake_by_reference() {
    a_poll_sees_what_was_before_two_wakes(|waker| waker.wake_by_ref());
}

#[test]
fn a_wake_when_it_is_done_does_nothing() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let task = spawn(&crew, gate.pass());
        run_ready(&crew);
        let waker = gate.waker();
        gate.forget();
        gate.open.store(true, Relaxed);
        let late = thread::spawn({
            let waker = waker.clone();
            move || waker.wake()
        });
        waker.wake();
        run_ready(&crew);
        late.join().unwrap();
        run_ready(&crew);
        assert!(matches!(task.join(), Ok(())));
        assert_eq!(crew.meters().tasks(), 0);
        gate.forget();
    });
}

#[test]
fn a_result_reaches_who_joins_meanwhile() {
    loom::model(|| {
        let crew = crew();
        let task = spawn(&crew, async { 1 });
        let joiner = thread::spawn(move || task.join().unwrap());
        run_ready(&crew);
        assert_eq!(joiner.join().unwrap(), 1);
    });
}

#[test]
fn who_is_cancelled_while_woken_is_dropped_once() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let (task, drops) = spawn_counted(&crew, gate.pass());
        run_ready(&crew);
        let opener = thread::spawn({
            let (gate, crew) = (gate.clone(), Arc::clone(&crew));
            move || {
                gate.open();
                run_ready(&crew);
            }
        });
        task.cancel();
        run_ready(&crew);
        opener.join().unwrap();
        run_ready(&crew);
        assert!(task.is_finished());
        assert_eq!(drops.load(Relaxed), 1);
        assert!(matches!(task.join(), Ok(()) | Err(JobError::Cancelled)));
        gate.forget();
    });
}

#[test]
fn what_nobody_takes_is_dropped_once_though_a_waker_is_kept() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let drops = StdArc::new(AtomicUsize::new(0));
        let (counted, passes) = (Counted(StdArc::clone(&drops)), gate.pass());
        let task = spawn(&crew, async move {
            passes.await;
            counted
        });
        gate.open.store(true, Relaxed);
        let dropper = thread::spawn(move || drop(task));
        run_ready(&crew);
        dropper.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
        gate.forget();
    });
}

/// The tasks end while another thread does `act`. Then the one task is over, and its future dropped once.
fn ends_beside(
    crew: &Arc<Crew>,
    (task, drops): (Spawned<()>, StdArc<AtomicUsize>),
    act: impl FnOnce(&Crew) + Send + 'static,
) {
    let other = thread::spawn({
        let crew = Arc::clone(crew);
        move || act(&crew)
    });
    crew.agenda().end_tasks();
    other.join().unwrap();
    assert!(task.is_finished());
    assert_eq!(drops.load(Relaxed), 1);
    assert_eq!(crew.meters().tasks(), 0);
}

#[test]
fn the_end_drops_who_is_woken_at_the_same_time() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let task = spawn_counted(&crew, gate.pass());
        run_ready(&crew);
        let opened = gate.clone();
        ends_beside(&crew, task, move |crew| {
            opened.open();
            run_ready(crew);
        });
        gate.forget();
    });
}

#[test]
fn the_end_drops_who_is_about_to_wait_for_the_first_time() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let task = spawn_counted(&crew, gate.pass());
        ends_beside(&crew, task, run_ready);
        gate.forget();
    });
}

#[test]
fn the_end_drops_who_has_given_way_and_never_waited() {
    loom::model(|| {
        let crew = crew();
        let mut polls = 0;
        let gives_way = poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 3 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        let task = spawn_counted(&crew, gives_way);
        ends_beside(&crew, task, run_ready);
    });
}

#[test]
fn a_handle_and_a_waker_that_go_meanwhile_free_it_once() {
    loom::model(|| {
        let (crew, gate) = (crew(), Gate::new());
        let task = spawn(&crew, gate.pass());
        run_ready(&crew);
        let waker = gate.waker();
        gate.forget();
        gate.open.store(true, Relaxed);
        let dropper = thread::spawn(move || drop(task));
        // Its share goes to the queue, and with it to who runs it.
        waker.wake();
        run_ready(&crew);
        dropper.join().unwrap();
        gate.forget();
        assert_eq!(crew.meters().tasks(), 0);
    });
}

#[test]
fn the_end_and_a_joiner_drop_it_once() {
    loom::model(|| {
        let crew = crew();
        let (task, drops) = spawn_counted(&crew, std::future::pending());
        run_ready(&crew);
        let joiner = thread::spawn(move || task.join());
        crew.agenda().end_tasks();
        assert!(matches!(joiner.join().unwrap(), Err(JobError::Cancelled)));
        assert_eq!(drops.load(Relaxed), 1);
    });
}

#[test]
fn a_spawn_at_the_end_is_refused_or_ended() {
    loom::model(|| {
        let crew = crew();
        let spawner = thread::spawn({
            let crew = Arc::clone(&crew);
            move || spawn(&crew, async { 1 })
        });
        crew.agenda().end_tasks();
        let task = spawner.join().unwrap();
        assert!(matches!(task.join(), Err(JobError::Cancelled)));
    });
}

#[test]
fn of_workers_that_leave_the_last_sees_it() {
    loom::model(|| {
        let crew = crew();
        let ends = StdArc::new(AtomicUsize::new(0));
        let task = spawn(&crew, std::future::pending::<()>());
        run_ready(&crew);
        let tasks = || crew.agenda().tasks();
        tasks().enter();
        tasks().enter();
        // One that is about to sit out, because it has not seen the shutdown.
        let sitting = thread::spawn({
            let (crew, ends) = (Arc::clone(&crew), StdArc::clone(&ends));
            move || {
                let tasks = crew.agenda().tasks();
                if tasks.leave() && crew.agenda().is_closed() {
                    tasks.enter();
                    if tasks.leave() {
                        ends.fetch_add(1, Relaxed);
                        crew.agenda().end_tasks();
                    }
                }
            }
        });
        crew.agenda().close();
        if tasks().leave() {
            ends.fetch_add(1, Relaxed);
            crew.agenda().end_tasks();
        }
        sitting.join().unwrap();
        assert_eq!(ends.load(Relaxed), 1);
        assert!(task.is_finished());
    });
}

/// Whole pools have so many steps that one preemption is what can be explored.
fn pool_of_one() -> Pool {
    let pool = Pool::builder().threads(1).queue_capacity(1);
    pool.build().unwrap()
}

#[test]
fn an_idle_worker_is_woken_for_the_first_task() {
    three_threads(|| {
        let pool = pool_of_one();
        assert_eq!(pool.spawn(async { 1 }).join().unwrap(), 1);
        drop(pool);
    });
}

#[test]
fn a_pool_that_is_dropped_leaves_no_joiner_behind() {
    three_threads(|| {
        let (pool, gate) = (pool_of_one(), Gate::new());
        let task = pool.spawn(gate.pass());
        gate.open();
        drop(pool);
        assert!(task.is_finished());
        assert!(matches!(task.join(), Ok(()) | Err(JobError::Cancelled)));
        gate.forget();
    });
}

#[test]
fn a_thread_that_runs_a_future_is_woken() {
    loom::model(|| {
        let gate = Gate::new();
        let opener = thread::spawn({
            let gate = gate.clone();
            move || gate.open()
        });
        let passes = gate.pass();
        block_on(passes, Location::caller());
        opener.join().unwrap();
        gate.forget();
    });
}
