//! crossfire: a module of types for each number of ends, and in each of them other types for
//! bounded, unbounded, threads and tasks. Its users pick the narrowest that fits, and so do we.
//! It makes a capacity of 1 a channel with two slots.

use super::{Channels, Peer, TASKS_SELECT, THREADS_SELECT};
use crate::channel::batches::{BlockingBatches, TaskBatches, fill};
use crate::channel::select::{CAPACITY, Selecting, WIDTH, four};
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Route, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::oneshot::{self, Oneshot, OneshotTraffic};
use crate::run::{Absent, Work};
use crate::tally::Tally;
use crossfire::flavor::Flavor;
use crossfire::oneshot::{RxOneshot, TxOneshot};
use crossfire::select::{Multiplex, Mux, Select};
use crossfire::{
    AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MRx, MTx, Rx, Tx, detect_backoff_cfg, mpmc, mpsc, spsc,
};
use std::{future::ready, iter};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: Crossfire::NAME,
    work: |workload| {
        detect_backoff_cfg();
        let Route { shape, capacity } = workload.route;
        let in_threads = workload.between == Between::Threads;
        Ok(match capacity {
            Some(capacity) if in_threads => workload.batches_in_threads(move || {
                Ends::one_receiver(shape, mpsc::bounded_blocking(capacity))
            }),
            None if in_threads => workload
                .batches_in_threads(move || Ends::one_receiver(shape, mpsc::unbounded_blocking())),
            Some(capacity) => workload
                .batches_in_tasks(move || Ends::one_receiver(shape, mpsc::bounded_async(capacity))),
            None => workload
                .batches_in_tasks(move || Ends::one_receiver(shape, mpsc::unbounded_async())),
        })
    },
};

pub(super) const ONESHOT: Peer<OneshotTraffic> = Peer {
    name: "crossfire oneshot",
    work: |traffic| Ok(oneshot::work::<OneshotOfIt>(traffic)),
};

pub(super) const SELECT: Peer<Selecting> = Peer {
    name: "crossfire Select",
    work: |question| {
        if question.in_tasks {
            return Err(THREADS_SELECT);
        }
        detect_backoff_cfg();
        let open = || four(|| spsc::bounded_blocking(CAPACITY));
        Ok(question.threads(open, select))
    },
};

pub(super) const MULTIPLEX: Peer<Selecting> = Peer {
    name: "crossfire Multiplex",
    work: |question| {
        if question.in_tasks {
            return Err(THREADS_SELECT);
        }
        detect_backoff_cfg();
        Ok(question.threads(multiplex, |receiver, tally| {
            while let Ok(message) = receiver.recv() {
                tally.add(message);
            }
        }))
    },
};

pub(super) const TOKIO_SELECT: Peer<Selecting> = Peer {
    name: Crossfire::NAME,
    work: |question| {
        if !question.in_tasks {
            return Err(TASKS_SELECT);
        }
        detect_backoff_cfg();
        Ok(question.tasks(|| four(|| spsc::bounded_async(CAPACITY))))
    },
};

pub(super) struct Crossfire;

impl Channels for Crossfire {
    const NAME: &'static str = "crossfire";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        // Its documentation asks programs to call this once when they start.
        detect_backoff_cfg();
        let capacity = workload.route.capacity;
        if capacity == Some(0) {
            return Err(Absent("it makes a capacity of 0 a 1"));
        }
        Ok(match capacity {
            Some(capacity) => bounded::<M>(workload, capacity),
            None => unbounded::<M>(workload),
        })
    }
}

/// The narrowest module for a shape.
enum Module {
    Spsc,
    Mpsc,
    Mpmc,
}

fn module(workload: &Workload) -> Module {
    let shape = workload.route.shape;
    match (shape.senders, shape.receivers) {
        (1, 1) => Module::Spsc,
        (_, 1) => Module::Mpsc,
        _ => Module::Mpmc,
    }
}

fn bounded<M: Message>(workload: Workload, capacity: usize) -> Work {
    let shape = workload.route.shape;
    match (module(&workload), workload.between) {
        (Module::Spsc, Between::Threads) => {
            workload.threads(move || Ends::single(spsc::bounded_blocking::<M>(capacity)))
        }
        (Module::Spsc, Between::Tasks) => {
            workload.tasks(move || Ends::single(spsc::bounded_async::<M>(capacity)))
        }
        (Module::Spsc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::single(spsc::bounded_blocking_async::<M>(capacity)),
            move || Ends::single(spsc::bounded_async_blocking::<M>(capacity)),
        ),
        (Module::Mpsc, Between::Threads) => workload
            .threads(move || Ends::one_receiver(shape, mpsc::bounded_blocking::<M>(capacity))),
        (Module::Mpsc, Between::Tasks) => {
            workload.tasks(move || Ends::one_receiver(shape, mpsc::bounded_async::<M>(capacity)))
        }
        (Module::Mpsc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::one_receiver(shape, mpsc::bounded_blocking_async::<M>(capacity)),
            move || Ends::one_receiver(shape, mpsc::bounded_async_blocking::<M>(capacity)),
        ),
        (Module::Mpmc, Between::Threads) => {
            workload.threads(move || Ends::cloned(shape, mpmc::bounded_blocking::<M>(capacity)))
        }
        (Module::Mpmc, Between::Tasks) => {
            workload.tasks(move || Ends::cloned(shape, mpmc::bounded_async::<M>(capacity)))
        }
        (Module::Mpmc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::cloned(shape, mpmc::bounded_blocking_async::<M>(capacity)),
            move || Ends::cloned(shape, mpmc::bounded_async_blocking::<M>(capacity)),
        ),
    }
}

fn unbounded<M: Message>(workload: Workload) -> Work {
    let shape = workload.route.shape;
    match (module(&workload), workload.between) {
        (Module::Spsc, Between::Threads) => {
            workload.threads(move || Ends::single(spsc::unbounded_blocking::<M>()))
        }
        (Module::Spsc, Between::Tasks) => {
            workload.tasks(move || Ends::single(spsc::unbounded_async::<M>()))
        }
        (Module::Spsc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::single(spsc::unbounded_async::<M>()),
            move || Ends::single(spsc::unbounded_blocking::<M>()),
        ),
        (Module::Mpsc, Between::Threads) => {
            workload.threads(move || Ends::one_receiver(shape, mpsc::unbounded_blocking::<M>()))
        }
        (Module::Mpsc, Between::Tasks) => {
            workload.tasks(move || Ends::one_receiver(shape, mpsc::unbounded_async::<M>()))
        }
        (Module::Mpsc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::one_receiver(shape, mpsc::unbounded_async::<M>()),
            move || Ends::one_receiver(shape, mpsc::unbounded_blocking::<M>()),
        ),
        (Module::Mpmc, Between::Threads) => {
            workload.threads(move || Ends::cloned(shape, mpmc::unbounded_blocking::<M>()))
        }
        (Module::Mpmc, Between::Tasks) => {
            workload.tasks(move || Ends::cloned(shape, mpmc::unbounded_async::<M>()))
        }
        (Module::Mpmc, Between::ThreadAndTask | Between::TaskAndThread) => workload.mixed(
            move || Ends::cloned(shape, mpmc::unbounded_async::<M>()),
            move || Ends::cloned(shape, mpmc::unbounded_blocking::<M>()),
        ),
    }
}

type Slots = spsc::Array<usize>;

fn select(receivers: [Rx<Slots>; WIDTH], tally: &mut Tally) {
    let mut select = Select::new();
    for receiver in &receivers {
        select.add(receiver);
    }
    while let Ok(ready) = select.select() {
        let from = receivers.iter().find(|receiver| ready.is_from(*receiver));
        let from = from.expect("it comes from one of those added");
        match from.read_select(ready) {
            Ok(message) => tally.add(message),
            Err(_) => select.remove(from),
        }
    }
}

fn multiplex() -> ([Tx<Mux<Slots>>; WIDTH], Multiplex<Slots>) {
    let mut multiplex = Multiplex::new();
    let senders = [(); WIDTH].map(|()| multiplex.bounded_tx(CAPACITY));
    (senders, multiplex)
}

impl<F: Flavor<Item: Message> + 'static> BlockingSender for Tx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> bool {
        self.send(message).is_ok()
    }
}

impl<F: Flavor<Item: Message> + 'static> BlockingSender for MTx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> bool {
        self.send(message).is_ok()
    }
}

impl<F: Flavor<Item: Message> + 'static> BlockingReceiver for Rx<F> {
    type Message = F::Item;

    #[inline]
    fn take(&mut self) -> Option<F::Item> {
        self.recv().ok()
    }
}

impl<F: Flavor<Item: Message> + 'static> BlockingReceiver for MRx<F> {
    type Message = F::Item;

    #[inline]
    fn take(&mut self) -> Option<F::Item> {
        self.recv().ok()
    }
}

impl<F: Flavor<Item: Message> + 'static> TaskSender for AsyncTx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<F: Flavor<Item: Message> + 'static> TaskSender for MAsyncTx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

// An unbounded channel never makes its sender wait, so its async module has plain senders.
impl<F: Flavor<Item: Message> + 'static> TaskSender for Tx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl<F: Flavor<Item: Message> + 'static> TaskSender for MTx<F> {
    type Message = F::Item;

    #[inline]
    fn put(&mut self, message: F::Item) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl<F: Flavor<Item: Message> + 'static> TaskReceiver for AsyncRx<F> {
    type Message = F::Item;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<F::Item>> + Send {
        self.recv()
    }
}

impl<F: Flavor<Item: Message> + 'static> TaskReceiver for MAsyncRx<F> {
    type Message = F::Item;

    #[inline]
    fn take(&mut self) -> impl Future<Output: Received<F::Item>> + Send {
        self.recv()
    }
}

impl<F: Flavor<Item = usize> + 'static> BlockingBatches for Rx<F> {
    #[inline]
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().ok();
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskBatches for AsyncRx<F> {
    #[inline]
    async fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool {
        let first = self.recv().await.ok();
        fill(batch, first, iter::from_fn(|| self.try_recv().ok()))
    }
}

struct OneshotOfIt;

impl Oneshot for OneshotOfIt {
    type Sender = TxOneshot<usize>;
    type Receiver = RxOneshot<usize>;

    #[inline]
    fn open() -> (Self::Sender, Self::Receiver) {
        crossfire::oneshot::oneshot()
    }

    #[inline]
    fn send(sender: Self::Sender, message: usize) -> bool {
        sender.send(message);
        true
    }

    #[inline]
    fn recv(receiver: Self::Receiver) -> Option<usize> {
        receiver.recv().ok()
    }
}
