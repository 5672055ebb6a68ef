//! flume: the same handles for every shape, for threads and for tasks.

use super::Channels;
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Sent, TaskReceiver, TaskSender,
    Workload,
};
use crate::run::{Absent, Work};
use flume::{Receiver, Sender, bounded, unbounded};

pub(super) struct Flume;

impl Channels for Flume {
    const NAME: &'static str = "flume";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
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
        self.send(message).is_ok()
    }
}

impl<M: Message> BlockingReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.recv().ok()
    }
}

impl<M: Message> TaskSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send_async(message)
    }
}

impl<M: Message> TaskReceiver for Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv_async()
    }
}
