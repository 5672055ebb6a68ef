//! Several rings in one order: what comes out is the oldest value of the first lane that has any.
//!
//! Each lane has a bound of its own, and a full lane keeps nobody out of another. Nothing is shared between
//! lanes: who puts in touches one ring only, and who takes out looks at the lanes one after another.
//!
//! # Which lane comes first
//!
//! Values come in while the lanes are looked at. Going down them and taking from the first that has a
//! value is not enough: a sender may put a value into the first lane, behind our back, and then one into the
//! second, before our eyes, and we would take the later and lesser one. So the lanes are looked at from the last
//! to the first. Whichever is chosen, all above it are seen empty *after* it was seen to have a value. What was
//! put in above before that value was put in is not missed: a look at a lane acquires what its senders have done
//! before.
//!
//! With one receiver that is the whole order: nobody else takes the value that was seen. With several, another
//! may take it, and the one behind it comes out here: then a value that has come to a lane above since we looked
//! there is left for the next receive.
//!
//! A sender that has claimed a place and not filled it yet counts as having put its value in: receivers wait out
//! its few instructions (`Busy`), as they do at a single ring.
//!
//! # Empty, and closed
//!
//! Before a receiver sleeps, it does the read-modify-write of each lane (`look_for_values`). So the argument
//! of `wait/README.md` holds for each lane by itself: its sender sees the sleeper, or is seen.
//!
//! Lanes are closed one by one, from the first to the last, and the channel counts as closed when the last
//! is. A closed lane that is empty stays empty, so each lane may be asked for both at its own time.

use super::{Backoff, PopError, PushError, Ring};

/// See the module.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    /// The most urgent first. At least one.
    rings: Box<[Ring<T>]>,
}

impl<T> Lanes<T> {
    /// A lane for each of `capacities`.
    ///
    /// # Panics
    ///
    /// If there are none, or one of them is 0 or more than memory can hold.
    #[track_caller]
    pub(crate) fn new(capacities: &[usize]) -> Self {
        assert!(!capacities.is_empty(), "there is at least one lane");
        let mut rings = Vec::with_capacity(capacities.len());
        // Not in a closure: a panic in there would not be the caller's.
        for &capacity in capacities {
            rings.push(Ring::new(capacity));
        }
        Self {
            rings: rings.into_boxed_slice(),
        }
    }

    /// One lane by itself, to put in.
    pub(crate) fn ring(&self, lane: usize) -> &Ring<T> {
        &self.rings[lane]
    }

    /// Puts the value that `value` holds into a lane. Leaves it there on failure.
    #[inline]
    pub(crate) fn push(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        self.rings[lane].push(value)
    }

    /// `push`, for those who go on looking.
    #[inline]
    pub(crate) fn push_if_free(&self, lane: usize, value: &mut Option<T>) -> Result<(), PushError> {
        self.rings[lane].push_if_free(value)
    }

    /// Takes a value out, and says of which lane.
    #[inline]
    pub(crate) fn pop(&self) -> Result<(usize, T), PopError> {
        // Nothing is more urgent than the first lane, so there it takes no look around.
        match self.rings[0].pop() {
            Ok(value) => Ok((0, value)),
            Err(PopError::Busy) => Err(PopError::Busy),
            Err(PopError::Empty | PopError::Closed) => self.pop_most_urgent(),
        }
    }

    fn pop_most_urgent(&self) -> Result<(usize, T), PopError> {
        let mut backoff = Backoff::new();
        while let Some(lane) = self.most_urgent() {
            match self.rings[lane].pop() {
                Ok(value) => return Ok((lane, value)),
                Err(PopError::Busy) => return Err(PopError::Busy),
                // Others have taken what was seen.
                Err(PopError::Empty | PopError::Closed) => backoff.lost_race(),
            }
        }
        let is_over = |ring: &Ring<T>| ring.is_closed() && ring.len() == 0;
        Err(if self.rings.iter().all(is_over) {
            PopError::Closed
        } else {
            PopError::Empty
        })
    }

    /// The first lane that has a value. The last is looked at first: the module says why.
    #[inline]
    fn most_urgent(&self) -> Option<usize> {
        let lanes = self.rings.iter().enumerate().rev();
        lanes.fold(
            None,
            |found, (lane, ring)| {
                if ring.len() > 0 { Some(lane) } else { found }
            },
        )
    }

    /// The second look of a lane's sender. See [`Ring::look_for_room`].
    pub(crate) fn look_for_room(&self, lane: usize) -> usize {
        self.rings[lane].look_for_room()
    }

    /// The receiver's second look: how many values there are, or 1 if all lanes are closed.
    /// Synchronises with every `push` before it and is seen by every `push` after it, in whatever lane.
    pub(crate) fn look_for_values(&self) -> usize {
        let mut values = 0;
        for ring in &self.rings {
            let seen = ring.look_for_values();
            // That a lane is closed is no chance by itself: the others may be about to be.
            values += if ring.is_closed() { ring.len() } else { seen };
        }
        if self.is_closed() {
            values.max(1)
        } else {
            values
        }
    }

    /// About how many values have been put into a lane, from anywhere on.
    pub(crate) fn put(&self, lane: usize) -> usize {
        self.rings[lane].put()
    }

    /// About how many values have been taken out, from anywhere on.
    pub(crate) fn taken(&self) -> usize {
        let taken = self.rings.iter().map(Ring::taken);
        taken.fold(0, usize::wrapping_add)
    }

    /// Takes no more values. Returns whether the channel was open.
    pub(crate) fn close(&self) -> bool {
        self.rings.iter().fold(false, |_, ring| ring.close())
    }

    /// Whether all lanes are closed: the last one is closed last.
    pub(crate) fn is_closed(&self) -> bool {
        self.rings.last().is_some_and(Ring::is_closed)
    }

    /// How many lanes there are.
    pub(crate) fn count(&self) -> usize {
        self.rings.len()
    }

    /// How many values are in, each lane counted at its own moment.
    pub(crate) fn len(&self) -> usize {
        self.rings.iter().map(Ring::len).sum()
    }

    /// How many values are in a lane.
    pub(crate) fn len_of(&self, lane: usize) -> usize {
        self.rings[lane].len()
    }

    /// How many values all lanes can hold.
    pub(crate) fn capacity(&self) -> usize {
        self.rings.iter().map(Ring::capacity).sum()
    }

    /// How many values a lane can hold.
    pub(crate) fn capacity_of(&self, lane: usize) -> usize {
        self.rings[lane].capacity()
    }
}

#[cfg(all(test, brigade_loom))]
mod model {
    use super::{Lanes, PopError, PushError};
    use crate::prim::Arc;
    use loom::thread;

    /// Loom tries a push at the moment of another's load only if the pusher has not loaded the same place
    /// before, as every push does. So it is told by a write that changes nothing.
    fn push(lanes: &Lanes<u8>, lane: usize) -> Result<(), PushError> {
        lanes.rings[lane].look_for_values();
        lanes.push(lane, &mut Some(1))
    }

    /// The sender is seen to put in nothing, the first value, or both: never the second alone.
    #[test]
    fn lanes_are_never_seen_in_the_wrong_order() {
        loom::model(|| {
            let lanes = Arc::new(Lanes::new(&[1, 1, 1]));
            let other = Arc::clone(&lanes);
            let sender = thread::spawn(move || {
                push(&other, 1).unwrap();
                push(&other, 2).unwrap();
            });
            if let Ok((lane, _)) = lanes.pop() {
                assert_eq!(lane, 1);
            }
            sender.join().unwrap();
        });
    }

    /// A value may come into one lane when another is closed already.
    #[test]
    fn lanes_are_over_once_all_are() {
        loom::model(|| {
            let lanes = Arc::new(Lanes::new(&[1, 1]));
            let [sends, closes] = [(); 2].map(|()| Arc::clone(&lanes));
            let sender = thread::spawn(move || push(&sends, 1).is_ok());
            let closer = thread::spawn(move || closes.close());
            let is_over = lanes.pop() == Err(PopError::Closed);
            let sent = sender.join().unwrap();
            assert!(!(is_over && sent));
            assert!(closer.join().unwrap());
        });
    }
}
