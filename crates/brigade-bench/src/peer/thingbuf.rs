//! thingbuf: bounded channels with one receiver, one module of types for threads and one for
//! tasks, which never meet. Messages are passed by value, as in every other channel here.

use super::{Channels, NO_UNBOUNDED, ONE_RECEIVER, PANICS_ON_ZERO, Peer, TASKS_SELECT};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use std::iter;
use thingbuf::mpsc::{self, blocking};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Thingbuf::NAME,
    work: |workload| {
        let Route { shape, capacity } = workload.route;
        let capacity = capacity.ok_or(NO_UNBOUNDED)?;
        Ok(match workload.between {
            Between::Threads => workload
                .batches_in_threads(move || Ends::one_receiver(shape, blocking::channel(capacity))),
            _ => workload
                .batches_in_tasks(move || Ends::one_receiver(shape, mpsc::channel(capacity))),
        })
    },
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: Thingbuf::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| mpsc::channel(CAPACITY))))
    },
};

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

impl BlockingBatches for blocking::Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv();
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}

impl TaskBatches for mpsc::Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().await;
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}
