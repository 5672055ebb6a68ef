//! A token's place in the tree: what ends the waits under it, its children, and what is called when it is cancelled.
//!
//! The protocol is in the module's documentation. It knows nothing of how waits end (`wait`).

use super::reason::{Mark, Reason};
use super::slots::Slots;
use crate::prim::Ordering::Relaxed;
use crate::prim::{PlainAtomicUsize, SeenLock, StdArc, discard_panic};
use crate::wait::{Due, Interrupt, Interrupts, Timer, under};
use std::any::Any;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Wake, Waker};
use std::time::Instant;

/// What is called when a token is cancelled.
pub(super) type Callback = Box<dyn FnOnce(Reason) + Send>;

/// The number of one that no list has.
const NOWHERE: usize = usize::MAX;

pub(super) struct Branch {
    interrupt: Interrupt,
    /// Who has it in their list. Kept alive by its children, not the other way round.
    parent: Option<StdArc<Branch>>,
    /// Under which number the parent has it. Written before anybody else can see the branch.
    number: PlainAtomicUsize,
    /// Whether the alarm has been set.
    alarmed: PlainAtomicUsize,
    below: SeenLock<Below>,
    this: Weak<Branch>,
}

/// What hangs below a branch. Guarded by a lock under which nothing is called, woken, dropped or waited for.
struct Below {
    children: Slots<Weak<Branch>>,
    callbacks: Slots<Callback>,
    alarm: Option<Pin<Box<Timer>>>,
}

/// Calls the token of a branch at its deadline. It does not keep it alive: most deadlines are never reached.
struct Alarm(Weak<Branch>);

impl Wake for Alarm {
    fn wake(self: StdArc<Self>) {
        if let Some(branch) = self.0.upgrade() {
            branch.ring();
        }
    }
}

impl Branch {
    /// One without a parent.
    pub(super) fn root(deadline: Option<Instant>) -> StdArc<Self> {
        Self::new(None, deadline.map(here))
    }

    /// One below `parent`, which ends at `deadline` at the latest.
    pub(super) fn child(parent: &StdArc<Self>, deadline: Option<Instant>) -> StdArc<Self> {
        let inherited = parent.interrupt.deadline().map(|due| Due {
            mark: Mark::from_code(due.mark).for_child().code(),
            ..due
        });
        let due = match (deadline.map(here), inherited) {
            (Some(own), Some(inherited)) if own.at < inherited.at => Some(own),
            (own, inherited) => inherited.or(own),
        };
        let child = Self::new(Some(StdArc::clone(parent)), due);
        parent.adopt(&child);
        child
    }

    fn new(parent: Option<StdArc<Self>>, due: Option<Due>) -> StdArc<Self> {
        StdArc::new_cyclic(|this| Self {
            interrupt: Interrupt::new(due),
            parent,
            number: PlainAtomicUsize::new(NOWHERE),
            alarmed: PlainAtomicUsize::new(0),
            below: SeenLock::new(Below {
                children: Slots::new(),
                callbacks: Slots::new(),
                alarm: None,
            }),
            this: Weak::clone(this),
        })
    }

    /// Lists a child that nobody else knows yet; or cancels it, if this is cancelled.
    fn adopt(&self, child: &StdArc<Self>) {
        let mut below = self.below.lock();
        // Under the lock: whoever cancels marks first, and takes the list under this lock afterwards.
        if let Some(mark) = self.mark() {
            drop(below);
            child.interrupt.fire(mark.for_child().code());
        } else {
            let number = below.children.insert(StdArc::downgrade(child));
            child.number.store(number, Relaxed);
        }
    }

    /// How it was cancelled.
    #[inline]
    pub(super) fn mark(&self) -> Option<Mark> {
        self.interrupt.fired().map(Mark::from_code)
    }

    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.interrupt.has_fired()
    }

    /// Cancels it and all below it, unless it has been.
    pub(super) fn cancel(self: &StdArc<Self>, reason: Reason) {
        if self.interrupt.fire(Mark::here(reason).code()) {
            spread(StdArc::clone(self));
        }
    }

    /// The deadline has come, or nobody can keep the time.
    #[cold]
    fn ring(self: StdArc<Self>) {
        if self.is_cancelled() {
            spread(self);
        } else {
            // No thread could be had to keep the time. So the waiters do it: each sets the alarm again, once it has
            // joined again. Callbacks without a waiter are left to a cancel.
            self.alarmed.store(0, Relaxed);
            self.interrupt.wake();
        }
    }

    /// Has `callback` called when it is cancelled. Returns its number; or the callback and the reason, if it has been.
    ///
    /// # Errors
    ///
    /// It is cancelled.
    pub(super) fn register(&self, callback: Callback) -> Result<usize, (Callback, Reason)> {
        let mut below = self.below.lock();
        // As in `adopt`.
        if let Some(mark) = self.mark() {
            return Err((callback, mark.reason));
        }
        let number = below.callbacks.insert(callback);
        drop(below);
        self.set_alarm();
        Ok(number)
    }

    /// Takes a callback back, unless it is being called or has been.
    pub(super) fn unregister(&self, number: usize) -> Option<Callback> {
        self.below.lock().callbacks.remove(number)
    }

    /// One by one, so that each can be taken back until its turn comes.
    fn call_callbacks(&self, reason: Reason) {
        let mut number = 0;
        loop {
            // A statement of its own: the lock is free when the callback is called.
            let next = self.below.lock().callbacks.remove_from(number);
            let Some((at, callback)) = next else { return };
            call(callback, reason);
            number = at + 1;
        }
    }

    /// How many children are listed.
    #[cfg(all(test, not(brigade_loom)))]
    pub(super) fn children(&self) -> usize {
        self.below.lock().children.len()
    }

    /// Leaves the parent's list. Returns the parent, which may have to end as well.
    fn leave_parent(&mut self) -> Option<StdArc<Self>> {
        let parent = self.parent.take()?;
        let number = self.number.load(Relaxed);
        if number != NOWHERE {
            let entry = parent.below.lock().children.remove(number);
            drop(entry);
        }
        Some(parent)
    }
}

/// Calls it, under no token: it may have to wait.
pub(super) fn call(callback: Callback, reason: Reason) {
    discard_panic(|| under(None, || callback(reason)));
}

/// The deadline of a token's own.
fn here(at: Instant) -> Due {
    Due {
        at,
        mark: Mark::here(Reason::Deadline).code(),
    }
}

/// Carries it to everybody below `root`, which has been marked: first all are marked, then all waits end, then the
/// callbacks are called.
///
/// So whoever is woken finds the marks below its own. To do it twice does no harm. There is no recursion, as a tree may
/// be deep.
fn spread(root: StdArc<Branch>) {
    let mut branches = vec![root];
    let mut callers = Vec::new();
    let mut next = 0;
    while let Some(branch) = branches.get(next).map(StdArc::clone) {
        next += 1;
        let Some(mark) = branch.mark() else { continue };
        let mut below = branch.below.lock();
        let children = below.children.take();
        let has_callbacks = !below.callbacks.is_empty();
        drop(below);
        for child in children.filter_map(|child| child.upgrade()) {
            // If it was cancelled before, then who did it sees to what is below.
            if child.interrupt.fire(mark.for_child().code()) {
                branches.push(child);
            }
        }
        if has_callbacks {
            callers.push((branch, mark.reason));
        }
    }
    for branch in branches {
        branch.interrupt.wake();
    }
    for (branch, reason) in callers {
        branch.call_callbacks(reason);
    }
}

impl Interrupts for Branch {
    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    fn set_alarm(&self) {
        let Some(due) = self.interrupt.deadline() else {
            return;
        };
        if self.alarmed.load(Relaxed) == 1 || self.alarmed.swap(1, Relaxed) == 1 {
            return;
        }
        let timer = Box::pin(Timer::new());
        timer.as_ref().set(
            due.at,
            &Waker::from(StdArc::new(Alarm(Weak::clone(&self.this)))),
        );
        let before = self.below.lock().alarm.replace(timer);
        drop(before);
    }

    fn into_any(self: StdArc<Self>) -> StdArc<dyn Any + Send + Sync> {
        self
    }
}

impl Drop for Branch {
    /// Goes up as far as this was the last to need it. There is no recursion, as a tree may be deep.
    fn drop(&mut self) {
        let mut above = self.leave_parent();
        while let Some(mut branch) = above.and_then(StdArc::into_inner) {
            above = branch.leave_parent();
        }
        let mut below = self.below.lock();
        let callbacks = below.callbacks.take();
        drop(below);
        // What they own is the application's, and so is a panic of its drop.
        callbacks.for_each(|callback| discard_panic(|| drop(callback)));
    }
}
