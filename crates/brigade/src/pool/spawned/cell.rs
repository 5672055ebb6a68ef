//! A task with its future, and later what came of it.
//!
//! It does not know who waits for that, nor who runs it and how workers learn that it is ready.

use super::handle::Spawned;
use super::task::{Header, Kind, LetGo, Task};
use crate::pool::JobError;
use crate::pool::stats::TaskEvent;
use crate::pool::worker::Crew;
use crate::prim::{Arc, UnsafeCell, discard_panic};
use crate::scope::Panic;
use crate::wait::under;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

type Site = &'static Location<'static>;

enum Stage<F: Future> {
    Future(F),
    /// What came of it: nothing if it was cancelled, or the result has been taken. The panic is boxed, as it is larger than
    /// most results.
    Over(Option<Result<F::Output, Box<Panic>>>),
}

/// The header is first, so that a pointer to it is one to the cell.
///
/// The stage is touched only by the runner, which has set `RUNNING`, until it sets `OVER`, and by the one handle after that,
/// or by the runner again if that has gone before. The word orders them.
#[repr(C)]
pub(super) struct Cell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

impl<F> Cell<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    const KIND: Kind = Kind {
        run: Self::run,
        drop_result: Self::drop_result,
        free: Self::free,
    };

    pub(super) fn spawn(future: F, crew: &Arc<Crew>, site: Site) -> Spawned<F::Output> {
        let cell = Box::new(Self {
            header: Header::new(crew, site, &Self::KIND),
            stage: UnsafeCell::new(Stage::Future(future)),
        });
        let cell = NonNull::from(Box::leak(cell));
        // SAFETY: just made, and the header is first.
        let (task, of_handle) = unsafe { Task::first_shares(cell.cast()) };
        // SAFETY: it takes what this task's future gives.
        let handle = unsafe { Spawned::new(of_handle, Self::take) };
        let worker = crew.own_number();
        crew.meters().count_task(worker, TaskEvent::Spawned);
        crew.agenda().spawn(task, worker);
        handle
    }

    /// # Safety
    ///
    /// The task is of this kind.
    #[inline(always)]
    unsafe fn stage(task: &Task) -> &UnsafeCell<Stage<F>> {
        let cell = task.address().cast::<Self>();
        // SAFETY: by the contract, and there while there is a share; the address is that of the whole cell (`spawn`).
        unsafe { &(*cell.as_ptr()).stage }
    }

    /// # Safety
    ///
    /// As for [`Kind::run`].
    unsafe fn run(task: Task) -> Option<Task> {
        let is_cancelled = task.claim()?;
        // What ends the waits of this thread says nothing of this task.
        //
        // SAFETY: of this kind, and claimed.
        under(None, || unsafe { Self::go_on(task, is_cancelled) })
    }

    /// Goes on with a task. Returns it if it is to be put back.
    ///
    /// # Safety
    ///
    /// It is of this kind, and the caller runs it.
    unsafe fn go_on(task: Task, is_cancelled: bool) -> Option<Task> {
        let came = if is_cancelled {
            None
        } else {
            // SAFETY: by the contract.
            match unsafe { Self::poll(&task) } {
                Poll::Ready(came) => Some(came),
                Poll::Pending => match Self::wait(task) {
                    LetGo::Waits => return None,
                    LetGo::Ready(task) => return Some(task),
                    // SAFETY: by the contract.
                    LetGo::Cancelled(task) => return unsafe { Self::end(task, None) },
                },
            }
        };
        // SAFETY: by the contract.
        unsafe { Self::end(task, came) }
    }

    /// Lists the task, if it is about to wait for the first time, and lets go of it.
    fn wait(task: Task) -> LetGo {
        let is_known = task.place().is_some() || task.may_be_ready();
        if is_known || task.crew().agenda().tasks().list(&task) {
            task.let_go()
        } else {
            LetGo::Cancelled(task)
        }
    }

    /// Polls the future.
    ///
    /// # Safety
    ///
    /// The task is of this kind, and the caller runs it.
    unsafe fn poll(task: &Task) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
        let waker = task.waker();
        let mut cx = Context::from_waker(&waker);
        // SAFETY: by the contract.
        let stage = unsafe { Self::stage(task) };
        let polled = catch_unwind(AssertUnwindSafe(|| {
            stage.with_mut(|stage| {
                // SAFETY: running, so it is ours alone.
                let Stage::Future(future) = (unsafe { &mut *stage }) else {
                    unreachable!("a task that is not over has a future")
                };
                // SAFETY: it is in a box that is never moved out of, and dropped in its place.
                unsafe { Pin::new_unchecked(future) }.poll(&mut cx)
            })
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(thrown) => Poll::Ready(Err(thrown)),
        }
    }

    /// Drops the future, and tells whoever waits what came of it: nothing if it is cancelled. Never returns the task.
    ///
    /// # Safety
    ///
    /// It is of this kind, and the caller runs it.
    unsafe fn end(
        task: Task,
        came: Option<Result<F::Output, Box<dyn Any + Send>>>,
    ) -> Option<Task> {
        // SAFETY: by the contract.
        let set = |stage| unsafe { Self::set(&task, stage) };
        let dropped = catch_unwind(AssertUnwindSafe(|| set(Stage::Over(None))));
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
        let crew = task.crew();
        // Before it is over: who joins it finds it counted.
        crew.meters().count_task(
            crew.own_number(),
            match &came {
                Some(Ok(_)) => TaskEvent::Done,
                Some(Err(_)) => TaskEvent::Panicked,
                None => TaskEvent::Cancelled,
            },
        );
        if let Some(came) = came {
            let came = came.map_err(|thrown| Box::new(Panic::caught(thrown, task.site())));
            set(Stage::Over(Some(came)));
        }
        if task.set_over() {
            discard_panic(|| set(Stage::Over(None)));
        } else {
            task.waiting().wake_one();
        }
        if let Some(life) = crew.agenda().tasks().unlist(&task) {
            task.release_with(life);
        }
        None
    }

    /// What was there is dropped in its place.
    ///
    /// # Safety
    ///
    /// The task is of this kind. The caller runs it, or has the result to itself when it is over.
    unsafe fn set(task: &Task, stage: Stage<F>) {
        // SAFETY: by the contract.
        unsafe { Self::stage(task) }.with_mut(|place| {
            // SAFETY: ours alone, by the contract.
            unsafe { *place = stage };
        });
    }

    /// The result, once, when it is over.
    ///
    /// # Safety
    ///
    /// The task is of this kind. Only the one handle calls this.
    unsafe fn take(task: &Task) -> Option<Result<F::Output, JobError>> {
        if !task.is_over() {
            return None;
        }
        // SAFETY: by the contract.
        let came = unsafe { Self::stage(task) }.with_mut(|stage| {
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

    /// # Safety
    ///
    /// As for [`Kind::drop_result`].
    unsafe fn drop_result(task: &Task) {
        // SAFETY: by the contract.
        discard_panic(|| unsafe { Self::set(task, Stage::Over(None)) });
    }

    /// # Safety
    ///
    /// As for [`Kind::free`].
    unsafe fn free(header: NonNull<Header>) {
        // SAFETY: of this kind, made by `spawn` from a box, and nobody has a share any more.
        drop(unsafe { Box::from_raw(header.cast::<Self>().as_ptr()) });
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use std::future::Pending;

    #[test]
    fn a_task_takes_little_beside_its_future() {
        // With its place in the list.
        let beside = size_of::<Option<Task>>() + size_of::<u32>();
        type Empty = Cell<Pending<()>>;
        assert!(size_of::<Empty>() + beside <= 80, "{}", size_of::<Empty>());
        type Large = Cell<std::future::Ready<[u64; 32]>>;
        assert!(size_of::<Large>() - size_of::<[u64; 32]>() + beside <= 80);
    }
}
