//! flume: the same handles for every shape, for threads and for tasks.

use super::{Channels, Peer, TASKS_SELECT, THREADS_SELECT};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, WIDTH, four};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use crate::tally::Tally;
use flume::{Receiver, Selector, Sender, bounded, unbounded};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Flume::NAME,
    work: |workload| {
        let route = workload.route;
        Ok(workload.batches_anywhere(move || open(route)))
    },
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: Flume::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| bounded(CAPACITY))))
    },
};

pub(super) const SELECTOR: Peer<Selecting> = Peer {
    name: "flume Selector",
    work: |question| {
        if question.in_tasks {
            return Err(THREADS_SELECT);
        }
        Ok(question.threads(|| four(|| bounded(CAPACITY)), select))
    },
};

pub(super) struct Flume;

impl Channels for Flume {
    const NAME: &'static str = "flume";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let route = workload.route;
        Ok(workload.anywhere(move || open::<M>(route)))
    }
}

fn open<M: Message>(route: Route) -> Ends<Sender<M>, Receiver<M>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

/// Its selector is used up by one wait.
fn select(receivers: [Receiver<usize>; WIDTH], tally: &mut Tally) {
    let mut receivers = Vec::from(receivers);
    while !receivers.is_empty() {
        let mut selector = Selector::new();
        for (index, receiver) in receivers.iter().enumerate() {
            selector = selector.recv(receiver, move |received| (index, received));
        }
        match selector.wait() {
            (_, Ok(message)) => tally.add(message),
            (closed, Err(_)) => drop(receivers.remove(closed)),
        }
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

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().ok();
        fill(batch, first, self.try_iter())
    }
}

impl TaskBatches for Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv_async().await.ok();
        fill(batch, first, self.try_iter())
    }
}
