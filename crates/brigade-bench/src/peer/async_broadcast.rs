//! async-broadcast: the same handles for threads and tasks; a sender waits for the slowest
//! receiver. The calls that allocate no future.

use super::Peer;
use crate::channel::broadcast::{Broadcasting, CAPACITY, LISTENERS};
use crate::channel::{BlockingReceiver, BlockingSender, Received, Sent, TaskReceiver, TaskSender};
use async_broadcast::{Receiver, Sender, broadcast};

pub(super) const BROADCAST: Peer<Broadcasting> = Peer {
    name: "async-broadcast",
    work: |question| {
        Ok(question.anywhere(|| {
            let (sender, receiver) = broadcast(CAPACITY);
            (sender, vec![receiver; LISTENERS])
        }))
    },
};

impl BlockingSender for Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.broadcast_blocking(message).is_ok()
    }
}

impl BlockingReceiver for Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv_blocking().ok()
    }
}

impl TaskSender for Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.broadcast_direct(message)
    }
}

impl TaskReceiver for Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<usize>> + Send {
        self.recv_direct()
    }
}
