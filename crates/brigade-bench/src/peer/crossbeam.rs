//! crossbeam-channel: the same handles for every shape, threads only.

use super::ChannelPeer;
use crate::channel::{BlockingReceiver, BlockingSender, Ends, Route, threads};
use crate::run::Absent;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "crossbeam",
    threads: |route, traffic| Ok(threads::work(traffic, move || open(route))),
    tasks: |_, _| Err(Absent("its channels have no async side")),
};

fn open(route: Route) -> Ends<Sender<usize>, Receiver<usize>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

impl BlockingSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl BlockingReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv().ok()
    }
}
