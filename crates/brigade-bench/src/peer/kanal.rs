//! kanal: the same handles for every shape, one kind for threads and one for tasks, made into
//! each other where threads and tasks meet.

use super::Channels;
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use kanal::{AsyncReceiver, AsyncSender, Receiver, Sender};

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
