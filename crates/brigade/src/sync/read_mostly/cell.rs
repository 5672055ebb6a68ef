//! The packed word of one cell: how many readers are in, and whether a writer is there. The table is in `mod.rs`.
//!
//! Every write to it is a read-modify-write: the handshake needs that. It wakes nobody itself.

use crate::prim::Ordering::{AcqRel, Acquire, Relaxed};
use crate::prim::atomic::AtomicUsize;

const WRITER: usize = 1;
const WAITED: usize = 2;
const ONE_READER: usize = 4;
const FULL: usize = 1 << (usize::BITS - 1);

#[derive(Debug)]
pub(super) struct Cell(AtomicUsize);

/// What a cell has said at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct State(usize);

impl State {
    /// Whether a reader that has found this is in.
    #[inline]
    pub(super) fn is_open(self) -> bool {
        self.0 & (WRITER | FULL) == 0
    }

    #[inline]
    pub(super) fn is_nobody(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has_writer(self) -> bool {
        self.0 & WRITER != 0
    }

    /// Whether there are too many readers.
    pub(super) fn is_full(self) -> bool {
        self.0 & FULL != 0
    }

    fn has_readers(self) -> bool {
        self.0 >= ONE_READER
    }
}

impl Cell {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Counts a reader in, and says what was there before.
    #[inline(always)]
    pub(super) fn enter(&self) -> State {
        State(self.0.fetch_add(ONE_READER, Acquire))
    }

    /// Takes a reader out. Returns whether that was the last one that a sleeping writer waits for.
    #[inline(always)]
    pub(super) fn leave(&self) -> bool {
        let before = State(self.0.fetch_sub(ONE_READER, AcqRel));
        before.0 & WAITED != 0 && before.0 < 2 * ONE_READER
    }

    /// A look that changes nothing, and may miss what has just changed.
    pub(super) fn glance(&self) -> State {
        State(self.0.load(Relaxed))
    }

    /// The second look of those who wait for a mark to go.
    pub(super) fn look_for_writer(&self) -> State {
        State(self.0.fetch_add(0, AcqRel))
    }

    /// Marks the cell, if no writer has.
    #[inline]
    pub(super) fn claim(&self) -> bool {
        self.0.fetch_or(WRITER, AcqRel) & WRITER == 0
    }

    /// Marks the cell, for the writer that has claimed the first.
    #[inline]
    pub(super) fn mark(&self) {
        self.0.fetch_or(WRITER, AcqRel);
    }

    /// Whether the readers of a marked cell have gone. Then what they did happens before what follows.
    #[inline]
    pub(super) fn is_drained(&self) -> bool {
        !State(self.0.load(Acquire)).has_readers()
    }

    /// The second look of the writer: from here on the last reader to leave wakes it.
    pub(super) fn look_for_readers(&self) -> bool {
        State(self.0.fetch_or(WAITED, AcqRel)).has_readers()
    }

    /// Takes the marks away. What the writer did happens before what readers do who find them gone.
    #[inline]
    pub(super) fn unmark(&self) {
        self.0.fetch_and(!(WRITER | WAITED), AcqRel);
    }
}
