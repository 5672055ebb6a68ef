//! How many would take something, in one word: whoever looks at it sees the numbers of one moment.
//!
//! | half of the word | meaning |
//! |---|---|
//! | upper, signed | idle workers and joiners that wait, less the guests |
//! | lower | of these, the joiners that wait |
//!
//! It does not know what there is to take. More workers than half a word can count make it a bad hint, and no more.

use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;

const HALF: u32 = usize::BITS / 2;
const ONE: usize = 1 << HALF;
const JOINER: usize = ONE + 1;

#[derive(Debug)]
pub(super) struct Hungry(AtomicUsize);

impl Hungry {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Whether there is anybody. A hint.
    #[inline(always)]
    pub(super) fn is_any(&self) -> bool {
        self.0.load(Relaxed).cast_signed() >> HALF > 0
    }

    /// Whether there is anybody. A read-modify-write: of this and [`Hungry::has_idle_workers`], whoever is second sees
    /// what the other did before.
    pub(super) fn is_any_for_sure(&self) -> bool {
        self.0.fetch_add(0, AcqRel).cast_signed() >> HALF > 0
    }

    /// Whether there are more idle workers than guests who run in their place. A read-modify-write: of this and
    /// [`Hungry::is_any_for_sure`], whoever is second sees what the other did before.
    pub(super) fn has_idle_workers(&self) -> bool {
        let word = self.0.fetch_add(0, AcqRel);
        let joiners = word & (ONE - 1);
        word.cast_signed() >> HALF > joiners.cast_signed()
    }

    /// A worker is idle, or a guest has left.
    pub(super) fn one_more(&self) {
        self.0.fetch_add(ONE, AcqRel);
    }

    /// A worker is idle no more, or a guest has come.
    pub(super) fn one_less(&self) {
        self.0.fetch_sub(ONE, AcqRel);
    }

    /// A joiner waits for its half.
    pub(super) fn joiner_waits(&self) {
        self.0.fetch_add(JOINER, AcqRel);
    }

    /// A joiner waits no more.
    pub(super) fn joiner_goes_on(&self) {
        self.0.fetch_sub(JOINER, AcqRel);
    }
}

#[cfg(all(test, not(brigade_loom), not(brigade_shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let hungry = Hungry::new();
        let says = || (hungry.is_any(), hungry.has_idle_workers());
        assert_eq!(says(), (false, false));
        hungry.one_less();
        assert_eq!(says(), (false, false), "a guest");
        hungry.joiner_waits();
        assert_eq!(says(), (false, false), "a joiner in the guest's place");
        hungry.joiner_waits();
        assert_eq!(says(), (true, false), "a joiner beyond");
        hungry.one_more();
        assert_eq!(
            says(),
            (true, false),
            "an idle worker, in the guest's place"
        );
        hungry.one_more();
        assert_eq!(says(), (true, true), "an idle worker beyond");
        hungry.joiner_goes_on();
        hungry.joiner_goes_on();
        assert_eq!(says(), (true, true), "the same without joiners");
        hungry.one_less();
        assert_eq!(says(), (false, false), "nobody");
    }
}
