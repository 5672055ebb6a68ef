//! once_cell: the cell and the value that is made at its first use.

use super::Peer;
use crate::shared::once::{self, Getting, SetOnce, VALUE};
use once_cell::sync::{Lazy, OnceCell};
use std::hint::black_box;

pub(super) const CELL: Peer<Getting> = Peer {
    name: "once_cell OnceCell",
    work: |getting| Ok(once::work::<OnceCell<usize>>(getting)),
};

pub(super) const LAZY: Peer<Getting> = Peer {
    name: "once_cell Lazy",
    work: |getting| Ok(once::work::<Lazy<usize>>(getting)),
};

impl SetOnce for OnceCell<usize> {
    fn set() -> Self {
        Self::with_value(VALUE)
    }

    #[inline]
    fn get(&self) -> usize {
        *self.get().expect("it is set")
    }
}

impl SetOnce for Lazy<usize> {
    fn set() -> Self {
        let lazy: Self = Self::new(|| black_box(VALUE));
        Self::force(&lazy);
        lazy
    }

    #[inline]
    fn get(&self) -> usize {
        **self
    }
}
