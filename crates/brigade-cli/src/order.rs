//! Puts results that come in any order back into the order of the input.
//!
//! Holds no more results than were started and not yet given out; who starts jobs bounds that.
//! Knows nothing of what the results are.

use std::collections::VecDeque;

/// The results after the next one to be given out.
#[derive(Debug)]
pub(crate) struct Order<T> {
    next: u64,
    waiting: VecDeque<Option<T>>,
}

impl<T> Order<T> {
    pub(crate) fn new() -> Order<T> {
        Order {
            next: 0,
            waiting: VecDeque::new(),
        }
    }

    /// The index whose result is given out next.
    pub(crate) fn turn(&self) -> u64 {
        self.next
    }

    /// Whether the result whose turn it is is there.
    pub(crate) fn is_next_here(&self) -> bool {
        matches!(self.waiting.front(), Some(Some(_)))
    }

    /// Keeps a result until its turn. Each index comes once.
    pub(crate) fn put(&mut self, index: u64, result: T) {
        let place = usize::try_from(index - self.next).expect("the window is far below 2^32 jobs");
        if place >= self.waiting.len() {
            self.waiting.resize_with(place + 1, || None);
        }
        self.waiting[place] = Some(result);
    }

    /// The result whose turn it is, if it is there.
    pub(crate) fn take(&mut self) -> Option<T> {
        let result = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.next += 1;
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(order: &mut Order<u64>) -> Vec<u64> {
        std::iter::from_fn(|| order.take()).collect()
    }

    #[test]
    fn results_leave_in_the_order_of_their_index() {
        let mut order = Order::new();
        let mut given = Vec::new();
        for index in [2, 0, 1, 5, 4, 3, 6] {
            order.put(index, index);
            given.extend(take_all(&mut order));
        }
        assert_eq!(given, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(order.turn(), 7);
    }

    #[test]
    fn nothing_overtakes_a_result_that_is_missing() {
        let mut order = Order::new();
        order.put(1, 1);
        order.put(2, 2);
        assert_eq!(order.take(), None);
        assert_eq!(order.turn(), 0);
    }
}
