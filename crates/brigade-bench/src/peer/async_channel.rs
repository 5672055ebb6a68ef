//! async-channel: the same handles for every shape, for tasks, with blocking calls for threads.

use super::ChannelPeer;
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, TaskReceiver, TaskSender, tasks,
    threads,
};
use async_channel::{Receiver, Sender, bounded, unbounded};

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "async-channel",
    threads: |route, traffic| Ok(threads::work(traffic, move || open(route))),
    tasks: |route, traffic| Ok(tasks::work(traffic, move || open(route))),
};

fn open(route: Route) -> Ends<Sender<usize>, Receiver<usize>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

impl BlockingSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send_blocking(message).is_ok()
    }
}

impl BlockingReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv_blocking().ok()
    }
}

impl TaskSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl TaskReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}
