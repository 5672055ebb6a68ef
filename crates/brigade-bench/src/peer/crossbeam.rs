//! crossbeam-channel: the same handles for every shape, threads only.

use super::{Channels, NO_ASYNC, Peer};
use crate::channel::batches::{BlockingBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, WIDTH, four};
use crate::channel::{Between, BlockingReceiver, BlockingSender, Ends, Message, Route, Workload};
use crate::oneshot::{self, Oneshot, OneshotTraffic};
use crate::run::{Absent, Work};
use crate::tally::Tally;
use crossbeam_channel::{Receiver, RecvError, Select, Sender, bounded, never, select, unbounded};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Crossbeam::NAME,
    work: |workload| {
        if workload.between != Between::Threads {
            return Err(NO_ASYNC);
        }
        let route = workload.route;
        Ok(workload.batches_in_threads(move || open(route)))
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: "crossbeam bounded(1)",
    work: |traffic| Ok(oneshot::work::<Bounded1>(traffic)),
};

pub(super) const SELECT: Peer<Selecting> = Peer {
    name: "crossbeam Select",
    work: |question| selecting(question, select),
};

pub(super) const SELECT_MACRO: Peer<Selecting> = Peer {
    name: "crossbeam select!",
    work: |question| selecting(question, select_macro),
};

fn selecting(
    question: Selecting,
    drain: fn([Receiver<usize>; WIDTH], &mut Tally),
) -> Result<Work, Absent> {
    if question.in_tasks {
        return Err(NO_ASYNC);
    }
    Ok(question.threads(|| four(|| bounded(CAPACITY)), drain))
}

pub(super) struct Crossbeam;

impl Channels for Crossbeam {
    const NAME: &'static str = "crossbeam";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        if workload.between != Between::Threads {
            return Err(NO_ASYNC);
        }
        let route = workload.route;
        Ok(workload.threads(move || open::<M>(route)))
    }
}

fn open<M: Message>(route: Route) -> Ends<Sender<M>, Receiver<M>> {
    Ends::cloned(route.shape, route.capacity.map_or_else(unbounded, bounded))
}

fn select(receivers: [Receiver<usize>; WIDTH], tally: &mut Tally) {
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let mut open = WIDTH;
    while open > 0 {
        let ready = select.select();
        let index = ready.index();
        match ready.recv(&receivers[index]) {
            Ok(message) => tally.add(message),
            Err(_) => {
                select.remove(index);
                open -= 1;
            }
        }
    }
}

fn select_macro(receivers: [Receiver<usize>; WIDTH], tally: &mut Tally) {
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

impl BlockingBatches for Receiver<usize> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().ok();
        fill(batch, first, self.try_iter())
    }
}

struct Bounded1;

impl Oneshot for Bounded1 {
    type Sender = Sender<usize>;
    type Receiver = Receiver<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        bounded(1)
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
