//! async-channel: the same handles for every shape, for tasks, with blocking calls for threads.

use super::{Channels, PANICS_ON_ZERO, Peer, TASKS_SELECT};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use async_channel::{Receiver, Sender, bounded, unbounded};
use std::iter;

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: AsyncChannel::NAME,
    work: |workload| {
        let route = workload.route;
        Ok(workload.batches_anywhere(move || open(route)))
    },
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: AsyncChannel::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| bounded(CAPACITY))))
    },
};

pub(super) struct AsyncChannel;

impl Channels for AsyncChannel {
    const NAME: &'static str = "async-channel";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        if workload.route.capacity == Some(0) {
            return Err(PANICS_ON_ZERO);
        }
        let route = workload.route;
        Ok(workload.anywhere(move || open::<M>(route)))
    }
}

fn open<M: Message>(route: Route) -> Ends<Sender<M>, Receiver<M>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

impl<M: Message> BlockingSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.send_blocking(message).is_ok()
    }
}

impl<M: Message> BlockingReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.recv_blocking().ok()
    }
}

impl<M: Message> TaskSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<M: Message> TaskReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv_blocking().ok();
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}

impl TaskBatches for Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().await.ok();
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}
