//! Channels with lanes: what is urgent overtakes what is not.
//!
//! A sender carries the number of its lane, and is an ordinary sender otherwise: the channel has one for each
//! lane in the beginning. So whatever takes a sender takes one of these, and there is no lane that is not there.
//!
//! This module knows where the senders of a lane wait. Which value comes first is the business of the
//! container (`queue`).

use super::shared::{Flavor, Gate, Shared};
use super::{Receiver, Sender};
use crate::prim::Arc;
use crate::queue::{self, PopError};
use crate::wait::Patience;
use crossbeam_utils::CachePadded;

/// A receive looks at every lane.
const LANES_MAX: usize = 64;

/// Makes a channel with several lanes, the most urgent first.
///
/// There is one sender for each lane, and a lane holds at most as many values as its entry in `capacities`
/// says. A receiver takes the oldest value of the most urgent lane that has one.
///
/// - The lanes share nothing but the receivers: a full lane makes the senders of that lane wait, and no others.
/// - The senders are ordinary ones. Clones send into the same lane. [`len`](Sender::len),
///   [`is_full`](Sender::is_full) and [`capacity`](Sender::capacity) of a sender are those of its lane; of the
///   receiver, those of all lanes together. Everything else is of the whole channel: it is closed when one
///   of them closes it, or when the senders of all lanes are gone.
/// - What has been sent into a lane before something is sent into a less urgent one is received first, if there is
///   one receiver. Of several at work in the same moment, one may take the less urgent value a step ahead of the
///   other.
///
/// **The order is strict.** As long as values come into one lane as fast as they are received, nothing is
/// taken from the lanes below, for as long as that may be. Make lanes for what is rare and urgent, and not to
/// share out the work.
///
/// The time of a receive grows with the number of lanes, unless the first has a value. Two to four are usual.
///
/// # Panics
///
/// If a capacity is 0 or more than memory can hold. Without lanes, or with more than 64, it does not compile.
///
/// # Examples
///
/// ```
/// use brigade::channel;
///
/// let ([urgent, ordinary], jobs) = channel::priority([2, 8]);
/// ordinary.send("sweep the yard")?;
/// ordinary.send("oil the pump")?;
/// urgent.send("fire!")?;
/// drop((urgent, ordinary));
/// let done: Vec<_> = jobs.iter().collect();
/// assert_eq!(done, ["fire!", "sweep the yard", "oil the pump"]);
/// # Ok::<(), channel::SendError<&str>>(())
/// ```
///
/// A priority that is a number is an index:
///
/// ```
/// let (lanes, jobs) = brigade::channel::priority([16; 3]);
/// for (priority, job) in [(2, "c"), (0, "a"), (1, "b")] {
///     lanes[priority].send(job)?;
/// }
/// assert_eq!(jobs.drain().collect::<String>(), "abc");
/// # Ok::<(), brigade::channel::SendError<&str>>(())
/// ```
///
/// ```compile_fail
/// let (senders, receiver) = brigade::channel::priority::<u8, 0>([]);
/// ```
#[must_use]
#[track_caller]
pub fn priority<T, const LANES: usize>(
    capacities: [usize; LANES],
) -> ([Sender<T>; LANES], Receiver<T>) {
    const {
        assert!(LANES > 0, "a priority channel needs at least one lane");
        assert!(
            LANES <= LANES_MAX,
            "a priority channel has 64 lanes at most"
        );
    }
    assert!(
        capacities.iter().all(|&capacity| capacity > 0),
        "each lane of a priority channel needs a capacity of at least 1"
    );
    let shared = Arc::new(Shared::new(Flavor::Lanes(Lanes::new(&capacities))));
    let senders = std::array::from_fn(|lane| Sender::counted(Arc::clone(&shared), lane));
    (senders, Receiver::counted(shared))
}

/// The values of all lanes, and where the senders of each wait.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    values: queue::Lanes<T>,
    not_full: Box<[CachePadded<Gate>]>,
}

impl<T> Lanes<T> {
    #[track_caller]
    fn new(capacities: &[usize]) -> Self {
        let gate = |&places: &usize| Gate::new(Patience::for_room(places));
        Self {
            values: queue::Lanes::new(capacities),
            not_full: capacities.iter().map(gate).collect(),
        }
    }

    #[inline]
    pub(super) fn values(&self) -> &queue::Lanes<T> {
        &self.values
    }

    /// The gates of the senders, lane by lane.
    pub(super) fn not_full(&self) -> &[CachePadded<Gate>] {
        &self.not_full
    }

    /// Takes a value out, and wakes a sender of its lane.
    #[inline]
    pub(super) fn pop(&self) -> Result<T, PopError> {
        let (lane, value) = self.values.pop()?;
        self.not_full[lane].waiting.wake_one();
        Ok(value)
    }
}
