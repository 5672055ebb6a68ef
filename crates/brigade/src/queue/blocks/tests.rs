//! The list of blocks alone: batches across blocks, and the memory it keeps.

use super::*;
use crate::prim::hint;
use std::thread;

impl<T> Blocks<T> {
    fn put_in(&self, value: T) {
        assert_eq!(self.push(&mut Some(value)), Ok(()));
    }

    /// How many blocks there are: in the list, spare, and put aside. Nobody moves meanwhile.
    fn count_blocks(&self) -> usize {
        let linked = |mut block: *mut Block<T>| {
            let mut count = 0;
            while !block.is_null() {
                count += 1;
                // SAFETY: every block that can be reached lives.
                block = unsafe { &*block }.next.load(Acquire);
            }
            count
        };
        linked(self.head.end.block.load(Acquire))
            + linked(self.spare.load(Acquire))
            + linked(self.aside.load(Acquire))
    }
}

#[test]
fn many_go_in_and_out_a_block_at_a_time() {
    let blocks = Blocks::new();
    let mut into = Vec::new();
    for first in 0..3 * SLOTS {
        let mut values: VecDeque<_> = (0..2 * SLOTS).collect();
        while !values.is_empty() {
            let before = values.len();
            let pushed = blocks.push_many(&mut values).unwrap();
            assert!(pushed > 0 && before - values.len() == pushed);
        }
        assert_eq!(blocks.len(), 2 * SLOTS);
        while into.len() < 2 * SLOTS {
            let popped = blocks.pop_many(&mut into, first + 1).unwrap();
            assert!((1..=first + 1).contains(&popped));
        }
        assert_eq!(into, (0..2 * SLOTS).collect::<Vec<_>>());
        into.clear();
        assert_eq!(blocks.pop_many(&mut into, 1), Err(PopError::Empty));
        // So that the next turn begins at another place.
        blocks.put_in(0);
        assert_eq!(blocks.pop(), Ok(0));
    }
    assert_eq!(blocks.push_many(&mut VecDeque::new()), Ok(0));
    assert_eq!(blocks.pop_many(&mut into, 0), Ok(0));
    blocks.close();
    let mut values = VecDeque::from([1]);
    assert_eq!(blocks.push_many(&mut values), Err(PushError::Closed));
    assert_eq!(blocks.pop_many(&mut into, 1), Err(PopError::Closed));
    assert_eq!(values, [1]);
}

#[test]
fn a_block_that_was_read_is_not_kept_unless_as_the_spare_one() {
    let blocks = Blocks::new();
    assert_eq!(blocks.count_blocks(), 0);
    let values = 1000 * SLOTS;
    for value in 0..values {
        blocks.put_in(value);
    }
    assert_eq!(blocks.count_blocks(), 1001);
    for value in 0..values {
        assert_eq!(blocks.pop(), Ok(value));
    }
    assert_eq!(blocks.count_blocks(), 2);
}

#[test]
fn every_value_comes_out_once_alone_or_with_many() {
    const EACH: usize = 5000;
    let blocks = Blocks::new();
    let (mut all, sent) = thread::scope(|scope| {
        let blocks = &blocks;
        let senders = [
            scope.spawn(move || {
                for value in 0..EACH {
                    blocks.put_in(value);
                }
            }),
            scope.spawn(move || {
                let mut values: VecDeque<_> = (EACH..2 * EACH).collect();
                while !values.is_empty() {
                    blocks.push_many(&mut values).unwrap();
                }
            }),
        ];
        let receivers = [1, 7, 2 * SLOTS].map(|limit| {
            scope.spawn(move || {
                let mut values = Vec::new();
                loop {
                    match blocks.pop_many(&mut values, limit) {
                        Ok(_) => {}
                        Err(PopError::Closed) => return values,
                        Err(_) => hint::yield_now(),
                    }
                }
            })
        });
        let sent = senders.map(|sender| sender.join().is_ok());
        blocks.close();
        let received = receivers.map(|receiver| receiver.join().expect("it does not panic"));
        (received.concat(), sent)
    });
    assert_eq!(sent, [true; 2]);
    all.sort_unstable();
    assert_eq!(all, (0..2 * EACH).collect::<Vec<_>>());
    // Whoever retires the next block frees what a late receiver has kept.
    blocks.tail.position.fetch_and(!CLOSED, AcqRel);
    for value in 0..2 * SLOTS {
        blocks.put_in(value);
        assert_eq!(blocks.pop(), Ok(value));
    }
    assert_eq!(blocks.count_blocks(), 2);
}
