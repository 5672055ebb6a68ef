//! The workers of a pool: what they share, and the loop that runs what there is to do.

use super::agenda::{Agenda, Found, Next, PASSES};
use super::builder::Description;
use super::fork::{Forks, Worker};
use super::idle::{Idle, Stays, Work};
use super::roster::Roster;
use super::scope::Telling;
use super::spawned;
use super::stats::Meters;
use super::task::Task;
use crate::prim::Ordering::Relaxed;
use crate::prim::atomic::AtomicPtr;
use crate::prim::{Arc, MODEL, discard_panic, hint, thread, thread_local};
use crate::wait::{Limit, Patience, block, under};
use crossbeam_utils::CachePadded;
use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::mem;
use std::panic::Location;
use std::ptr;

type Site = &'static Location<'static>;

/// What the workers of one pool, its handle and its jobs share.
pub(super) struct Crew {
    agenda: Agenda,
    forks: Forks,
    roster: Roster,
    meters: Meters,
    description: Description,
    /// What joiners learn about waiting for this crew.
    joins: Patience,
    /// Where each worker's job was submitted; null while it has none.
    running: Box<[CachePadded<AtomicPtr<Location<'static>>>]>,
}

thread_local! {
    /// Where this thread works. Null if it is no worker.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's has no const form")]
    static WORKS_AS: Cell<*const Post> = Cell::new(ptr::null());

    /// What this worker has been told of: the scope whose child it runs. Null while it runs something else.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's has no const form")]
    static TOLD_OF: Cell<*const Telling> = Cell::new(ptr::null());
}

/// The most shares of the crew that a worker keeps at hand.
const SHARES: usize = 1024;

/// What a thread is in a crew; on its stack while it works.
struct Post {
    crew: Arc<Crew>,
    number: usize,
    /// Shares of the crew that tasks have given back here, for those that are spawned next: the count of all shares is one
    /// for all workers, and they would meet there twice for every task.
    shares: RefCell<Vec<Arc<Crew>>>,
}

/// Whose turn it is at a worker.
#[derive(Default)]
struct Turns {
    turn: usize,
    /// How often its own queues were passed over for something urgent.
    passed: usize,
}

impl Crew {
    pub(super) fn new(description: Description) -> Self {
        let most = description.most();
        Self {
            agenda: Agenda::new(description.queue_capacity, most),
            forks: Forks::new(most),
            roster: Roster::new(
                description.threads,
                description.threads_max(),
                description.spares,
            ),
            meters: Meters::new(most, description.timed),
            joins: Patience::new(),
            running: (0..most)
                .map(|_| CachePadded::new(AtomicPtr::new(ptr::null_mut())))
                .collect(),
            description,
        }
    }

    pub(super) fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    #[inline(always)]
    pub(super) fn forks(&self) -> &Forks {
        &self.forks
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    pub(super) fn meters(&self) -> &Meters {
        &self.meters
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    pub(super) fn joins(&self) -> &Patience {
        &self.joins
    }

    /// Starts workers that count as alive already. On failure, those that were not started are counted out.
    pub(super) fn start(this: &Arc<Self>, numbers: Vec<usize>) -> io::Result<()> {
        let mut numbers = numbers.into_iter();
        while let Some(number) = numbers.next() {
            let crew = Arc::clone(this);
            let name = this.description.name_of(number);
            let body = move || Self::work(&crew, number);
            match thread::spawn(Some(name), this.description.stack_size, body) {
                Ok(handle) => this.roster.keep(handle),
                Err(error) => {
                    this.roster.end([number].into_iter().chain(numbers));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The life of one worker: it ends when the queues are closed and empty, or it is not wanted any more.
    pub(super) fn work(this: &Arc<Self>, number: usize) {
        let post = Post {
            crew: Arc::clone(this),
            number,
            shares: RefCell::new(Vec::new()),
        };
        WORKS_AS.with(|works_as| works_as.set(&raw const post));
        let worker = Worker::of_crew(this, number);
        let is_counted_out = this.description.cover(number, || {
            let is_counted_out = worker.at_work(|| this.go_on_working(&worker, number));
            if is_counted_out {
                // Another may have the number by now, and with it the queues and the counts.
                WORKS_AS.with(|works_as| works_as.set(ptr::null()));
            }
            is_counted_out
        });
        WORKS_AS.with(|works_as| works_as.set(ptr::null()));
        if is_counted_out {
            this.roster.gone();
        } else {
            this.roster.end([number]);
        }
    }

    /// Whether the roster has counted the worker out, when it is over.
    fn go_on_working(&self, worker: &Worker, number: usize) -> bool {
        let tasks = self.agenda.tasks();
        tasks.enter();
        let mut turns = Turns::default();
        let mut woke_up = false;
        loop {
            if self.is_too_many(number) {
                // A task that this worker has put back is left to another.
                self.agenda.wake_idle();
                if tasks.leave() && self.agenda.is_closed() || self.roster.sit_out(number) {
                    tasks.enter();
                    continue;
                }
                self.agenda.wake_all_idle();
                return true;
            }
            turns.turn = turns.turn.wrapping_add(1);
            if self.run_at_hand(number, &mut turns) {
                continue;
            }
            if mem::take(&mut woke_up) {
                // Who waits for what has been done may be on this processor, which it has given away for that
                // (`Operation::is_to_wake_up`); and to look again and again would keep it from going on.
                hint::yield_now();
                continue;
            }
            match self.next(number, &mut woke_up) {
                Work::Found(found) => self.run_found(found, number),
                Work::Half(half) => worker.run_half(half),
                Work::Unwanted => {}
                Work::Over => {
                    if self.leave_or_stay() {
                        return false;
                    }
                    tasks.enter();
                }
            }
        }
    }

    /// Nothing is left to do here, and no jobs come. The last ends the tasks; the others stay for as long as a job goes on
    /// that may wake one and wait for it. False if one has become ready.
    fn leave_or_stay(&self) -> bool {
        let tasks = self.agenda.tasks();
        let leaves = if tasks.leave() {
            self.agenda.end_tasks();
            true
        } else if tasks.used() {
            let mut stays = Stays {
                agenda: &self.agenda,
                is_held_up: || self.roster.are_leaving(tasks.present()),
            };
            block(&mut stays, Limit::NONE, Location::caller()) == Ok(true)
        } else {
            true
        };
        if leaves && tasks.used() {
            // What those wait for who stay may have come.
            self.agenda.wake_all_idle();
        }
        leaves
    }

    /// Whether worker `number` is to sit out once it has finished what it has begun.
    #[inline]
    fn is_too_many(&self, number: usize) -> bool {
        !self.roster.is_wanted(number) && !self.agenda.is_closed()
    }

    /// Runs what comes next in the usual cases, each by itself: the wider something is wrapped up, the longer it takes to
    /// unwrap. False if there is no such thing. In some turns the worker's own queues are not the first.
    #[inline(always)]
    fn run_at_hand(&self, number: usize, turns: &mut Turns) -> bool {
        let agenda = &self.agenda;
        let turn = turns.turn;
        if turn.is_multiple_of(PASSES) {
            agenda.hand_on_own(number);
            let others_first = turn.is_multiple_of(2 * PASSES);
            let stolen = others_first.then(|| agenda.steal(number)).flatten();
            return stolen.map(|found| self.run_found(found, number)).is_some();
        }
        if let Some(own) = agenda.own_queues(number, &mut turns.passed) {
            let tasks_first = turn.is_multiple_of(2);
            if tasks_first && let Some(task) = own.glance_task() {
                self.run_task(task, number);
                return true;
            }
            if let Some(job) = own.glance_job() {
                self.run(job, number);
                return true;
            }
            if !tasks_first && let Some(task) = own.glance_task() {
                self.run_task(task, number);
                return true;
            }
        }
        if let Some(job) = agenda.next_ordinary() {
            self.run(job, number);
            return true;
        }
        if let Some(task) = agenda.next_task() {
            agenda.refill(number);
            self.run_task(task, number);
            return true;
        }
        false
    }

    fn run_found(&self, found: Found, number: usize) {
        match found {
            Found::Job(job) => self.run(job, number),
            Found::Ready(task) => self.run_task(task, number),
            Found::Children(telling) => self.run_children(telling, number),
        }
    }

    /// What to do next. Waits for it, and says whether it has slept.
    pub(super) fn next(&self, number: usize, woke_up: &mut bool) -> Work {
        let next = self.agenda.next(number);
        if let Next::Found(found) = next {
            return Work::Found(found);
        }
        // What is its own a glance may have missed, and in some turns it has not looked there.
        if let Some(own) = self.agenda.take_own(number) {
            return Work::Found(own);
        }
        if matches!(next, Next::Over) && !self.agenda.others_have(number) {
            return Work::Over;
        }
        let is_wanted = || !self.is_too_many(number);
        let mut idle = Idle::new(&self.agenda, &self.forks, number, is_wanted);
        self.forks.idles();
        let work = idle.wait(Location::caller());
        *woke_up = !MODEL && idle.has_slept();
        self.idles_no_more();
        work
    }

    /// A worker that was idle has something to do. What it has not taken may have been left to it.
    pub(super) fn idles_no_more(&self) {
        self.forks.works();
        if self.agenda.may_have_tellings() {
            self.wake_unless_one_is_awake();
        }
    }

    /// Has one more worker come to the children of a scope.
    pub(super) fn tell(&self, telling: Telling) {
        if self.agenda.tell(telling) {
            self.wake_unless_one_is_awake();
        }
    }

    fn wake_unless_one_is_awake(&self) {
        if !self.forks.is_one_awake() {
            self.agenda.wake_idle();
        }
    }

    /// Runs a job on worker `number`.
    fn run(&self, job: Task, number: usize) {
        let site = job.site();
        self.note_running(site, number, || self.meters.run(Some(number), job));
    }

    /// Polls a task on worker `number`.
    fn run_task(&self, task: spawned::Task, number: usize) {
        self.note_running(task.site(), number, || {
            if let Some(again) = task.run() {
                self.agenda.put_back(again, number);
            }
        });
    }

    /// Runs children of a scope on worker `number`. When others wait, their turn comes between two children; and when this
    /// worker is not wanted any more, the rest is for another.
    fn run_children(&self, telling: Telling, number: usize) {
        while let Some((child, another)) = telling.next(self.roster.wanted()) {
            if let Some(another) = another {
                self.tell(another);
            }
            let site = child.site();
            let run = || while_told_of(&telling, || child.run());
            self.note_running(site, number, run);
            let others_wait = || self.agenda.has_more() || self.agenda.has_own(number);
            if (others_wait() || self.is_too_many(number)) && telling.may_have_more() {
                telling.rest();
                self.tell(telling);
                return;
            }
        }
    }

    /// The calling thread is blocked, one of this crew: the rest of the scope whose child it runs is for whoever takes over.
    fn tell_who_takes_over(&self) {
        let told_of = TOLD_OF.try_with(Cell::get).unwrap_or(ptr::null());
        // SAFETY: null, or what a frame below has and takes away before it ends.
        let telling = unsafe { told_of.as_ref() };
        if let Some(telling) = telling.and_then(Telling::hand_over) {
            self.tell(telling);
        }
    }

    /// Runs a job, which was submitted at `site` and does not panic, on worker `number`.
    pub(super) fn note_running(&self, site: Site, number: usize, job: impl FnOnce()) {
        // A guest is none of the workers.
        let Some(place) = self.running.get(number) else {
            return job();
        };
        // A job that runs another inside itself is, when that is over, the running one again.
        let outer = place.load(Relaxed);
        place.store(ptr::from_ref(site).cast_mut(), Relaxed);
        job();
        place.store(outer, Relaxed);
    }

    /// Runs a job inside the one that the calling thread is running, if it is a worker of this crew; else just here.
    pub(super) fn run_here(&self, site: Site, job: impl FnOnce()) {
        // What ends the waits of the thread says nothing of this job.
        let job = || under(None, job);
        match self.own_number() {
            Some(number) => self.note_running(site, number, job),
            None => job(),
        }
    }

    /// Runs a submitted job, as [`run_here`](Self::run_here).
    pub(super) fn run_job_here(&self, job: Task) {
        let number = self.own_number();
        self.run_here(job.site(), || self.meters.run(number, job));
    }

    /// Whether the calling thread is a worker of this crew.
    pub(super) fn is_own_worker(&self) -> bool {
        self.own_number().is_some()
    }

    /// The number of the calling thread in this crew.
    pub(super) fn own_number(&self) -> Option<usize> {
        Post::of_this_thread(|post| {
            let post = post?;
            ptr::eq(&raw const *post.crew, self).then_some(post.number)
        })
    }

    /// A share of `this`: one that the calling thread has at hand, if it is a worker of it.
    #[inline]
    pub(super) fn share(this: &Arc<Self>) -> Arc<Self> {
        let at_hand = Post::of_this_thread(|post| post?.shares_of(this)?.pop());
        at_hand.unwrap_or_else(|| Arc::clone(this))
    }

    /// Takes a share back, and keeps it at hand if the calling thread is a worker.
    #[inline]
    pub(super) fn give_back(share: Arc<Self>) {
        let left = Post::of_this_thread(|post| {
            let shares = post.and_then(|post| post.shares_of(&share));
            match shares.filter(|shares| shares.len() < SHARES) {
                None => Some(share),
                Some(mut shares) => {
                    shares.push(share);
                    None
                }
            }
        });
        drop(left);
    }

    /// Calls `act` with the crew that the calling thread works in, and its number there.
    pub(super) fn of_this_thread<R>(act: impl FnOnce(Option<(&Arc<Self>, usize)>) -> R) -> R {
        Post::of_this_thread(|post| act(post.map(|post| (&post.crew, post.number))))
    }

    /// The sites of the jobs that run at this moment, but not that of the caller's own.
    pub(super) fn running_elsewhere(&self) -> Vec<Site> {
        let own = self.own_number();
        self.running
            .iter()
            .enumerate()
            .filter(|(number, _)| Some(*number) != own)
            .filter_map(|(_, site)| {
                // SAFETY: null, or made from a `&'static Location` in `note_running`.
                unsafe { site.load(Relaxed).as_ref() }
            })
            .collect()
    }

    /// How many workers run something.
    pub(super) fn running(&self) -> usize {
        let sites = self.running.iter().map(|site| site.load(Relaxed));
        sites.filter(|site| !site.is_null()).count()
    }
}

impl Post {
    /// Calls `act` with that of the calling thread, if it is a worker.
    #[inline]
    fn of_this_thread<R>(act: impl FnOnce(Option<&Self>) -> R) -> R {
        let post = WORKS_AS.try_with(Cell::get).unwrap_or(ptr::null());
        // SAFETY: null, or what `Crew::work` has, a frame below, and takes away before it ends.
        act(unsafe { post.as_ref() })
    }

    /// The shares at hand, if they are of this crew.
    #[inline]
    fn shares_of(&self, crew: &Arc<Crew>) -> Option<RefMut<'_, Vec<Arc<Crew>>>> {
        Arc::ptr_eq(&self.crew, crew).then(|| self.shares.borrow_mut())
    }
}

/// Runs `child`, of which this worker was told by `telling`.
fn while_told_of(telling: &Telling, child: impl FnOnce()) {
    struct Forget;
    impl Drop for Forget {
        fn drop(&mut self) {
            TOLD_OF.with(|told_of| told_of.set(ptr::null()));
        }
    }
    TOLD_OF.with(|told_of| told_of.set(telling));
    let _forget = Forget;
    child();
}

/// Runs `act`, which blocks the thread, for as long as that takes; another worker takes over meanwhile.
///
/// For what blocks and is not Brigade's, or for what takes very long: a read, a child process, a lock of
/// somebody else. Called on a worker of a pool, the pool has one more worker while it lasts, of those that
/// [`Builder::spares`](super::Builder::spares) allows. When all of them are in use, and on threads that are not workers, it just runs
/// `act`.
///
/// # Examples
///
/// ```
/// use brigade::pool::{self, Pool};
///
/// let pool = Pool::new(1);
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let waits = pool.submit(move || pool::blocking(|| receiver.recv()))?;
/// // The one thread waits, and still this is run.
/// pool.execute(move || sender.send("go on").unwrap())?;
/// assert_eq!(waits.join()?, Ok("go on"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn blocking<R>(act: impl FnOnce() -> R) -> R {
    struct Blocked<'a>(&'a Crew, usize);
    impl Drop for Blocked<'_> {
        fn drop(&mut self) {
            // A spare that is idle finds out when it is woken for something, and hands that on.
            self.0.roster.unblock(self.1);
        }
    }
    Crew::of_this_thread(|crew| {
        let Some((crew, number)) = crew else {
            return act();
        };
        let called = crew.roster.block(number);
        let _blocked = Blocked(crew, number);
        // A spare that the system does not start is one that is in use: there is none.
        discard_panic(|| drop(Crew::start(crew, called)));
        crew.tell_who_takes_over();
        act()
    })
}
