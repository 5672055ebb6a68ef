//! Ours: the same handles for every shape, for threads and for tasks.

use super::{Channels, OURS, Peer};
use crate::channel::batches::{BlockingBatches, MOST, TaskBatches};
use crate::channel::broadcast::{self, Broadcasting, LISTENERS};
use crate::channel::select::{CAPACITY, Selecting, WIDTH, four};
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, Shape, TaskReceiver,
    TaskSender, Workload,
};
use crate::oneshot::{self, Oneshot, OneshotTraffic};
use crate::run::{Absent, Work};
use crate::tally::Tally;
use brigade::channel::{self, Receiver, RecvError, Sender, bounded, never, unbounded};
use brigade::select::Select;
use brigade::{select, select_async};
use std::future::ready;

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: OURS,
    work: |workload| {
        let route = workload.route;
        Ok(workload.batches_anywhere(move || open(route)))
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: OURS,
    work: |traffic| Ok(oneshot::work::<Oneshots>(traffic)),
};

pub(super) const SELECT: Peer<Selecting> = Peer {
    name: OURS,
    work: |question| {
        let open = || four(|| bounded(CAPACITY));
        Ok(if question.in_tasks {
            question.tasks_by(open, select_in_task)
        } else {
            question.threads(open, select_in_thread)
        })
    },
};

/// One select for all waits, made anew when a channel closes.
pub(super) const KEPT_SELECT: Peer<Selecting> = Peer {
    name: "brigade Select",
    work: |question| {
        let open = || four(|| bounded(CAPACITY));
        Ok(if question.in_tasks {
            question.tasks_by(open, kept_select_in_task)
        } else {
            question.threads(open, kept_select_in_thread)
        })
    },
};

pub(super) const BROADCAST: Peer<Broadcasting> = Peer {
    name: OURS,
    work: |question| {
        Ok(question.anywhere(|| {
            let (sender, receiver) = channel::broadcast(broadcast::CAPACITY);
            (sender, vec![receiver; LISTENERS])
        }))
    },
};

pub(super) struct Brigade;

impl Channels for Brigade {
    const NAME: &'static str = OURS;

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let route = workload.route;
        Ok(workload.anywhere(move || open::<M>(route)))
    }
}

fn select_in_thread(receivers: [Receiver<usize>; WIDTH], tally: &mut Tally) {
    let [mut a, mut b, mut c, mut d] = receivers;
    let mut open = WIDTH;
    let mut take = |received: Result<usize, RecvError>, from: &mut Receiver<usize>| {
        match received {
            Ok(message) => tally.add(message),
            Err(_) => *from = never(),
        }
        usize::from(received.is_err())
    };
    while open > 0 {
        open -= select! {
            recv(a) -> received => take(received, &mut a),
            recv(b) -> received => take(received, &mut b),
            recv(c) -> received => take(received, &mut c),
            recv(d) -> received => take(received, &mut d),
        };
    }
}

async fn select_in_task(receivers: [Receiver<usize>; WIDTH], mut tally: Tally) -> Tally {
    let [mut a, mut b, mut c, mut d] = receivers;
    let mut open = WIDTH;
    let mut take = |received: Result<usize, RecvError>, from: &mut Receiver<usize>| {
        match received {
            Ok(message) => tally.add(message),
            Err(_) => *from = never(),
        }
        usize::from(received.is_err())
    };
    while open > 0 {
        open -= select_async! {
            recv(a) -> received => take(received, &mut a),
            recv(b) -> received => take(received, &mut b),
            recv(c) -> received => take(received, &mut c),
            recv(d) -> received => take(received, &mut d),
        };
    }
    tally.stop()
}

fn kept_select_in_thread(mut receivers: [Receiver<usize>; WIDTH], tally: &mut Tally) {
    for _ in 0..WIDTH {
        let [a, b, c, d] = &receivers;
        let mut select = Select::new()
            .recv(a, |message| (0, message))
            .recv(b, |message| (1, message))
            .recv(c, |message| (2, message))
            .recv(d, |message| (3, message));
        let closed = loop {
            match select.wait().expect("it has arms") {
                (_, Ok(message)) => tally.add(message),
                (from, Err(_)) => break from,
            }
        };
        drop(select);
        receivers[closed] = never();
    }
}

async fn kept_select_in_task(mut receivers: [Receiver<usize>; WIDTH], mut tally: Tally) -> Tally {
    for _ in 0..WIDTH {
        let [a, b, c, d] = &receivers;
        let mut select = Select::new()
            .recv(a, |message| (0, message))
            .recv(b, |message| (1, message))
            .recv(c, |message| (2, message))
            .recv(d, |message| (3, message));
        let closed = loop {
            match select.wait_async().await.expect("it has arms") {
                (_, Ok(message)) => tally.add(message),
                (from, Err(_)) => break from,
            }
        };
        drop(select);
        receivers[closed] = never();
    }
    tally.stop()
}

fn open<M: Message>(route: Route) -> Ends<Sender<M>, Receiver<M>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

/// The channel that is made for one sender and one receiver.
pub(super) struct Spsc;

impl Channels for Spsc {
    const NAME: &'static str = "brigade spsc";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let Route { shape, capacity } = workload.route;
        match capacity {
            Some(capacity) if capacity > 0 && shape == Shape::SPSC => {
                Ok(workload.anywhere(move || Ends::single(channel::spsc::<M>(capacity))))
            }
            _ => Err(Absent("it has one sender, one receiver and room")),
        }
    }
}

impl<M: Message> BlockingSender for channel::spsc::Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.send(message).is_ok()
    }
}

impl<M: Message> BlockingReceiver for channel::spsc::Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> Option<M> {
        self.recv().ok()
    }
}

impl<M: Message> TaskSender for channel::spsc::Sender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> impl Future<Output: Sent> + Send {
        self.send_async(message)
    }
}

impl<M: Message> TaskReceiver for channel::spsc::Receiver<M> {
    type Message = M;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<M>> + Send {
        self.recv_async()
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
        self.recv_many(batch, MOST).is_ok()
    }
}

impl TaskBatches for Receiver<usize> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        self.recv_many_async(batch, MOST).await.is_ok()
    }
}

struct Oneshots;

impl Oneshot for Oneshots {
    type Sender = channel::oneshot::Sender<usize>;
    type Receiver = channel::oneshot::Receiver<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        channel::oneshot()
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

impl BlockingSender for channel::broadcast::Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl BlockingReceiver for channel::broadcast::Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv().ok()
    }
}

impl TaskSender for channel::broadcast::Sender<usize> {
    type Message = usize;

    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl TaskReceiver for channel::broadcast::Receiver<usize> {
    type Message = usize;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<usize>> + Send {
        self.recv_async()
    }
}
