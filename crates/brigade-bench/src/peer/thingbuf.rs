//! thingbuf: bounded channels with one receiver, one module of types for threads and one for
//! tasks, which never meet. Messages are passed by value, as in every other channel here.

use super::{Channels, NO_UNBOUNDED, ONE_RECEIVER, PANICS_ON_ZERO};
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use thingbuf::mpsc::{self, blocking};

pub(super) struct Thingbuf;

impl Channels for Thingbuf {
    const NAME: &'static str = "thingbuf";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let shape = workload.route.shape;
        if shape.receivers > 1 {
            return Err(ONE_RECEIVER);
        }
        let capacity = match workload.route.capacity {
            None => return Err(NO_UNBOUNDED),
            Some(0) => return Err(PANICS_ON_ZERO),
            Some(capacity) => capacity,
        };
        match workload.between {
            Between::Threads => Ok(workload
                .threads(move || Ends::one_receiver(shape, blocking::channel::<M>(capacity)))),
            Between::Tasks => {
                Ok(workload.tasks(move || Ends::one_receiver(shape, mpsc::channel::<M>(capacity))))
            }
            Between::ThreadAndTask | Between::TaskAndThread => {
                Err(Absent("its channels have threads or tasks at both ends"))
            }
        }
    }
}

impl<M: Message> BlockingSender for blocking::Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.send(message).is_ok()
    }
}

impl<M: Message> BlockingReceiver for blocking::Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.recv()
    }
}

impl<M: Message> TaskSender for mpsc::Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<M: Message> TaskReceiver for mpsc::Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}
