//! The workers of a pool: what they share, what they run, and the loop that runs it.

use super::fork::{Forks, Worker};
use super::job::Run;
use super::scope::Telling;
use crate::channel::{Receiver, TryRecvError, TrySendError, WeakSender};
use crate::prim::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::prim::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use crate::prim::{StdArc, discard_panic, thread_local};
use crate::wait::{Operation, Patience, WaitQueue, What, under};
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::task::Poll;

/// A job in the queue.
pub(super) enum Task {
    /// And where it was submitted: what it is called when it does not finish.
    Forgotten(Box<dyn FnOnce() + Send>, &'static Location<'static>),
    Joinable(Ticket),
    /// The number of a slot in which half of a join is offered.
    Offered(usize),
    /// There are children of a scope to be run.
    Scoped(Telling),
}

/// The queue's share of a job with a handle. Dropped without being run, it tells the joiner.
pub(super) struct Ticket(StdArc<dyn Run>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Task {
    pub(super) fn joinable(cell: StdArc<dyn Run>) -> Self {
        Self::Joinable(Ticket(cell))
    }

    /// The closure that this task was made of.
    ///
    /// # Safety
    ///
    /// This is `Forgotten`, and what was boxed is an `F`.
    pub(super) unsafe fn into_forgotten<F: FnOnce() + Send>(self) -> F {
        let Self::Forgotten(job, _) = self else {
            unreachable!("the caller has made a task of a closure alone")
        };
        // SAFETY: the box was made of an `F`, so that is what it points to and how it was allocated.
        *unsafe { Box::from_raw(Box::into_raw(job).cast::<F>()) }
    }

    /// Where the job was submitted; nowhere if it is no job.
    pub(super) fn site(&self) -> Option<&'static Location<'static>> {
        match self {
            Self::Forgotten(_, site) => Some(site),
            Self::Joinable(ticket) => Some(ticket.0.site()),
            Self::Offered(_) | Self::Scoped(_) => None,
        }
    }

    /// Runs the job. Its panic goes no further: the panic hook has been told, and so is the joiner.
    pub(super) fn run(self) {
        discard_panic(|| match self {
            Self::Forgotten(job, _) => job(),
            Self::Joinable(ticket) => ticket.0.run(),
            Self::Offered(_) | Self::Scoped(_) => {}
        });
    }
}

/// What the workers of one pool, its handle and its jobs share.
pub(super) struct Crew {
    tasks: Receiver<Task>,
    /// The other end, to tell idle workers of what is offered to them.
    queue: WeakSender<Task>,
    forks: Forks,
    /// Workers that have not ended.
    alive: AtomicUsize,
    /// Of those, how many wait for the others in a shutdown, called by their job.
    leaving: AtomicUsize,
    /// Whether they were once all that was left. From then on none of them waits for another: those who are
    /// through go on with their jobs, and count as alive again.
    all_left: AtomicBool,
    /// Where a shutdown waits for them.
    ended: WaitQueue,
    ends: Patience,
    /// What joiners learn about waiting for this crew.
    joins: Patience,
    /// Where each worker's job was submitted; null while it has none.
    running: Box<[CachePadded<AtomicPtr<Location<'static>>>]>,
}

thread_local! {
    /// The crew that this thread works in, and its number there.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's has no const form")]
    static WORKS_IN: Cell<(*const Crew, usize)> = Cell::new((ptr::null(), 0));
}

impl Crew {
    pub(super) fn new(threads: usize, queue: WeakSender<Task>, tasks: Receiver<Task>) -> Self {
        Self {
            tasks,
            queue,
            forks: Forks::new(threads),
            alive: AtomicUsize::new(threads),
            leaving: AtomicUsize::new(0),
            all_left: AtomicBool::new(false),
            ended: WaitQueue::new(),
            ends: Patience::new(),
            joins: Patience::new(),
            running: (0..threads)
                .map(|_| CachePadded::new(AtomicPtr::new(ptr::null_mut())))
                .collect(),
        }
    }

    /// The life of one worker: it ends when the queue is closed and empty.
    pub(super) fn work(&self, number: usize) {
        WORKS_IN.with(|works_in| works_in.set((self, number)));
        let worker = Worker::of_crew(self, number);
        worker.at_work(|| {
            while let Some(task) = self.next(&worker) {
                match task {
                    Task::Offered(slot) => worker.run_offer(slot),
                    Task::Scoped(telling) => self.run_children(telling, number),
                    job => self.run(job, number),
                }
            }
        });
        WORKS_IN.with(|works_in| works_in.set((ptr::null(), 0)));
        self.end(1);
    }

    /// What to do next; nothing if the queue is closed and empty. Runs what is offered to idle workers meanwhile.
    fn next(&self, worker: &Worker) -> Option<Task> {
        loop {
            match self.tasks.try_recv() {
                Ok(task) => return Some(task),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => {}
            }
            if let Some(slot) = self.forks.idles() {
                worker.run_offer(slot);
                continue;
            }
            let task = self.tasks.recv();
            self.forks.works();
            return task.ok();
        }
    }

    /// Tells an idle worker that half of a join is offered. False if the queue is full or closed.
    pub(super) fn tell_of_offer(&self, slot: usize) -> bool {
        let queue = self.queue.upgrade();
        queue.is_some_and(|queue| queue.try_send(Task::Offered(slot)).is_ok())
    }

    /// Tells an idle worker that there are children to be run. If the queue is full or closed, nobody is told.
    pub(super) fn tell_of_children(&self, telling: Telling) {
        drop(self.enqueue_again(telling));
    }

    /// Puts a telling at the end of the queue. It comes back if there is no room, or the queue is closed.
    fn enqueue_again(&self, telling: Telling) -> Option<Telling> {
        let Some(queue) = self.queue.upgrade() else {
            return Some(telling);
        };
        match queue.try_send(Task::Scoped(telling)) {
            Err(
                TrySendError::Full(Task::Scoped(back)) | TrySendError::Closed(Task::Scoped(back)),
            ) => Some(back),
            _ => None,
        }
    }

    /// Runs children of a scope on worker `number`. When other tasks wait, their turn comes between two children.
    fn run_children(&self, mut telling: Telling, number: usize) {
        while let Some(child) = telling.next() {
            self.note_running(child.site(), number, || child.run());
            if self.queued() > 0 && telling.may_have_more() {
                match self.enqueue_again(telling) {
                    Some(back) => telling = back,
                    None => return,
                }
            }
        }
    }

    #[inline(always)]
    pub(super) fn forks(&self) -> &Forks {
        &self.forks
    }

    /// How many workers there are.
    pub(super) fn threads(&self) -> usize {
        self.running.len()
    }

    /// Runs a task on worker `number`.
    fn run(&self, task: Task, number: usize) {
        if let Some(site) = task.site() {
            self.note_running(site, number, || task.run());
        }
    }

    /// Runs a job, which was submitted at `site` and does not panic, on worker `number`.
    fn note_running(&self, site: &'static Location<'static>, number: usize, job: impl FnOnce()) {
        // A job that runs another inside itself is, when that is over, the running one again.
        let outer = self.running[number].load(Relaxed);
        self.running[number].store(ptr::from_ref(site).cast_mut(), Relaxed);
        job();
        self.running[number].store(outer, Relaxed);
    }

    /// Runs a job on the calling worker of this crew, inside the job that it is running.
    pub(super) fn run_inside(&self, site: &'static Location<'static>, job: impl FnOnce()) {
        let (_, number) = WORKS_IN.with(Cell::get);
        // What ends the waits of the thread says nothing of this job.
        self.note_running(site, number, || under(None, job));
    }

    /// Runs a job on the calling thread, whatever that is.
    pub(super) fn run_here(&self, site: &'static Location<'static>, job: impl FnOnce()) {
        if self.is_own_worker() {
            self.run_inside(site, job);
        } else {
            under(None, job);
        }
    }

    /// Whether the calling thread is a worker of this crew.
    pub(super) fn is_own_worker(&self) -> bool {
        WORKS_IN
            .try_with(|works_in| ptr::eq(works_in.get().0, self))
            .unwrap_or(false)
    }

    pub(super) fn joins(&self) -> &Patience {
        &self.joins
    }

    /// Drops what is in the queue; each joiner is told.
    pub(super) fn drop_queued(&self) {
        while let Ok(task) = self.tasks.try_recv() {
            // What a closure owns is the application's, and so is a panic of its drop.
            discard_panic(|| drop(task));
        }
    }

    /// Counts workers out that the system did not start.
    pub(super) fn never_started(&self, threads: usize) {
        self.end(threads);
    }

    fn end(&self, threads: usize) {
        self.alive.fetch_sub(threads, AcqRel);
        self.ended.wake_all();
    }

    /// Runs `wait` on a worker of this crew, who does not count as alive meanwhile: others who wait for the
    /// end do not wait for it.
    pub(super) fn while_leaving<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.leaving.fetch_add(1, AcqRel);
        self.ended.wake_all();
        let result = wait();
        self.leaving.fetch_sub(1, AcqRel);
        result
    }

    /// The sites of the jobs that run at this moment, but not that of the caller's own.
    pub(super) fn running_elsewhere(&self) -> Vec<&'static Location<'static>> {
        let own = self.is_own_worker().then(|| WORKS_IN.with(Cell::get).1);
        self.running
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != own)
            .filter_map(|(_, site)| {
                // SAFETY: null, or made from a `&'static Location` in `run`.
                unsafe { site.load(Relaxed).as_ref() }
            })
            .collect()
    }

    pub(super) fn queued(&self) -> usize {
        self.tasks.len()
    }
}

/// The operation of waiting until the workers have ended.
pub(super) struct Ended<'a> {
    pub(super) crew: &'a Crew,
    /// Whether a worker waits: then not for those who wait like itself.
    pub(super) by_worker: bool,
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Ended<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"pool shutdown";

    fn attempt(&mut self) -> Poll<()> {
        if self.chances() > 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        let alive = self.crew.alive.fetch_add(0, AcqRel);
        if !self.by_worker {
            return usize::from(alive == 0);
        }
        let leaving = self.crew.leaving.load(Acquire);
        if alive <= leaving {
            self.crew.all_left.store(true, Release);
            return 1;
        }
        // Looked at after the number of those who are leaving: who has left it has set this before.
        usize::from(self.crew.all_left.load(Acquire))
    }

    fn queue(&self) -> &WaitQueue {
        &self.crew.ended
    }

    fn patience(&self) -> &Patience {
        &self.crew.ends
    }
}
