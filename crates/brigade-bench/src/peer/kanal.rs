//! kanal: the same handles for every shape, one kind for threads and one for tasks, made into
//! each other where threads and tasks meet.

use super::{Channels, Peer, TASKS_SELECT};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::oneshot::{self, Oneshot, OneshotTraffic};
use crate::run::{Absent, Work};
use kanal::{AsyncReceiver, AsyncSender, Receiver, Sender};
use std::iter;

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Kanal::NAME,
    work: |workload| {
        let route = workload.route;
        Ok(match workload.between {
            Between::Threads => {
                workload.batches_in_threads(move || Ends::one_receiver(route.shape, open(route)))
            }
            _ => workload.batches_in_tasks(move || {
                let (sender, receiver) = open(route);
                Ends::one_receiver(route.shape, (sender.to_async(), receiver.to_async()))
            }),
        })
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: "kanal bounded(1)",
    work: |traffic| Ok(oneshot::work::<Bounded1>(traffic)),
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: Kanal::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| kanal::bounded_async(CAPACITY))))
    },
};

pub(super) struct Kanal;

impl Channels for Kanal {
    const NAME: &'static str = "kanal";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let route = workload.route;
        let shape = route.shape;
        Ok(match workload.between {
            Between::Threads => workload.threads(move || Ends::cloned(shape, open::<M>(route))),
            Between::Tasks => workload.tasks(move || {
                let (sender, receiver) = open::<M>(route);
                Ends::cloned(shape, (sender.to_async(), receiver.to_async()))
            }),
            Between::ThreadAndTask | Between::TaskAndThread => workload.mixed(
                move || {
                    let (sender, receiver) = open::<M>(route);
                    Ends::cloned(shape, (sender, receiver.to_async()))
                },
                move || {
                    let (sender, receiver) = open::<M>(route);
                    Ends::cloned(shape, (sender.to_async(), receiver))
                },
            ),
        })
    }
}

fn open<M>(route: Route) -> (Sender<M>, Receiver<M>) {
    route.capacity.map_or_else(kanal::unbounded, kanal::bounded)
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

impl<M: Message> TaskSender for AsyncSender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<M: Message> TaskReceiver for AsyncReceiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        match self.drain_into(batch) {
            Ok(0) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
        fill(batch, self.recv().ok(), iter::empty())
    }
}

impl TaskBatches for AsyncReceiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        match self.drain_into(batch) {
            Ok(0) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
        fill(batch, self.recv().await.ok(), iter::empty())
    }
}

struct Bounded1;

impl Oneshot for Bounded1 {
    type Sender = Sender<usize>;
    type Receiver = Receiver<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        kanal::bounded(1)
    }

    #[inline]
    fn send(sender: Self::Sender, message: usize) -> bool {
        sender.send(message).is_ok()
    }

    #[inline]
    fn recv(receiver: Self::Receiver) -> Option<usize> {
        receiver.recv().ok()
    }
}
