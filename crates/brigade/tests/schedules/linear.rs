//! The checker of histories: whether operations that overlapped could have been done one at a time.
//!
//! A history says of each operation when it was called and when it returned. It is linearizable if each can be given
//! one moment in between, so that one after the other they do what a sequential specification allows (Herlihy and
//! Wing, "Linearizability", 1990). The search is that of Wing and Gong ("Testing and verifying concurrent
//! objects", 1993): choose who was first among those that nobody had returned before, and go on with the rest; and it
//! remembers which sets of operations in which states led to nothing (Lowe, "Testing for linearizability", 2017).
//!
//! It knows neither what is checked nor how histories are made.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

/// A sequential specification: a state, and what each operation may do in it.
pub(crate) trait Sequential: Clone + Eq + Hash + Debug {
    /// What was called, with its arguments.
    type Call: Debug;
    /// What it returned.
    type Return: Debug;

    /// The state after this call has returned that; `None` if here it cannot.
    fn after(&self, call: &Self::Call, returned: &Self::Return) -> Option<Self>;
}

/// One operation of a history.
#[derive(Clone, Debug)]
pub(crate) struct Operation<C, R> {
    /// When it was called. All times of a history are different.
    pub(crate) called: u64,
    /// When it returned.
    pub(crate) returned_at: u64,
    pub(crate) call: C,
    pub(crate) returned: R,
}

/// The most operations in a history: one for each bit of a set.
const MOST: usize = u128::BITS as usize;

/// An order in which the history can be explained, as indices; `None` if there is none.
pub(crate) fn explain<S: Sequential>(
    start: S,
    history: &[Operation<S::Call, S::Return>],
) -> Option<Vec<usize>> {
    assert!(history.len() <= MOST, "a history of {}", history.len());
    let mut search = Search {
        history,
        in_vain: HashSet::new(),
        order: Vec::new(),
    };
    search.goes_on(0, start).then_some(search.order)
}

struct Search<'a, S: Sequential> {
    history: &'a [Operation<S::Call, S::Return>],
    /// What has been done, and the state after it, from where there was no way on.
    in_vain: HashSet<(u128, S)>,
    order: Vec<usize>,
}

impl<S: Sequential> Search<'_, S> {
    /// Whether there is an order for all that is not in `done`.
    fn goes_on(&mut self, done: u128, state: S) -> bool {
        let history = self.history;
        let left = || (0..history.len()).filter(|index| done & 1 << index == 0);
        // Whoever was called after this was not first.
        let Some(first_return) = left().map(|index| history[index].returned_at).min() else {
            return true;
        };
        if !self.in_vain.insert((done, state.clone())) {
            return false;
        }
        for index in left() {
            let operation = &history[index];
            if operation.called > first_return {
                continue;
            }
            let Some(after) = state.after(&operation.call, &operation.returned) else {
                continue;
            };
            self.order.push(index);
            if self.goes_on(done | 1 << index, after) {
                return true;
            }
            self.order.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// A register: the call is what is written, or nothing for a read.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Register(u32);

    impl Sequential for Register {
        type Call = Option<u32>;
        type Return = u32;

        fn after(&self, call: &Option<u32>, returned: &u32) -> Option<Self> {
            match call {
                Some(value) => Some(Self(*value)),
                None => (self.0 == *returned).then(|| self.clone()),
            }
        }
    }

    /// A queue: the call is what is put in, or nothing to take the oldest.
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Queue(VecDeque<u32>);

    impl Sequential for Queue {
        type Call = Option<u32>;
        type Return = Option<u32>;

        fn after(&self, call: &Option<u32>, returned: &Option<u32>) -> Option<Self> {
            let mut queue = self.0.clone();
            match call {
                Some(value) => queue.push_back(*value),
                None if queue.pop_front() != *returned => return None,
                None => {}
            }
            Some(Self(queue))
        }
    }

    fn history<C, R>(of: impl IntoIterator<Item = (u64, u64, C, R)>) -> Vec<Operation<C, R>> {
        let operation = |(called, returned_at, call, returned)| Operation {
            called,
            returned_at,
            call,
            returned,
        };
        of.into_iter().map(operation).collect()
    }

    #[test]
    fn nothing_is_explained_by_nothing() {
        assert_eq!(explain(Register(0), &[]), Some(vec![]));
    }

    #[test]
    fn what_overlaps_may_have_been_in_any_order() {
        let overlap = history([(0, 10, Some(1), 0), (1, 4, None, 0), (5, 8, None, 1)]);
        assert_eq!(explain(Register(0), &overlap), Some(vec![1, 0, 2]));
    }

    #[test]
    fn a_value_that_was_new_is_not_old_again() {
        // As before, but the two reads the other way round: the write would have to be undone.
        let back = history([(0, 10, Some(1), 0), (1, 4, None, 1), (5, 8, None, 0)]);
        assert_eq!(explain(Register(0), &back), None);
    }

    #[test]
    fn what_was_over_is_seen() {
        let late = history([(0, 1, Some(1), 0), (2, 3, None, 0)]);
        assert_eq!(explain(Register(0), &late), None);
        let in_time = history([(0, 3, Some(1), 0), (2, 4, None, 0)]);
        assert_eq!(explain(Register(0), &in_time), Some(vec![1, 0]));
    }

    #[test]
    fn two_readers_agree_on_the_order_of_two_writes() {
        let reads = |first: u32, second: u32, third: u32, fourth: u32| {
            history([
                (0, 100, Some(1), 0),
                (1, 101, Some(2), 0),
                (10, 11, None, first),
                (12, 13, None, second),
                (14, 15, None, third),
                (16, 17, None, fourth),
            ])
        };
        assert!(explain(Register(0), &reads(0, 1, 1, 2)).is_some());
        assert!(explain(Register(0), &reads(1, 2, 1, 2)).is_none());
    }

    #[test]
    fn a_queue_that_passes_one_over_is_found() {
        let fifo = |first: Option<u32>, second: Option<u32>| {
            history([
                (0, 1, Some(1), None),
                (2, 3, Some(2), None),
                (4, 5, None, first),
                (6, 7, None, second),
            ])
        };
        assert!(explain(Queue(VecDeque::new()), &fifo(Some(1), Some(2))).is_some());
        assert!(explain(Queue(VecDeque::new()), &fifo(Some(2), Some(1))).is_none());
        assert!(explain(Queue(VecDeque::new()), &fifo(Some(1), Some(1))).is_none());
        assert!(explain(Queue(VecDeque::new()), &fifo(Some(1), None)).is_none());
    }

    #[test]
    fn values_that_were_put_in_at_once_come_out_in_either_order() {
        let puts = [(0, 10, Some(1), None), (1, 9, Some(2), None)];
        for out in [[1, 2], [2, 1]] {
            let takes = [(11, 12, None, Some(out[0])), (13, 14, None, Some(out[1]))];
            let all = history(puts.into_iter().chain(takes));
            assert!(explain(Queue(VecDeque::new()), &all).is_some());
        }
    }

    /// Without the memory of what was in vain this would go through 15! orders.
    #[test]
    fn many_that_overlap_are_refuted_in_no_time() {
        let writes = (0..15).map(|n| (n, 100 + n, Some(1), 0));
        let all = history(writes.chain([(200, 201, None, 2)]));
        assert_eq!(explain(Register(0), &all), None);
    }
}
