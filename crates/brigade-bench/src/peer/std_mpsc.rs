//! The channels of the standard library: one receiver, threads only, two kinds of sender.

use super::ChannelPeer;
use crate::channel::{BlockingReceiver, BlockingSender, Ends, Route, Shape, Traffic, threads};
use crate::run::{Absent, Work};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "std mpsc",
    threads,
    tasks: |_, _| Err(Absent("its channels have no async side")),
};

fn threads(route: Route, traffic: Traffic) -> Result<Work, Absent> {
    let Route { shape, capacity } = route;
    if shape == Shape::Mpmc {
        return Err(Absent("its channels have one receiver"));
    }
    Ok(match capacity {
        Some(capacity) => threads::work(traffic, move || {
            Ends::one_receiver(shape, sync_channel(capacity))
        }),
        None => threads::work(traffic, move || Ends::one_receiver(shape, channel())),
    })
}

impl BlockingSender for SyncSender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
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
