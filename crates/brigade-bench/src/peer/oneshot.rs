//! The crate oneshot: nothing but a channel for one message.

use super::Peer;
use crate::oneshot::{self as table, Oneshot, OneshotTraffic};
use oneshot::{Receiver, Sender, channel};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: "oneshot",
    work: |traffic| Ok(table::work::<Crate>(traffic)),
};

struct Crate;

impl Oneshot for Crate {
    type Sender = Sender<usize>;
    type Receiver = Receiver<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        channel()
    }

    #[inline]
    fn send(sender: Self::Sender, message: usize) -> bool {
        sender.send(message).is_ok()
    }

    #[inline]
    fn recv(receiver: Self::Receiver) -> Option<usize> {
        receiver.recv().ok()
    }
}
