//! crossfire: a module of types for each number of ends, and in each of them other types for
//! bounded, unbounded, threads and tasks. Its users pick the narrowest that fits, and so do we.
//! It makes a capacity of 1 a channel with two slots.

use super::Channels;
use crate::channel::{
    Between, BlockingReceiver, BlockingSender, Ends, Message, Received, Sent, TaskReceiver,
    TaskSender, Workload,
};
use crate::run::{Absent, Work};
use crossfire::flavor::Flavor;
use crossfire::{
    AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MRx, MTx, Rx, Tx, detect_backoff_cfg, mpmc, mpsc, spsc,
};
use std::future::ready;

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
