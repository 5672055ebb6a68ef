//! rapidfire: channels for tasks, with a module of its own for one receiver. A thread can send
//! where sending never waits.

use super::{Channels, NO_BLOCKING, PANICS_ON_ZERO, Peer, TASKS_SELECT};
use crate::channel::batches::{MOST, TaskBatches};
use crate::channel::select::{CAPACITY, Selecting, four};
use crate::channel::{
    Between, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver, TaskSender,
    Traffic, Workload,
};
use crate::run::{Absent, Work};
use rapidfire::{Receiver, Sender, bounded, mpsc, unbounded};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Rapidfire::NAME,
    work: |workload| {
        if workload.between != Between::Tasks {
            return Err(NO_BLOCKING);
        }
        let route = workload.route;
        Ok(workload.batches_in_tasks(move || one_receiver(route)))
    },
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: Rapidfire::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        Ok(question.tasks(|| four(|| mpsc::bounded(CAPACITY))))
    },
};

pub(super) struct Rapidfire;

impl Channels for Rapidfire {
    const NAME: &'static str = "rapidfire";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let Workload {
            route,
            between,
            traffic,
            ..
        } = workload;
        if route.capacity == Some(0) {
            return Err(PANICS_ON_ZERO);
        }
        let open_one = move || one_receiver::<M>(route);
        let open_many = move || {
            Ends::cloned(
                route.shape,
                route.capacity.map_or_else(unbounded::<M>, bounded::<M>),
            )
        };
        let one = route.shape.receivers == 1;
        let never_waits = route.capacity.is_none() && traffic == Traffic::Throughput;
        match between {
            Between::Tasks if one => Ok(workload.tasks(open_one)),
            Between::Tasks => Ok(workload.tasks(open_many)),
            Between::ThreadAndTask if never_waits && one => Ok(workload.threads_to_tasks(open_one)),
            Between::ThreadAndTask if never_waits => Ok(workload.threads_to_tasks(open_many)),
            _ => Err(NO_BLOCKING),
        }
    }
}

fn one_receiver<M: Message>(route: Route) -> Ends<Sender<M>, mpsc::Receiver<M>> {
    let capacity = route.capacity;
    Ends::one_receiver(
        route.shape,
        capacity.map_or_else(mpsc::unbounded, mpsc::bounded),
    )
}

// Only of channels without a bound, where it has no reason to refuse.
impl<M: Message> BlockingSender for Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.try_send(message).is_ok()
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

impl<M: Message> TaskReceiver for mpsc::Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv()
    }
}

impl TaskBatches for mpsc::Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.recv_many(batch, MOST).await.is_ok()
    }
}
