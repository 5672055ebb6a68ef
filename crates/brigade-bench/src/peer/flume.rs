//! flume: the same handles for every shape, for threads and for tasks.

use super::ChannelPeer;
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, TaskReceiver, TaskSender, tasks,
    threads,
};
use flume::{Receiver, Sender, bounded, unbounded};

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "flume",
    threads: |route, traffic| Ok(threads::work(traffic, move || open(route))),
    tasks: |route, traffic| Ok(tasks::work(traffic, move || open(route))),
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

impl TaskSender for Sender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send_async(message)
    }
}

impl TaskReceiver for Receiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv_async()
    }
}
