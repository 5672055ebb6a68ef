//! async-channel: the same handles for every shape, for tasks, with blocking calls for threads.

use super::{Channels, PANICS_ON_ZERO};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Sent, TaskReceiver, TaskSender,
    Workload,
};
use crate::run::{Absent, Work};
use async_channel::{Receiver, Sender, bounded, unbounded};

pub(super) struct AsyncChannel;

impl Channels for AsyncChannel {
    const NAME: &'static str = "async-channel";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        if workload.route.capacity == Some(0) {
            return Err(PANICS_ON_ZERO);
        }
        let route = workload.route;
        Ok(workload.anywhere(move || {
            Ends::cloned(
                route.shape,
                route.capacity.map_or_else(unbounded::<M>, bounded::<M>),
            )
        }))
    }
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
