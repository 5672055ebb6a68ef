//! Rounds that end when nobody is missing any more, in the word of one gate.
//!
//! | upper half of the word | lower half |
//! |---|---|
//! | how many rounds have ended | who is missing in this one |
//!
//! | who | changes | to |
//! |---|---|---|
//! | one who arrives | round `r`, `m > 1` missing | `r`, `m - 1` |
//! | the last who arrives | `r`, 1 missing | `r + 1`, as many missing as the next round asks for; then it opens the gate |
//! | one who takes its arrival back | `r`, `m` missing | `r`, `m + 1`: in round `r` only |
//! | one more who has to arrive | `r`, `m` missing | `r`, `m + 1` |
//!
//! Both halves change in one step. So an arrival is taken back in the round in which it was made, or not at all, and
//! the end of a round has one moment.
//!
//! The number of rounds starts again after half a word is full. To miss the end of its round, a waiter would have to
//! look after exactly so many rounds.
//!
//! This file does not know who it is that arrives.

use super::gate::Gate;

const HALF: u32 = usize::BITS / 2;
const ONE_ROUND: usize = 1 << HALF;

/// So many can be missing at most.
pub(super) const MOST: usize = ONE_ROUND - 1;

/// A round, as somebody saw it who arrived in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round(usize);

impl Round {
    fn of(word: usize) -> Self {
        Self(word >> HALF)
    }

    /// Whether this round had ended when the word was `word`.
    pub(super) fn is_over(self, word: usize) -> bool {
        Self::of(word) != self
    }
}

fn missing(word: usize) -> usize {
    word & MOST
}

/// Arrives. Returns the round, or `None` for the last, who has ended it: then `next` are missing.
///
/// The caller is one of those who are missing.
pub(super) fn arrive(gate: &Gate, next: usize) -> Option<Round> {
    let is_last = |word| missing(word) == 1;
    let arrived = gate.update(|word| {
        Some(if is_last(word) {
            (word & !MOST).wrapping_add(ONE_ROUND) | next
        } else {
            debug_assert!(missing(word) != 0, "nobody is missing");
            word - 1
        })
    });
    match arrived {
        Ok(word) if is_last(word) => {
            gate.open();
            None
        }
        Ok(word) | Err(word) => Some(Round::of(word)),
    }
}

/// Takes an arrival in `round` back. False if that round has ended.
pub(super) fn take_back(gate: &Gate, round: Round) -> bool {
    gate.update(|word| (!round.is_over(word)).then(|| word + 1))
        .is_ok()
}

/// One more has to arrive. False if that is more than can be counted.
pub(super) fn add_one(gate: &Gate) -> bool {
    gate.update(|word| (missing(word) < MOST).then(|| word + 1))
        .is_ok()
}
