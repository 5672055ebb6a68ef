//! A child of a scope that is held back: whoever has it decides when the pool is told of it, from any thread, and has
//! nothing of the scope in its type.
//!
//! It comes with a membership of its scope, so the scope does not end before it has been put into the list or dropped. One
//! that is forgotten keeps its scope from ending. It does not know who releases it, nor why.

use super::nursery::{Child, Nursery};
use crate::pool::worker::Crew;
use crate::prim::{Arc, StdArc};
use crate::scope::Member;

/// A job that nobody has been told of. Dropping it drops the job, and then its membership, on which its borrows rest.
pub(crate) struct Held {
    child: Child,
    nursery: StdArc<Nursery>,
    crew: Arc<Crew>,
    /// Keeps the scope, and with it the pool, until they are through who release it: the child may be over before. After
    /// the child, which borrows.
    witness: Member,
}

impl Held {
    pub(super) fn new(
        child: Child,
        nursery: StdArc<Nursery>,
        crew: Arc<Crew>,
        witness: Member,
    ) -> Self {
        Self {
            child,
            nursery,
            crew,
            witness,
        }
    }

    /// Has the pool run it, or the owner of the scope, if that waits for its end.
    pub(crate) fn release(self) {
        let Self {
            child,
            nursery,
            crew,
            witness,
        } = self;
        let (_, telling) = nursery.put(child, crew.roster().wanted());
        if let Some(telling) = telling {
            crew.tell(telling);
        }
        witness.wake_owner();
        // The pool may be gone as soon as the scope has ended. It is not this thread that ends it.
        drop((nursery, crew));
        drop(witness);
    }
}
