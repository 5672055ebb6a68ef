//! kanal: the same handles for every shape, one kind for threads and one for tasks.

use super::ChannelPeer;
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, TaskReceiver, TaskSender, tasks,
    threads,
};
use kanal::{AsyncReceiver, AsyncSender, Receiver, Sender};

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "kanal",
    threads: |route, traffic| Ok(threads::work(traffic, move || open(route))),
    tasks: |route, traffic| Ok(tasks::work(traffic, move || open_async(route))),
};

fn open(route: Route) -> Ends<Sender<usize>, Receiver<usize>> {
    let channel = route.capacity.map_or_else(kanal::unbounded, kanal::bounded);
    Ends::cloned(route.shape, channel)
}

fn open_async(route: Route) -> Ends<AsyncSender<usize>, AsyncReceiver<usize>> {
    let channel = route
        .capacity
        .map_or_else(kanal::unbounded_async, kanal::bounded_async);
    Ends::cloned(route.shape, channel)
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

impl TaskSender for AsyncSender<usize> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl TaskReceiver for AsyncReceiver<usize> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}
