//! One word, and those who wait for it to change: what a barrier, a latch and an event are made of.
//!
//! What the word means is its owner's business ([`Condition`]). This file only keeps the handshake of
//! `wait/README.md`, for all of them:
//!
//! - Every write to the word is a read-modify-write with acquire and release. There are no others.
//! - Whoever has made a condition true calls [`Gate::open`] after that write: it looks at the queue, and wakes
//!   everybody. Each of them has a wake of its own, so nobody owes anything to the others. A wake that the
//!   drivers pass on makes somebody look in vain, and no more.
//! - The second look of a waiter is a read-modify-write on the word that changes nothing.
//!
//! What a waiter leaves in the word while it waits (its arrival) it takes back when it gives up, or is told that
//! it is too late for that: then its wait was not in vain.

use super::WaitTimeoutError;
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicUsize;
use crate::prim::const_new;
use crate::wait::{Limit, Operation, Patience, Wait, WaitQueue, WaitUntil, What, block};
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

type Site = &'static Location<'static>;

/// The word and its waiters.
#[derive(Debug)]
pub(super) struct Gate {
    word: AtomicUsize,
    waiting: WaitQueue,
    patience: Patience,
}

impl Gate {
    const_new! {
        pub(super) fn new(word: usize) -> Self {
            Self {
                word: AtomicUsize::new(word),
                waiting: WaitQueue::new(),
                patience: Patience::new(),
            }
        }
    }

    #[inline]
    pub(super) fn word(&self) -> usize {
        self.word.load(Acquire)
    }

    /// Replaces the word by what `change` makes of it. Returns what it was; as an error, if `change` wanted
    /// nothing.
    #[inline]
    pub(super) fn update(&self, change: impl Fn(usize) -> Option<usize>) -> Result<usize, usize> {
        let mut word = self.word();
        while let Some(changed) = change(word) {
            match self
                .word
                .compare_exchange_weak(word, changed, AcqRel, Acquire)
            {
                Ok(_) => return Ok(word),
                Err(now) => word = now,
            }
        }
        Err(word)
    }

    /// Sets `bits`. Returns what the word was.
    #[inline]
    pub(super) fn set_bits(&self, bits: usize) -> usize {
        self.word.fetch_or(bits, AcqRel)
    }

    /// The word has been changed, and everybody may have a reason to go on.
    #[inline]
    pub(super) fn open(&self) {
        self.waiting.wake_everyone();
    }
}

/// What one waiter waits for at a gate.
pub(super) trait Condition {
    type Output;

    /// In the words of the user.
    const WAITS_FOR: &'static What;

    /// Looks, without waiting. The first time it may leave something in the word.
    fn attempt(&mut self, gate: &Gate) -> Poll<Self::Output>;

    /// Whether another attempt would be done at this `word`.
    fn holds(&self, word: usize) -> bool;

    /// Takes back what an attempt has left. If that comes too late, the wait has come to its end all the same.
    fn give_up(&mut self, _gate: &Gate) -> Option<Self::Output> {
        None
    }
}

/// A wait at a gate, for both drivers. Dropping it gives up.
#[derive(Debug)]
pub(super) struct At<'a, C: Condition> {
    gate: &'a Gate,
    condition: C,
}

impl<'a, C: Condition> At<'a, C> {
    pub(super) fn new(gate: &'a Gate, condition: C) -> Self {
        Self { gate, condition }
    }

    fn give_up(&mut self) -> Result<C::Output, WaitTimeoutError> {
        self.condition.give_up(self.gate).ok_or(WaitTimeoutError)
    }

    #[inline]
    pub(super) fn wait(mut self, site: Site) -> C::Output {
        match block(&mut self, Limit::NONE, site) {
            Ok(output) => output,
            Err(_) => unreachable!("a wait without a limit does not end before its time"),
        }
    }

    pub(super) fn wait_until(
        mut self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<C::Output, WaitTimeoutError> {
        block(&mut self, Limit::until(deadline), site).or_else(|_| self.give_up())
    }

    pub(super) fn wait_async(self, site: Site) -> impl Future<Output = C::Output> + use<'a, C> {
        Wait::new(self, site)
    }

    pub(super) async fn wait_until_async(
        self,
        deadline: Option<Instant>,
        site: Site,
    ) -> Result<C::Output, WaitTimeoutError> {
        let mut wait = pin!(WaitUntil::new(self, deadline, site));
        match wait.as_mut().await {
            Ok(output) => Ok(output),
            Err(_) => wait.wait().operation().give_up(),
        }
    }
}

// SAFETY: the queue is a field of the gate, which is borrowed for as long as the operation lives.
unsafe impl<C: Condition> Operation for At<'_, C> {
    type Output = C::Output;
    const WAITS_FOR: &'static What = C::WAITS_FOR;

    #[inline]
    fn attempt(&mut self) -> Poll<C::Output> {
        self.condition.attempt(self.gate)
    }

    fn chances(&self) -> usize {
        let word = self.gate.word.fetch_add(0, AcqRel);
        // Not more than one: the others have wakes of their own.
        usize::from(self.condition.holds(word))
    }

    fn queue(&self) -> &WaitQueue {
        &self.gate.waiting
    }

    fn patience(&self) -> &Patience {
        &self.gate.patience
    }
}

impl<C: Condition> Drop for At<'_, C> {
    #[inline]
    fn drop(&mut self) {
        // By now it has left the queue; whether it was too late is nobody's business any more.
        let _ = self.condition.give_up(self.gate);
    }
}
