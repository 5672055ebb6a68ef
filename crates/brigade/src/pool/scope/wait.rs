//! The wait of a scope's owner for its end: meanwhile it runs children of the scope that nobody has begun.

use super::Core;
use super::nursery::{Child, Telling};
use crate::scope::NobodyLeft;
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block};
use std::panic::Location;
use std::task::Poll;

/// What the owner goes on with.
enum Next {
    /// Nobody is left.
    Over,
    /// This it has taken, and of others a worker is to be told.
    Run(Child, Option<Telling>),
}

/// The operation of waiting for the end of a scope, or for a child to be run.
struct Ending<'a, E> {
    core: &'a Core<E>,
    nobody_left: NobodyLeft<'a>,
}

// SAFETY: the queue is that of `nobody_left`, a field that stays the same.
unsafe impl<E> Operation for Ending<'_, E> {
    type Output = Next;
    const WAITS_FOR: &'static What = &"scope end";

    fn attempt(&mut self) -> Poll<Next> {
        let Core { nursery, crew, .. } = self.core;
        match nursery.take(crew.roster().wanted()) {
            Some((child, telling)) => Poll::Ready(Next::Run(child, telling)),
            None if nursery.has_ended(|| self.nobody_left.chances() > 0) => Poll::Ready(Next::Over),
            None => Poll::Pending,
        }
    }

    fn glance(&mut self) -> Poll<Next> {
        if self.core.nursery.may_have() || self.nobody_left.chances() > 0 {
            return self.attempt();
        }
        Poll::Pending
    }

    fn chances(&self) -> usize {
        let nobody_left = || self.nobody_left.chances() > 0;
        usize::from(self.core.nursery.has_or(nobody_left))
    }

    fn queue(&self) -> &WaitQueue {
        self.nobody_left.queue()
    }

    fn patience(&self) -> &Patience {
        self.nobody_left.patience()
    }
}

impl<E> Core<E> {
    /// Waits until no child is left, and runs those that nobody has begun.
    pub(super) fn end(&self, site: &'static Location<'static>) {
        let mut ending = Ending {
            core: self,
            nobody_left: self.ledger.nobody_left(),
        };
        loop {
            match block(&mut ending, Limit::NONE, site) {
                Ok(Next::Over) => return,
                Ok(Next::Run(child, telling)) => {
                    if let Some(telling) = telling {
                        self.crew.tell(telling);
                    }
                    self.crew.run_here(child.site(), || child.run());
                }
                Err(_) => unreachable!("a wait without a limit ends with the operation"),
            }
        }
    }
}
