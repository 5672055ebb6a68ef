//! What the semaphore rows need from a peer, and their two workloads: one task that takes a permit
//! and gives it back, and eight tasks that share two permits. Each of the eight lets the others run
//! while it has a permit, because on two workers nobody would ever find both taken otherwise.

use super::{Crew, Stint, alone};
use crate::run::Work;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Permits of every semaphore.
pub(crate) const PERMITS: usize = 2;

/// The question a row puts to a peer. A crew of one keeps its permit for no time.
#[derive(Clone, Debug)]
pub(crate) struct Permitting {
    pub(crate) crew: Crew,
}

/// A semaphore that suspends tasks.
pub(crate) trait TaskSemaphore: Send + Sync + 'static {
    fn new(permits: usize) -> Self;
    /// Takes a permit, stays, gives it back.
    fn visit(&self, room: &Room) -> impl Future<Output = ()> + Send;
    /// How many permits can be had now.
    fn free(&self) -> usize;
}

/// What the permits give access to.
pub(crate) struct Room {
    /// Whether others may run while somebody is in.
    shared: bool,
    inside: AtomicUsize,
}

impl Room {
    /// Ends the run if more are in than there are permits.
    #[inline]
    pub(crate) async fn stay(&self) {
        if self.shared {
            let others = self.inside.fetch_add(1, Relaxed);
            assert!(others < PERMITS, "more holders than permits");
            tokio::task::yield_now().await;
            self.inside.fetch_sub(1, Relaxed);
        }
    }
}

/// Makes the work that a peer's semaphore is to do.
pub(crate) fn work<S: TaskSemaphore>(permitting: Permitting) -> Work {
    let crew = permitting.crew;
    Box::new(move |load| {
        let room = Room {
            shared: crew.size > 1,
            inside: AtomicUsize::new(0),
        };
        let shared = Arc::new((S::new(PERMITS), room));
        let outcome = crew.run(load, |actor| {
            let (shared, order) = (Arc::clone(&shared), actor.order);
            actor.stage.task(actor.gate, move |mut tally| async move {
                let (semaphore, room) = &*shared;
                while let Some(numbers) = order.portion(&tally) {
                    for number in numbers {
                        semaphore.visit(room).await;
                        tally.add(number);
                    }
                }
                Stint::from(tally.stop())
            })
        })?;
        let (semaphore, _) = alone(shared)?;
        match semaphore.free() {
            PERMITS => outcome.settle(outcome.done()),
            free => Err(format!("{free} of {PERMITS} permits came back")),
        }
    })
}
