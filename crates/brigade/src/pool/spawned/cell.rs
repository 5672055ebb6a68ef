//! One task: its state, its future and later what came of it, and who waits for that. The states are in the module.
//!
//! It does not know who runs it, nor how workers learn that it is ready.

use super::handle::Spawned;
use crate::pool::JobError;
use crate::pool::stats::TaskEnd;
use crate::pool::worker::Crew;
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicU8;
use crate::prim::{Arc, PlainAtomicUsize, StdArc, UnsafeCell, discard_panic};
use crate::scope::Panic;
use crate::wait::{WaitQueue, under};
use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};

type Site = &'static Location<'static>;

const READY: u8 = 1;
const RUNNING: u8 = 1 << 1;
const OVER: u8 = 1 << 2;
const CANCELLED: u8 = 1 << 3;
const DETACHED: u8 = 1 << 4;

/// A task, whatever its future is.
pub(in crate::pool) trait Task: Send + Sync {
    /// Polls the future once, or drops it if it is cancelled. Does nothing if somebody else has it. Returns the task if it
    /// was woken meanwhile: the caller puts it back into the queue.
    #[must_use = "nobody else puts it back"]
    fn run(self: StdArc<Self>) -> Option<StdArc<dyn Task>>;

    /// Its place in the list; `usize::MAX` if it is not there.
    fn place(&self) -> &PlainAtomicUsize;

    /// Has the future dropped instead of polled, by whoever runs it next. Wakes nobody.
    fn condemn(&self);

    /// Where it was spawned.
    fn site(&self) -> Site;
}

/// What a handle sees of a task.
pub(super) trait Join<T>: Send + Sync {
    /// The result, once, when it is over.
    ///
    /// # Safety
    ///
    /// Only the one handle calls this.
    unsafe fn take(&self) -> Option<Result<T, JobError>>;

    /// Whether it is over. `synchronised` makes it the second look of the handshake.
    fn is_over(&self, synchronised: bool) -> bool;

    /// Has the future dropped at the next chance.
    fn cancel(self: StdArc<Self>);

    /// Drops the future here and now, if it is to be dropped and nobody has it.
    fn drop_condemned(self: StdArc<Self>);

    /// The handle is gone: nobody will take the result.
    fn detach(&self);

    fn waiting(&self) -> &WaitQueue;

    fn crew(&self) -> &Arc<Crew>;
}

enum Stage<F: Future> {
    Future(F),
    /// What came of it: nothing if it was cancelled, or the result has been taken. The panic is boxed, as it is larger than
    /// most results.
    Over(Option<Result<F::Output, Box<Panic>>>),
}

pub(super) struct Cell<F: Future> {
    state: AtomicU8,
    waiting: WaitQueue,
    crew: Arc<Crew>,
    site: Site,
    place: PlainAtomicUsize,
    stage: UnsafeCell<Stage<F>>,
}

// SAFETY: the stage is touched only by the runner, which has set `RUNNING`, until it sets `OVER`, and by the one handle
// after that, or by the runner again if that has gone before; the state orders them (release to acquire). Future and output
// cross threads: Send. Whoever drops the cell has it alone.
unsafe impl<F: Future<Output: Send> + Send> Send for Cell<F> {}
// SAFETY: as above; no reference to either is ever shared.
unsafe impl<F: Future<Output: Send> + Send> Sync for Cell<F> {}

impl<F> Cell<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    pub(super) fn spawn(future: F, crew: &Arc<Crew>, site: Site) -> Spawned<F::Output> {
        let cell = StdArc::new(Self {
            state: AtomicU8::new(READY),
            waiting: WaitQueue::new(),
            crew: Arc::clone(crew),
            site,
            place: PlainAtomicUsize::new(usize::MAX),
            stage: UnsafeCell::new(Stage::Future(future)),
        });
        let handle = Spawned::new(StdArc::clone(&cell) as _);
        crew.agenda().spawn(cell, crew.own_number());
        handle
    }

    /// Makes the task ready, with `bits` set beside. Whether it is to be put into the queue by the caller.
    fn make_ready(&self, bits: u8) -> bool {
        let before = self.state.fetch_or(READY | bits, AcqRel);
        before & (READY | RUNNING | OVER) == 0
    }

    /// Puts a share into the queue. The task may be over before an idle worker is called for it: the caller's share keeps
    /// the crew.
    fn put(self: &StdArc<Self>) {
        let worker = self.crew.own_number();
        self.crew.agenda().put(StdArc::clone(self) as _, worker);
    }

    /// Gets it to `RUNNING`, if it is nobody else's, and returns what it was before.
    fn claim(&self) -> Option<u8> {
        let mut state = READY;
        while state & (RUNNING | OVER) == 0 {
            let running = state & !READY | RUNNING;
            match self.state.compare_exchange(state, running, AcqRel, Relaxed) {
                Ok(_) => return Some(state),
                Err(now) => state = now,
            }
        }
        None
    }

    /// Lets go of a future that waits. Whether it was woken meanwhile; `None` if it has been cancelled: then it is still
    /// the caller's.
    fn let_go(&self) -> Option<bool> {
        let mut state = RUNNING;
        while state & CANCELLED == 0 {
            match self
                .state
                .compare_exchange(state, state & !RUNNING, AcqRel, Relaxed)
            {
                Ok(_) => return Some(state & READY != 0),
                Err(now) => state = now,
            }
        }
        None
    }

    /// Goes on with a task that was in state `before`. Whether it is to be put back.
    fn go_on(self: &StdArc<Self>, before: u8) -> bool {
        if before & CANCELLED != 0 {
            self.end(None);
            return false;
        }
        if let Poll::Ready(came) = self.poll() {
            self.end(Some(came));
            return false;
        }
        self.let_go().unwrap_or_else(|| {
            self.end(None);
            false
        })
    }

    /// Polls the future. The caller runs it.
    fn poll(self: &StdArc<Self>) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
        // SAFETY: `self` has a share for as long as this lives, which is not dropped and gives none back. A clone has
        // one of its own.
        let waker = ManuallyDrop::new(Waker::from(unsafe {
            StdArc::from_raw(StdArc::as_ptr(self))
        }));
        let mut cx = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.stage.with_mut(|stage| {
                // SAFETY: running, so it is ours alone.
                let Stage::Future(future) = (unsafe { &mut *stage }) else {
                    unreachable!("a task that is not over has a future")
                };
                // SAFETY: it is in an `Arc`, and dropped in its place.
                unsafe { Pin::new_unchecked(future) }.poll(&mut cx)
            })
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(thrown) => Poll::Ready(Err(thrown)),
        }
    }

    /// Drops the future, and tells whoever waits what came of it: nothing if it is cancelled. The caller runs it.
    fn end(&self, came: Option<Result<F::Output, Box<dyn Any + Send>>>) {
        let dropped = catch_unwind(AssertUnwindSafe(|| self.set(Stage::Over(None))));
        let came = match (came, dropped) {
            (Some(Err(thrown)), second) => {
                // What is thrown is the application's, and so is its drop.
                discard_panic(|| drop(second));
                Some(Err(thrown))
            }
            (came, Err(thrown)) => {
                discard_panic(|| drop(came));
                Some(Err(thrown))
            }
            (came, Ok(())) => came,
        };
        self.count(match &came {
            Some(Ok(_)) => TaskEnd::Done,
            Some(Err(_)) => TaskEnd::Panicked,
            None => TaskEnd::Cancelled,
        });
        if let Some(came) = came {
            let came = came.map_err(|thrown| Box::new(Panic::caught(thrown, self.site)));
            self.set(Stage::Over(Some(came)));
        }
        if self.state.fetch_or(OVER, AcqRel) & DETACHED == 0 {
            self.waiting.wake_one();
        } else {
            discard_panic(|| self.set(Stage::Over(None)));
        }
        self.crew.agenda().tasks().remove(self);
    }

    /// Before it is over: who joins it finds it counted.
    fn count(&self, end: TaskEnd) {
        self.crew.meters().count_task(self.crew.own_number(), end);
    }

    /// What was there is dropped in its place. The caller runs the task, or has it to itself when it is over.
    fn set(&self, stage: Stage<F>) {
        self.stage.with_mut(|place| {
            // SAFETY: ours alone, by the contract.
            unsafe { *place = stage };
        });
    }
}

impl<F> Task for Cell<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn run(self: StdArc<Self>) -> Option<StdArc<dyn Task>> {
        let before = self.claim()?;
        // What ends the waits of this thread says nothing of this task.
        under(None, || self.go_on(before)).then_some(self as _)
    }

    fn place(&self) -> &PlainAtomicUsize {
        &self.place
    }

    fn condemn(&self) {
        self.state.fetch_or(CANCELLED, AcqRel);
    }

    fn site(&self) -> Site {
        self.site
    }
}

impl<F> Join<F::Output> for Cell<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    unsafe fn take(&self) -> Option<Result<F::Output, JobError>> {
        if !self.is_over(false) {
            return None;
        }
        let came = self.stage.with_mut(|stage| {
            // SAFETY: over, so the runner is through with it, and the handle, which is there, is the only other one.
            let Stage::Over(came) = (unsafe { &mut *stage }) else {
                unreachable!("the future is gone when the task is over")
            };
            came.take()
        });
        Some(match came {
            Some(result) => result.map_err(|panic| JobError::Panicked(*panic)),
            None => Err(JobError::Cancelled),
        })
    }

    fn is_over(&self, synchronised: bool) -> bool {
        let state = if synchronised {
            self.state.fetch_add(0, AcqRel)
        } else {
            self.state.load(Acquire)
        };
        state & OVER != 0
    }

    fn cancel(self: StdArc<Self>) {
        if self.make_ready(CANCELLED) {
            self.put();
        }
    }

    fn drop_condemned(self: StdArc<Self>) {
        if self.state.load(Relaxed) & CANCELLED != 0 {
            let again = self.run();
            debug_assert!(again.is_none(), "what is condemned is not polled");
        }
    }

    fn detach(&self) {
        if self.state.fetch_or(DETACHED, AcqRel) & OVER != 0 {
            discard_panic(|| self.set(Stage::Over(None)));
        }
    }

    fn waiting(&self) -> &WaitQueue {
        &self.waiting
    }

    fn crew(&self) -> &Arc<Crew> {
        &self.crew
    }
}

impl<F> Wake for Cell<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn wake(self: StdArc<Self>) {
        if !self.make_ready(0) {
            return;
        }
        Crew::of_this_thread(|crew| match crew {
            // The usual case: this share goes into the queue, as the thread has one of the crew.
            Some((crew, number)) if Arc::ptr_eq(crew, &self.crew) => {
                crew.agenda().put(self, Some(number));
            }
            _ => self.put(),
        });
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if self.make_ready(0) {
            self.put();
        }
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use std::future::Pending;

    #[test]
    fn a_task_takes_little_beside_its_future() {
        // With the two counts of its `Arc`, and its place in the list.
        let beside = 2 * size_of::<usize>() + size_of::<StdArc<dyn Task>>() + size_of::<u32>();
        type Empty = Cell<Pending<()>>;
        assert!(size_of::<Empty>() + beside <= 100, "{}", size_of::<Empty>());
        type Large = Cell<std::future::Ready<[u64; 32]>>;
        assert!(size_of::<Large>() - size_of::<[u64; 32]>() + beside <= 100);
    }
}
