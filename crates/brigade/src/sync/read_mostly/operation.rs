//! What may have to wait: a read, a writer's claim, and a writer's wait for the readers. Written once for threads
//! and tasks.

use super::{Cell, ReadMostly, ReadMostlyReadGuard, ReadMostlyWriteGuard};
use crate::wait::{Operation, Patience, WaitQueue, What};
use crossbeam_utils::CachePadded;
use std::fmt;
use std::task::Poll;

/// Waits until no writer is there.
pub(super) struct Read<'a, T: ?Sized>(pub(super) &'a ReadMostly<T>);

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<'a, T: ?Sized> Operation for Read<'a, T> {
    type Output = ReadMostlyReadGuard<'a, T>;
    const WAITS_FOR: &'static What = &"read-mostly read";

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        // Who counts itself in and out again holds up the writer.
        if self.0.cells.view().here().glance().has_writer() {
            return Poll::Pending;
        }
        match self.0.enter() {
            Some(guard) => Poll::Ready(guard),
            None => Poll::Pending,
        }
    }

    /// Whoever takes the marks away wakes all, so each speaks for itself.
    fn chances(&self) -> usize {
        let state = self.0.cells.view().here().look_for_writer();
        usize::from(!state.has_writer())
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.readers.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.readers.patience
    }
}

/// The marks of one writer on all cells: no other writer, and no new reader. Dropping it takes them away.
pub(super) struct Claim<'a, T: ?Sized>(&'a ReadMostly<T>);

impl<'a, T: ?Sized> Claim<'a, T> {
    /// Marks all cells, if no other writer has.
    #[inline]
    pub(super) fn try_new(lock: &'a ReadMostly<T>) -> Option<Self> {
        let (first, others) = split(lock);
        if !first.claim() {
            return None;
        }
        for cell in others {
            cell.mark();
        }
        Some(Self(lock))
    }

    pub(super) fn lock(&self) -> &'a ReadMostly<T> {
        self.0
    }
}

impl<T: ?Sized> Drop for Claim<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let (first, others) = split(self.0);
        for cell in others {
            cell.unmark();
        }
        // The last: from here on another writer may mark the others.
        first.unmark();
        self.0.readers.waiting.wake_everyone();
        self.0.claims.waiting.wake_one();
    }
}

/// The cell that writers claim, and the others.
#[inline]
fn split<T: ?Sized>(lock: &ReadMostly<T>) -> (&Cell, &[CachePadded<Cell>]) {
    match lock.cells.view().all() {
        [first, others @ ..] => (first, others),
        [] => unreachable!("there is a cell for every processor"),
    }
}

/// Waits until no other writer is there.
pub(super) struct Claiming<'a, T: ?Sized>(pub(super) &'a ReadMostly<T>);

const WRITES: &What = &"read-mostly write";

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<'a, T: ?Sized> Operation for Claiming<'a, T> {
    type Output = Claim<'a, T>;
    const WAITS_FOR: &'static What = WRITES;

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        if split(self.0).0.glance().has_writer() {
            return Poll::Pending;
        }
        match Claim::try_new(self.0) {
            Some(claim) => Poll::Ready(claim),
            None => Poll::Pending,
        }
    }

    fn chances(&self) -> usize {
        let state = split(self.0).0.look_for_writer();
        usize::from(!state.has_writer())
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.claims.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.claims.patience
    }
}

/// Waits until the readers have left that were there before the marks.
pub(super) struct Draining<'a, T: ?Sized> {
    lock: &'a ReadMostly<T>,
    /// Until it is done.
    claim: Option<Claim<'a, T>>,
    /// The cells before this one have no readers any more.
    next: usize,
}

impl<'a, T: ?Sized> Draining<'a, T> {
    #[inline]
    pub(super) fn new(claim: Claim<'a, T>) -> Self {
        Self {
            lock: claim.lock(),
            claim: Some(claim),
            next: 0,
        }
    }
}

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl<'a, T: ?Sized> Operation for Draining<'a, T> {
    type Output = ReadMostlyWriteGuard<'a, T>;
    const WAITS_FOR: &'static What = WRITES;

    #[inline]
    fn attempt(&mut self) -> Poll<Self::Output> {
        for cell in &self.lock.cells.view().all()[self.next..] {
            if !cell.is_drained() {
                return Poll::Pending;
            }
            self.next += 1;
        }
        match self.claim.take() {
            Some(claim) => Poll::Ready(ReadMostlyWriteGuard::new(claim)),
            None => Poll::Pending,
        }
    }

    /// Nobody else waits for this, so there is nothing to hand on once it is done.
    fn chances(&self) -> usize {
        match self.lock.cells.view().all().get(self.next) {
            Some(cell) => usize::from(!cell.look_for_readers()),
            None => 0,
        }
    }

    fn queue(&self) -> &WaitQueue {
        &self.lock.drained.waiting
    }

    fn patience(&self) -> &Patience {
        &self.lock.drained.patience
    }
}

impl<T: ?Sized> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read { .. }")
    }
}

impl<T: ?Sized> fmt::Debug for Claim<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim { .. }")
    }
}
