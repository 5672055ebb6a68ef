//! How many would take something, in one word: whoever looks at it sees the numbers of one moment.
//!
//! | bits of the word | meaning |
//! |---|---|
//! | upper 24, signed | idle workers and joiners that wait, less the guests |
//! | middle 20 | of these, the joiners that wait |
//! | lower 20 | idle workers that are awake, and so look again and again |
//!
//! # Whom nobody has to wake
//!
//! To wake a worker costs microseconds, and on a machine that is busy it takes the processor from another. So who has put
//! something in asks for the numbers, and if enough are awake leaves it to them. Nothing is overlooked, as one who is awake
//! says in this word that it is so no longer, and looks afterwards: before it sleeps, at everything, and if it turns to
//! something else, at the tellings of scopes. The changes and the questions are read-modify-writes. So if it was counted, it
//! sees what was put in.
//!
//! At halves of joins it need not look when it turns to something else: then one fewer may take part, and one fewer is awake.
//! As long as something is offered and nobody has been woken for it, as many are awake as may take part.
//!
//! Who is counted as awake has promised to look soon. Only Brigade's own code runs meanwhile, but for the wakers of tasks that
//! wait for room in a lane: one that blocks holds up what has been left to its worker.
//!
//! It does not know what there is to take.

use crate::pool::Builder;
use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicU64;

const BITS: u32 = 20;
const AWAKE: u64 = 1;
const JOINERS: u64 = 1 << BITS;
const ONE: u64 = 1 << (2 * BITS);
/// Of a number, once it is at the lower end.
const MASK: u64 = JOINERS - 1;
const _: () = assert!(
    Builder::THREADS_MAX + super::GUESTS < 1 << BITS,
    "each number has room for all"
);

#[derive(Debug)]
pub(super) struct Hungry(AtomicU64);

/// The numbers of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Idle workers, less the guests who run in their place.
    pub(super) idle: i64,
    /// Idle workers that are awake.
    pub(super) awake: i64,
}

impl Numbers {
    /// Whether those who are awake are too few for all who may take part.
    pub(super) fn is_one_to_wake(self) -> bool {
        self.awake < self.idle
    }
}

impl Hungry {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether there is anybody. A hint.
    #[inline(always)]
    pub(super) fn is_any(&self) -> bool {
        takers(self.0.load(Relaxed)) > 0
    }

    /// Whether workers are idle, and all of them sleep or are on the way from that. A hint.
    pub(super) fn are_asleep(&self) -> bool {
        let Numbers { idle, awake } = numbers(self.0.load(Relaxed));
        idle > 0 && awake == 0
    }

    /// Whether there is anybody. A read-modify-write: of this and [`Hungry::numbers`], whoever is second sees what the other
    /// did before.
    pub(super) fn is_any_for_sure(&self) -> bool {
        takers(self.0.fetch_add(0, AcqRel)) > 0
    }

    /// The numbers, by a read-modify-write: of this and all changes, whoever is second sees what the other did before.
    pub(super) fn numbers(&self) -> Numbers {
        numbers(self.0.fetch_add(0, AcqRel))
    }

    /// A worker is idle, and awake.
    pub(super) fn idles(&self) {
        self.0.fetch_add(ONE + AWAKE, AcqRel);
    }

    /// An idle worker, which is awake, has something else to do.
    pub(super) fn works(&self) {
        self.0.fetch_sub(ONE + AWAKE, AcqRel);
    }

    /// An idle worker is about to sleep.
    pub(super) fn sleeps(&self) {
        self.0.fetch_sub(AWAKE, AcqRel);
    }

    /// An idle worker is awake again.
    pub(super) fn wakes_up(&self) {
        self.0.fetch_add(AWAKE, AcqRel);
    }

    /// A guest runs in the place of a worker.
    pub(super) fn guest_comes(&self) {
        self.0.fetch_sub(ONE, AcqRel);
    }

    /// A guest has left.
    pub(super) fn guest_leaves(&self) {
        self.0.fetch_add(ONE, AcqRel);
    }

    /// A joiner waits for its half.
    pub(super) fn joiner_waits(&self) {
        self.0.fetch_add(ONE + JOINERS, AcqRel);
    }

    /// A joiner waits no more.
    pub(super) fn joiner_goes_on(&self) {
        self.0.fetch_sub(ONE + JOINERS, AcqRel);
    }
}

fn numbers(word: u64) -> Numbers {
    let joiners = word >> BITS & MASK;
    Numbers {
        idle: takers(word) - joiners.cast_signed(),
        awake: (word & MASK).cast_signed(),
    }
}

#[inline(always)]
fn takers(word: u64) -> i64 {
    word.cast_signed() >> (2 * BITS)
}

#[cfg(all(test, not(brigade_loom), not(brigade_shuttle)))]
mod tests {
    use super::*;
    use crate::pool::{Pool, blocking};
    use crate::prim::StdArc;

    #[test]
    fn each_kind_is_told_from_the_others() {
        let hungry = Hungry::new();
        let says = || {
            let Numbers { idle, awake } = hungry.numbers();
            assert_eq!(hungry.are_asleep(), idle > 0 && awake == 0);
            (hungry.is_any(), idle, awake)
        };
        assert_eq!(says(), (false, 0, 0));
        hungry.guest_comes();
        assert_eq!(says(), (false, -1, 0), "a guest");
        hungry.joiner_waits();
        assert_eq!(says(), (false, -1, 0), "a joiner in the guest's place");
        hungry.joiner_waits();
        assert_eq!(says(), (true, -1, 0), "a joiner beyond");
        hungry.idles();
        assert_eq!(says(), (true, 0, 1), "an idle worker in the guest's place");
        hungry.idles();
        assert_eq!(says(), (true, 1, 2), "an idle worker beyond");
        hungry.sleeps();
        assert_eq!(says(), (true, 1, 1), "one sleeps");
        hungry.joiner_goes_on();
        hungry.joiner_goes_on();
        assert_eq!(says(), (true, 1, 1), "the same without joiners");
        hungry.works();
        assert_eq!(says(), (false, 0, 0), "one who sleeps in the guest's place");
        hungry.guest_leaves();
        assert_eq!(says(), (true, 1, 0), "one who sleeps");
        hungry.wakes_up();
        hungry.works();
        assert_eq!(says(), (false, 0, 0), "nobody");
    }

    /// Were one counted as awake that is not there, nobody would be woken any more.
    #[test]
    fn nobody_is_counted_when_all_have_ended() {
        let pool = Pool::builder().threads(2).threads_max(3).spares(1);
        let pool = pool.build().unwrap();
        for round in 0..20 {
            pool.resize(1 + round % 3).unwrap();
            pool.scope_plain(|scope| {
                scope.spawn(|| blocking(|| pool.spawn(async {}).join().unwrap()));
                scope.spawn(|| pool.join(|_| (), |worker| worker.join(|_| (), |_| ())));
                scope.spawn(|| pool.submit(|| ()).unwrap().join().unwrap());
            });
            pool.join(|_| (), |worker| worker.join(|_| (), |_| ()));
        }
        let crew = StdArc::clone(&pool.crew);
        drop(pool);
        assert_eq!(crew.forks().hungry.0.load(Relaxed), 0);
    }
}
