//! What the workers of a pool have to do, and where they wait while there is nothing.
//!
//! # What comes first
//!
//! | source | rank | put in by | bound |
//! |---|---|---|---|
//! | urgent jobs | 0 | who submits them | the capacity of the lane |
//! | jobs | 1 | who submits them | the capacity of the lane |
//! | scopes with children that nobody has begun | 1 | the scope | one entry for each worker and scope, and as many of scopes that have ended |
//! | tasks that are ready | 1 | who wakes them (`spawned`) | the number of tasks |
//! | jobs and tasks in a worker's own queues | 1 | that worker (`local.rs`) | what is named there |
//! | background jobs | 2 | who submits them | the capacity of the lane |
//!
//! The lowest rank that has something comes first. But a source that has been passed over [`PASSES`] times comes
//! before all others, whatever its rank: that is how it ages. Of two with the same rank, the one that has been passed
//! over more often comes first, so they take turns. The numbers are read and written as hints: with several workers at
//! once, one more may pass.
//!
//! A worker takes from its own queues first, which counts as no pass of the others, and looks at those once in [`PASSES`]
//! times. If there is something urgent, that comes before, and the own queues once they have been passed over as often. It
//! takes from those of another worker when there is nothing else, or only background jobs that have not aged; and once in
//! twice as many times.
//!
//! Halves of joins, which `fork` knows, come when all of these are empty: who has forked them runs them if nobody else does.
//!
//! # Where idle workers wait
//!
//! Each lane is a channel, and an idle worker is a receiver that waits at the channel of the ordinary jobs, whatever it
//! comes to do: that is the wait of `idle.rs`. Who puts something into another source makes its move there
//! and then wakes at that queue ([`Agenda::wake_idle`]); the second look of the idle worker takes all sources in, each by the
//! read-modify-write, or under the lock, that its movers use. So the handshake of `wait/README.md` holds for each.
//!
//! Who tells of children wakes nobody as long as an idle worker is awake (`Crew::tell`, `fork/hungry.rs`).
//!
//! The other two lanes are made when they are first used, since most pools never use them. Until then a worker
//! pays one load to see that they are not there. Making them is a rare move: it is published by a store, and then
//! `wake_all`. It and the shutdown exclude each other, and a shutdown closes the ordinary lane last: whoever sees that closed
//! knows that nothing more comes into any lane, or into a worker's own queue. That there is a first task is such a move, too,
//! and that a worker has queues of its own.

use super::local::{Local, Locals, Seen, Taken};
use super::scope::Telling;
use super::spawned::{self, Tasks};
use super::task::Task;
use crate::channel::{self, Receiver, Sender, TryRecvError};
use crate::prim::Ordering::{Acquire, Relaxed, Release};
use crate::prim::SeenLock;
use crate::prim::atomic::{AtomicPtr, AtomicUsize};
use crate::wait::{Patience, WaitQueue};
use std::collections::VecDeque;
use std::ptr;

/// How often a source is passed over by others before it comes first.
pub(super) const PASSES: usize = 32;

/// The most tasks that a worker takes at once.
const REFILL: usize = 32;

/// How urgent a job is. See [`Pool::lane`](super::Pool::lane).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Before all others.
    Urgent,
    /// What is submitted to the pool itself.
    #[default]
    Ordinary,
    /// When there is nothing else.
    Background,
}

/// Jobs of one priority.
struct Lane {
    sender: Sender<Task>,
    receiver: Receiver<Task>,
}

/// The lanes that most pools never use.
struct Others {
    urgent: Lane,
    background: Lane,
}

pub(super) struct Agenda {
    ordinary: Lane,
    others: AtomicPtr<Others>,
    /// Held while the others are made, or queues of a worker, or all are closed.
    lanes: SeenLock<()>,
    scopes: Scopes,
    tasks: Tasks,
    locals: Locals,
    /// How often each source was passed over while it had something, in the order of [`SOURCES`].
    passed: [AtomicUsize; SOURCES.len()],
}

/// Scopes that have children, one entry for each worker that is to come.
struct Scopes {
    list: SeenLock<VecDeque<Telling>>,
    /// How many are in the list. Changed under the lock, and read without it for a guess.
    count: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Lane(Priority),
    Scopes,
    Tasks,
}

const SOURCES: [Source; 5] = [
    Source::Lane(Priority::Urgent),
    Source::Lane(Priority::Ordinary),
    Source::Scopes,
    Source::Tasks,
    Source::Lane(Priority::Background),
];

impl Source {
    const fn rank(self) -> usize {
        match self {
            Self::Lane(Priority::Urgent) => 0,
            Self::Lane(Priority::Ordinary) | Self::Scopes | Self::Tasks => 1,
            Self::Lane(Priority::Background) => 2,
        }
    }
}

/// What a worker has taken out.
pub(super) enum Found {
    Job(Task),
    /// Children of a scope.
    Children(Telling),
    Ready(spawned::Task),
}

impl From<Taken> for Found {
    #[inline(always)]
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Job(job) => Self::Job(job),
            Taken::Task(task) => Self::Ready(task),
        }
    }
}

/// What there is to take out.
pub(super) enum Next {
    Found(Found),
    Nothing,
    /// Nothing, and nothing will come, but what workers have in queues of their own.
    Over,
}

impl Lane {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = channel::bounded(capacity);
        Self { sender, receiver }
    }
}

impl Agenda {
    /// For so many workers.
    pub(super) fn new(capacity: usize, workers: usize) -> Self {
        Self {
            ordinary: Lane::new(capacity),
            others: AtomicPtr::new(ptr::null_mut()),
            lanes: SeenLock::new(()),
            scopes: Scopes {
                list: SeenLock::new(VecDeque::new()),
                count: AtomicUsize::new(0),
            },
            tasks: Tasks::new(),
            locals: Locals::new(workers, capacity),
            passed: [const { 0 }; SOURCES.len()].map(AtomicUsize::new),
        }
    }

    /// Where jobs of this priority are put in. [`Agenda::wake_idle`] is to follow, unless they are ordinary.
    pub(super) fn sender(&self, priority: Priority) -> &Sender<Task> {
        match priority {
            Priority::Ordinary => &self.ordinary.sender,
            Priority::Urgent => &self.others_or_new().urgent.sender,
            Priority::Background => &self.others_or_new().background.sender,
        }
    }

    /// A job of this priority, the oldest.
    pub(super) fn oldest(&self, priority: Priority) -> Option<Task> {
        self.lane(priority)?.receiver.try_recv().ok()
    }

    fn lane(&self, priority: Priority) -> Option<&Lane> {
        match priority {
            Priority::Ordinary => Some(&self.ordinary),
            Priority::Urgent => self.others().map(|others| &others.urgent),
            Priority::Background => self.others().map(|others| &others.background),
        }
    }

    /// The lanes beside the ordinary one, if they have been made.
    #[inline]
    fn others(&self) -> Option<&Others> {
        // SAFETY: null, or what `make_others` has published. It lives as long as the agenda.
        unsafe { self.others.load(Acquire).as_ref() }
    }

    fn others_or_new(&self) -> &Others {
        self.others().unwrap_or_else(|| self.make_others())
    }

    #[cold]
    fn make_others(&self) -> &Others {
        let lanes = self.lanes.lock();
        if let Some(others) = self.others() {
            return others;
        }
        let others = Others {
            urgent: Lane::new(self.capacity()),
            background: Lane::new(self.capacity()),
        };
        if self.is_closed() {
            others.close();
        }
        let others = Box::into_raw(Box::new(others));
        self.others.store(others, Release);
        drop(lanes);
        self.waiting().wake_all();
        // SAFETY: just made, and not freed before the agenda is dropped.
        unsafe { &*others }
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        let lanes = self.lanes.lock();
        if let Some(others) = self.others() {
            others.close();
        }
        self.locals.close();
        self.ordinary.sender.close();
        drop(lanes);
        self.waiting().wake_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.ordinary.sender.is_closed()
    }

    /// How many jobs each lane holds at most.
    pub(super) fn capacity(&self) -> usize {
        self.ordinary.sender.capacity().unwrap_or(usize::MAX)
    }

    /// How many jobs are in the queues, those among them that somebody has taken out of turn.
    pub(super) fn queued(&self) -> usize {
        let others = self.others().map_or(0, Others::queued);
        self.ordinary.receiver.len() + others + self.locals.jobs()
    }

    /// Puts in an ordinary job of worker `number`, who calls this. Gives it back if there is no room in the worker's own
    /// queue.
    #[inline]
    pub(super) fn put_own(&self, number: usize, job: Task) -> Result<(), Task> {
        let Some(local) = self.locals.own(number) else {
            return self
                .put_first(number, |local| local.put_job(job))
                .map(|_| ());
        };
        local.put_job(job)?;
        self.wake_for_own(local);
        Ok(())
    }

    #[cold]
    fn put_first<T>(
        &self,
        number: usize,
        put: impl FnOnce(&Local) -> Result<(), T>,
    ) -> Result<&Local, T> {
        let lanes = self.lanes.lock();
        let local = self.locals.make(number, self.is_closed());
        drop(lanes);
        put(local)?;
        self.wake_all_idle();
        Ok(local)
    }

    /// Puts in a telling, unless the pool is shut down. Then the owner of the scope runs its children. Whether it was put in:
    /// a worker that is awake has to see it, or one to be woken.
    #[must_use]
    pub(super) fn tell(&self, telling: Telling) -> bool {
        let is_open = !self.is_closed();
        if is_open {
            self.scopes.put(telling);
        }
        is_open
    }

    /// Whether a telling may be left. Certain for what was put in before.
    #[inline]
    pub(super) fn may_have_tellings(&self) -> bool {
        self.scopes.may_have()
    }

    pub(super) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Puts in a new task. If the pool is shut down, the task is dropped.
    pub(super) fn spawn(&self, task: spawned::Task, worker: Option<usize>) {
        let first = self.tasks.use_first();
        if self.is_closed() {
            return Tasks::cancel(task);
        }
        self.put(task, worker);
        if first {
            self.wake_all_idle();
        }
    }

    /// Puts in a task that has become ready; by the worker of this number, or somebody else.
    #[inline]
    pub(super) fn put(&self, task: spawned::Task, worker: Option<usize>) {
        match self.put_near(task, worker) {
            Ok(local) => self.wake_for_own(local),
            Err(task) => {
                self.tasks.put(task);
                self.wake_idle();
            }
        }
    }

    /// Puts back a task that the worker of this number has polled: it has given way, so it comes after what is in the shared
    /// queues. Wakes nobody: this worker looks next, or wakes another if it does not.
    pub(super) fn put_back(&self, task: spawned::Task, worker: usize) {
        let near = Some(worker).filter(|_| !self.has_more());
        if let Err(task) = self.put_near(task, near) {
            self.tasks.put(task);
        }
    }

    #[inline]
    fn put_near(
        &self,
        task: spawned::Task,
        worker: Option<usize>,
    ) -> Result<&Local, spawned::Task> {
        let Some(worker) = worker else {
            return Err(task);
        };
        match self.locals.own(worker) {
            Some(local) => local.put_task(task).map(|()| local),
            None => self.put_first(worker, |local| local.put_task(task)),
        }
    }

    /// Wakes an idle worker for what the calling one has put into its own queues, unless it is left to one that watches.
    #[inline]
    fn wake_for_own(&self, own: &Local) {
        if !self.locals.is_watched(own) {
            self.wake_idle();
        }
    }

    /// The same for what this worker has in its own queues, if there is anything: it may have been put back without a wake, and
    /// what comes before it may take long.
    pub(super) fn hand_on_own(&self, worker: usize) {
        if let Some(own) = self.locals.own(worker)
            && own.len() > 0
        {
            self.wake_for_own(own);
        }
    }

    /// Wakes an idle worker. For those who have put something in, anywhere but into the ordinary lane.
    pub(super) fn wake_idle(&self) {
        self.waiting().wake_one();
    }

    /// Has all idle workers look again.
    pub(super) fn wake_all_idle(&self) {
        self.waiting().wake_all();
    }

    /// Whether a task is ready. A guess, for one who looks again.
    pub(super) fn may_have_tasks(&self) -> bool {
        self.tasks.may_have() || self.locals.may_have_tasks()
    }

    /// Whether there is anything in the shared queues.
    pub(super) fn has_more(&self) -> bool {
        self.scopes.may_have()
            || self.tasks.may_have()
            || !self.ordinary.receiver.is_empty()
            || self.has_others()
    }

    /// Whether there is anything in the queues of this worker.
    pub(super) fn has_own(&self, worker: usize) -> bool {
        self.locals.own(worker).is_some_and(|local| local.len() > 0)
    }

    #[inline]
    fn has_others(&self) -> bool {
        self.others().is_some_and(|others| others.queued() > 0)
    }

    /// Takes out an ordinary job, if there is one and nothing else. May miss one.
    #[inline(always)]
    pub(super) fn next_ordinary(&self) -> Option<Task> {
        if self.has_ordinary_only() {
            self.ordinary.receiver.glance()
        } else {
            None
        }
    }

    #[inline(always)]
    fn has_ordinary_only(&self) -> bool {
        self.has_one_lane() && !self.tasks.may_have()
    }

    #[inline(always)]
    fn has_one_lane(&self) -> bool {
        self.others.load(Relaxed).is_null() && !self.scopes.may_have()
    }

    /// Takes out a task, if there is one and nothing else. May miss one.
    #[inline(always)]
    pub(super) fn next_task(&self) -> Option<spawned::Task> {
        let has_tasks_only =
            self.tasks.may_have() && self.has_one_lane() && self.ordinary.receiver.is_empty();
        has_tasks_only.then(|| self.tasks.take()).flatten()
    }

    /// The queues of this worker, if it has any and there is nothing urgent; or they have been `passed` over for that so often
    /// that their turn has come.
    #[inline(always)]
    pub(super) fn own_queues(&self, worker: usize, passed: &mut usize) -> Option<&Local> {
        let local = self.locals.own(worker)?;
        let urgent = |others: &Others| !others.urgent.receiver.is_empty();
        if self.others().is_some_and(urgent) && local.len() > 0 && *passed < PASSES {
            *passed += 1;
            return None;
        }
        *passed = 0;
        Some(local)
    }

    /// Takes something out of the queues of this worker.
    pub(super) fn take_own(&self, worker: usize) -> Option<Found> {
        Some(self.locals.own(worker)?.take()?.into())
    }

    /// Has this worker, which has taken a task out and has none of its own, take more of them at once: the workers meet less
    /// often, and those who spawn and await many in turn find them in that order.
    #[inline]
    pub(super) fn refill(&self, worker: usize) {
        let Some(local) = self.locals.own(worker) else {
            return;
        };
        for _ in 0..REFILL.min(self.tasks.ready() / 2) {
            let Some(task) = self.tasks.take() else {
                return;
            };
            if let Err(task) = local.put_task(task) {
                self.tasks.put(task);
                return self.wake_idle();
            }
            // It has been in neither queue for a moment.
            self.wake_idle();
        }
    }

    /// Takes something out of the queues of the other workers.
    pub(super) fn steal(&self, worker: usize) -> Option<Found> {
        self.locals.steal(worker).map(Found::from)
    }

    /// `steal`, of those who have more than they are about to take out.
    pub(super) fn steal_of_many(&self, worker: usize) -> Option<Found> {
        self.locals.steal_of_many(worker).map(Found::from)
    }

    /// What this worker, which watches, takes out because it stands.
    pub(super) fn steal_standing(&self, worker: usize) -> Option<Found> {
        self.locals.steal_standing(worker).map(Found::from)
    }

    /// Begins to watch over what the other workers have. False if somebody does.
    pub(super) fn begin_watch(&self, worker: usize) -> bool {
        self.locals.begin_watch(worker)
    }

    /// Ends the watch of this worker, which has found something to do: if there is more, another is woken. Anywhere: of what
    /// was left to this one, its worker may have taken the last out after it had put a task back into the shared queue.
    pub(super) fn end_watch(&self, worker: usize) {
        self.locals.end_watch();
        if self.look(worker) > 0 {
            self.wake_idle();
        }
    }

    /// Whether there is anything in the queues of the other workers.
    pub(super) fn others_have(&self, worker: usize) -> bool {
        self.locals.others_have(worker)
    }

    /// `steal`, of what nobody else is about to take, for one who looks again.
    pub(super) fn leftover(&self, worker: usize, seen: &mut Seen) -> Option<Found> {
        self.locals.leftover(worker, seen).map(Found::from)
    }

    /// Takes out of the shared queues what comes next; for this worker, which is not to run background jobs while others have
    /// something.
    pub(super) fn next(&self, worker: usize) -> Next {
        if self.has_ordinary_only() {
            match self.ordinary.receiver.try_recv() {
                Ok(job) => return Next::Found(Found::Job(job)),
                Err(TryRecvError::Empty) => return Next::Nothing,
                // Others may have come before it was closed.
                Err(TryRecvError::Closed) => {}
            }
        }
        self.next_by_rank(worker)
    }

    #[cold]
    fn next_by_rank(&self, worker: usize) -> Next {
        // Before the rest is looked at: nothing comes once it is closed.
        self.ordinary.receiver.look();
        let is_closed = self.is_closed();
        while let Some((index, passed)) = self.first() {
            let is_last = SOURCES[index] == Source::Lane(Priority::Background) && passed < PASSES;
            if is_last && let Some(found) = self.steal(worker) {
                return Next::Found(found);
            }
            if let Some(found) = self.take(SOURCES[index]) {
                self.passed[index].store(0, Relaxed);
                return Next::Found(found);
            }
        }
        if is_closed && self.ordinary.receiver.is_empty() {
            Next::Over
        } else {
            Next::Nothing
        }
    }

    /// The number of the source that comes first, and how often it was passed over. The others that have something are passed
    /// over once more.
    fn first(&self) -> Option<(usize, usize)> {
        let mut first: Option<(usize, usize)> = None;
        for (index, source) in SOURCES.into_iter().enumerate() {
            if !self.has(source) {
                continue;
            }
            let passed = self.passed[index].fetch_add(1, Relaxed);
            let comes_first = first.is_none_or(|(other, other_passed)| {
                let ranks = (passed < PASSES, source.rank());
                let other_ranks = (other_passed < PASSES, SOURCES[other].rank());
                ranks < other_ranks || (ranks == other_ranks && passed > other_passed)
            });
            if comes_first {
                first = Some((index, passed));
            }
        }
        first
    }

    fn has(&self, source: Source) -> bool {
        match source {
            Source::Lane(priority) => self
                .lane(priority)
                .is_some_and(|lane| !lane.receiver.is_empty()),
            Source::Scopes => self.scopes.may_have(),
            Source::Tasks => self.tasks.may_have(),
        }
    }

    fn take(&self, source: Source) -> Option<Found> {
        match source {
            Source::Lane(priority) => self.oldest(priority).map(Found::Job),
            Source::Scopes => self.scopes.take().map(Found::Children),
            Source::Tasks => self.tasks.take().map(Found::Ready),
        }
    }

    /// Drops what is there; each joiner is told. Calls `met` for each job that somebody else had.
    pub(super) fn drop_all(&self, met: impl Fn()) {
        let cancel = |job: Task| {
            if !job.cancel() {
                met();
            }
        };
        for priority in [Priority::Urgent, Priority::Ordinary, Priority::Background] {
            while let Some(job) = self.oldest(priority) {
                cancel(job);
            }
        }
        // Their children are left to the owners of the scopes.
        while let Some(telling) = self.scopes.take() {
            drop(telling);
        }
        self.end_tasks();
        while let Some(job) = self.locals.take_any_job() {
            cancel(job);
        }
        self.wake_all_idle();
    }

    /// Ends the tasks. All idle workers are to be woken afterwards.
    pub(super) fn end_tasks(&self) {
        self.tasks.end(|| self.locals.take_any_task());
    }

    /// The second look of an idle worker, at all but what is forked. At the tasks last: who puts its own task back wakes
    /// nobody, and may take something else then, for which this worker was woken. Who sees that gone sees the task. And before
    /// the workers' own queues as well: it may be put back there, and what is taken may be another task.
    pub(super) fn look(&self, worker: usize) -> usize {
        let others = self.others().map_or(0, Others::look);
        let shared = self.ordinary.receiver.look() + others + self.scopes.look();
        let tasks = self.tasks.look();
        let locals = self.locals.look(worker);
        shared + locals + tasks.max(self.tasks.look())
    }

    /// A look of this worker, who looks again: at the ordinary jobs alone if there is nothing else, and else at all.
    #[inline]
    pub(super) fn glance(&self, worker: usize) -> Next {
        if !self.has_ordinary_only() && self.has_more() {
            return self.next(worker);
        }
        let job = self.ordinary.receiver.glance();
        job.map_or(Next::Nothing, |job| Next::Found(Found::Job(job)))
    }

    /// What those who wait have learnt about spinning.
    pub(super) fn patience(&self) -> &Patience {
        self.ordinary.receiver.patience()
    }

    /// How often a job has been taken out.
    pub(super) fn moves(&self) -> usize {
        self.ordinary.receiver.moves()
    }

    /// Where idle workers wait.
    pub(super) fn waiting(&self) -> &WaitQueue {
        self.ordinary.receiver.waiting()
    }
}

impl Drop for Agenda {
    fn drop(&mut self) {
        let others = self.others.load(Acquire);
        if !others.is_null() {
            // SAFETY: made by `Box::into_raw` and published; nobody else has the agenda any more.
            drop(unsafe { Box::from_raw(others) });
        }
    }
}

impl Others {
    fn queued(&self) -> usize {
        self.urgent.receiver.len() + self.background.receiver.len()
    }

    fn look(&self) -> usize {
        let lanes = [&self.urgent.receiver, &self.background.receiver];
        // That it is closed is no chance by itself: the ordinary lane says so.
        let jobs = |lane: &Receiver<Task>| lane.look().min(lane.len());
        lanes.into_iter().map(jobs).sum()
    }

    fn close(&self) {
        self.urgent.sender.close();
        self.background.sender.close();
    }
}

impl Scopes {
    fn put(&self, telling: Telling) {
        let mut list = self.list.lock();
        if list.len() == list.capacity() {
            self.tidy(&mut list);
        }
        list.push_back(telling);
        self.count.fetch_add(1, Relaxed);
    }

    /// Takes out what is left of scopes that have ended: nobody else does while all workers are busy. Nothing of the
    /// application's is dropped in that, as their lists are empty.
    #[cold]
    fn tidy(&self, list: &mut VecDeque<Telling>) {
        let before = list.len();
        list.retain(|telling| !telling.ends());
        self.count.fetch_sub(before - list.len(), Relaxed);
        // Not again before as many have come as there are now.
        list.reserve(list.len().max(1));
    }

    fn take(&self) -> Option<Telling> {
        let mut list = self.list.lock();
        let telling = list.pop_front()?;
        self.count.fetch_sub(1, Relaxed);
        Some(telling)
    }

    /// Whether there may be one. A guess, for one who looks again.
    #[inline]
    fn may_have(&self) -> bool {
        self.count.load(Relaxed) > 0
    }

    /// How many there are: the second look of the handshake.
    fn look(&self) -> usize {
        self.list.lock().len()
    }
}

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use crate::pool::Pool;
    use crate::prim::StdArc;

    #[test]
    fn what_is_left_of_scopes_that_have_ended_does_not_pile_up() {
        let pool = StdArc::new(Pool::new(1));
        let of_job = StdArc::clone(&pool);
        let left = pool.submit(move || {
            // The one worker is here, and comes for nothing that it is told.
            let left = (0..1000).map(|_| {
                of_job.scope_plain(|scope| {
                    scope.spawn(|| ());
                });
                of_job.crew.agenda().scopes.look()
            });
            left.max()
        });
        assert!(left.unwrap().join().unwrap() < Some(20));
    }
}
