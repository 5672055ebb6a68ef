//! A ring of one sender and one receiver that only ever spin, written by hand: what is left of a
//! bounded channel when nobody can wait, wake or see it closed early. No peer, but a floor for
//! the rows it is in. Its slots are atomic words, so it takes the smallest messages alone.

use crate::channel::{Between, BlockingReceiver, BlockingSender, Ends, Shape, Traffic, Workload};
use crate::run::Work;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::thread;

/// Spins before the other thread is given a chance to run on this processor.
const PATIENCE: u32 = 1_000;

/// The ring at work, where a row is one it can run.
pub(super) fn work(workload: Workload) -> Option<Work> {
    let between_two_threads = workload.between == Between::Threads
        && workload.route.shape == Shape::SPSC
        && workload.traffic == Traffic::Throughput;
    let capacity = workload.route.capacity?;
    (between_two_threads && capacity > 1)
        .then(|| workload.threads(move || Ends::single(open(capacity))))
}

/// A line of the cache of its own, and the one beside it that processors fetch with it.
#[repr(align(128))]
struct Padded<T>(T);

struct Ring {
    slots: Box<[AtomicUsize]>,
    /// Messages sent.
    tail: Padded<AtomicUsize>,
    /// Messages received.
    head: Padded<AtomicUsize>,
    closed: AtomicBool,
}

struct Sender {
    ring: Arc<Ring>,
    tail: usize,
    /// `head` as last read.
    head: usize,
}

struct Receiver {
    ring: Arc<Ring>,
    head: usize,
    /// `tail` as last read.
    tail: usize,
}

fn open(capacity: usize) -> (Sender, Receiver) {
    let ring = Arc::new(Ring {
        slots: (0..capacity.next_power_of_two())
            .map(AtomicUsize::new)
            .collect(),
        tail: Padded(AtomicUsize::new(0)),
        head: Padded(AtomicUsize::new(0)),
        closed: AtomicBool::new(false),
    });
    let sender = Sender {
        ring: Arc::clone(&ring),
        tail: 0,
        head: 0,
    };
    (
        sender,
        Receiver {
            ring,
            head: 0,
            tail: 0,
        },
    )
}

impl Ring {
    #[inline]
    fn slot(&self, index: usize) -> &AtomicUsize {
        &self.slots[index & (self.slots.len() - 1)]
    }
}

impl BlockingSender for Sender {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> bool {
        let mut spins = 0;
        while self.tail - self.head == self.ring.slots.len() {
            self.head = self.ring.head.0.load(Acquire);
            if self.tail - self.head == self.ring.slots.len() {
                spin(&mut spins);
            }
        }
        self.ring.slot(self.tail).store(message, Relaxed);
        self.tail += 1;
        self.ring.tail.0.store(self.tail, Release);
        true
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.ring.closed.store(true, Release);
    }
}

impl BlockingReceiver for Receiver {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> Option<usize> {
        let mut spins = 0;
        while self.head == self.tail {
            let closed = self.ring.closed.load(Acquire);
            self.tail = self.ring.tail.0.load(Acquire);
            if self.head == self.tail {
                if closed {
                    return None;
                }
                spin(&mut spins);
            }
        }
        let message = self.ring.slot(self.head).load(Relaxed);
        self.head += 1;
        self.ring.head.0.store(self.head, Release);
        Some(message)
    }
}

#[cold]
fn spin(spins: &mut u32) {
    *spins += 1;
    if spins.is_multiple_of(PATIENCE) {
        thread::yield_now();
    }
    hint::spin_loop();
}
