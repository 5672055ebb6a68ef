//! What the oneshot rows need from a peer, and their two workloads: a channel for one message made,
//! used and gone, within one thread and between an asking thread and one that answers.

use crate::cpu_time;
use crate::run::{Load, Run, Work};
use crate::stage::{Gate, Stage};
use crate::tally::{BATCH, Tally, settle};
use std::hint;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::sync::{Arc, Mutex};
use std::thread;

/// Looks into the empty letter box before the asking thread is given this processor.
const PATIENCE: u32 = 1_000;

/// What to do with the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OneshotTraffic {
    /// Make one, send, receive, all in one thread.
    OneThread,
    /// Make one, give its sender to a thread that answers, wait for the answer. The sender goes
    /// there through a letter box that costs every contestant the same.
    Server,
}

/// A channel for one message, used as the users of the peer use it.
pub(crate) trait Oneshot: 'static {
    type Sender: Send + 'static;
    type Receiver;

    fn open() -> (Self::Sender, Self::Receiver);
    /// False if the receiver is gone.
    fn send(sender: Self::Sender, message: usize) -> bool;
    /// `None` if the sender is gone.
    fn recv(receiver: Self::Receiver) -> Option<usize>;
}

/// Makes the work that a peer's channels are to do.
pub(crate) fn work<O: Oneshot>(traffic: OneshotTraffic) -> Work {
    match traffic {
        OneshotTraffic::OneThread => Box::new(one_thread::<O>),
        OneshotTraffic::Server => Box::new(server::<O>),
    }
}

fn one_thread<O: Oneshot>(load: Load) -> Result<Run, String> {
    let cpu = cpu_time::process();
    let (mut sent, mut received) = (Tally::start(), Tally::start());
    for number in 0..load.ops {
        if number % BATCH == BATCH - 1 && sent.expired(load.limit) {
            break;
        }
        let (sender, receiver) = O::open();
        assert!(O::send(sender, number), "the receiver is gone");
        sent.add(number);
        received.add(O::recv(receiver).ok_or("the sender is gone")?);
    }
    let received = received.stop();
    settle(load.ops, &[sent], &[received], cpu_time::process() - cpu)
}

fn server<O: Oneshot>(load: Load) -> Result<Run, String> {
    let stage = Stage::threads();
    let gate = Gate::new(2);
    let letters = Arc::new(LetterBox::<(usize, O::Sender)>::new());
    let at_server = Arc::clone(&letters);
    let server = stage.thread(&gate, move |mut tally| {
        while let Some((question, sender)) = at_server.take() {
            assert!(O::send(sender, question), "the client is gone");
            tally.add(question);
        }
        tally.stop()
    });
    let client = stage.thread(&gate, move |mut tally| {
        for question in 0..load.ops {
            if question % BATCH == BATCH - 1 && tally.expired(load.limit) {
                break;
            }
            let (sender, receiver) = O::open();
            letters.put((question, sender));
            tally.add(O::recv(receiver).expect("the server answers"));
        }
        letters.close();
        tally.stop()
    });
    let cpu = stage.open(&gate);
    let received = stage.join(vec![client])?;
    let cpu = cpu_time::process() - cpu;
    let sent = stage.join(vec![server])?;
    settle(load.ops, &sent, &received, cpu)
}

/// Room for one letter. Whoever takes it spins until there is one; whoever puts one in knows that
/// the last has been taken, because it has been answered.
struct LetterBox<T> {
    letter: Mutex<Option<T>>,
    full: AtomicBool,
    closed: AtomicBool,
}

impl<T> LetterBox<T> {
    fn new() -> Self {
        Self {
            letter: Mutex::new(None),
            full: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    fn put(&self, letter: T) {
        *self.letter.lock().expect("nobody panics here") = Some(letter);
        self.full.store(true, Release);
    }

    fn take(&self) -> Option<T> {
        let mut looks = 0;
        while !self.full.load(Acquire) {
            if self.closed.load(Acquire) {
                return None;
            }
            looks += 1;
            if looks % PATIENCE == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
        self.full.store(false, Release);
        self.letter.lock().expect("nobody panics here").take()
    }

    fn close(&self) {
        self.closed.store(true, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::LetterBox;

    #[test]
    fn a_letter_is_taken_once_and_none_after_the_end() {
        let letters = LetterBox::new();
        letters.put("letter");
        assert_eq!(letters.take(), Some("letter"));
        letters.close();
        assert_eq!(letters.take(), None);
    }
}
