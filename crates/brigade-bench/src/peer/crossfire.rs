//! crossfire: a module of types for each number of ends, and in each of them other types for
//! bounded, unbounded, threads and tasks. Its users pick the narrowest that fits, and so do we.
//! It makes a capacity of 1 a channel with two slots.

use super::ChannelPeer;
use crate::channel::{
    BlockingReceiver, BlockingSender, Ends, Received, Route, Sent, Shape, TaskReceiver, TaskSender,
    Traffic,
    tasks::{self, TaskTraffic},
    threads,
};
use crate::run::{Absent, Work};
use crossfire::flavor::Flavor;
use crossfire::{
    AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MRx, MTx, Rx, Tx, detect_backoff_cfg, mpmc, mpsc, spsc,
};
use std::future::ready;

pub(super) const CHANNEL: ChannelPeer = ChannelPeer {
    name: "crossfire",
    threads,
    tasks,
};

fn threads(route: Route, traffic: Traffic) -> Result<Work, Absent> {
    // Its documentation asks programs to call this once when they start.
    detect_backoff_cfg();
    let shape = route.shape;
    Ok(match (shape, route.capacity) {
        (Shape::Spsc, Some(capacity)) => threads::work(traffic, move || {
            Ends::single(spsc::bounded_blocking::<usize>(capacity))
        }),
        (Shape::Spsc, None) => {
            threads::work(
                traffic,
                || Ends::single(spsc::unbounded_blocking::<usize>()),
            )
        }
        (Shape::Mpsc, Some(capacity)) => threads::work(traffic, move || {
            Ends::one_receiver(shape, mpsc::bounded_blocking::<usize>(capacity))
        }),
        (Shape::Mpsc, None) => threads::work(traffic, move || {
            Ends::one_receiver(shape, mpsc::unbounded_blocking::<usize>())
        }),
        (Shape::Mpmc, Some(capacity)) => threads::work(traffic, move || {
            Ends::cloned(shape, mpmc::bounded_blocking::<usize>(capacity))
        }),
        (Shape::Mpmc, None) => threads::work(traffic, move || {
            Ends::cloned(shape, mpmc::unbounded_blocking::<usize>())
        }),
    })
}

fn tasks(route: Route, traffic: TaskTraffic) -> Result<Work, Absent> {
    detect_backoff_cfg();
    let shape = route.shape;
    Ok(match (shape, route.capacity) {
        (Shape::Spsc, Some(capacity)) => tasks::work(traffic, move || {
            Ends::single(spsc::bounded_async::<usize>(capacity))
        }),
        (Shape::Spsc, None) => {
            tasks::work(traffic, || Ends::single(spsc::unbounded_async::<usize>()))
        }
        (Shape::Mpsc, Some(capacity)) => tasks::work(traffic, move || {
            Ends::one_receiver(shape, mpsc::bounded_async::<usize>(capacity))
        }),
        (Shape::Mpsc, None) => tasks::work(traffic, move || {
            Ends::one_receiver(shape, mpsc::unbounded_async::<usize>())
        }),
        (Shape::Mpmc, Some(capacity)) => tasks::work(traffic, move || {
            Ends::cloned(shape, mpmc::bounded_async::<usize>(capacity))
        }),
        (Shape::Mpmc, None) => tasks::work(traffic, move || {
            Ends::cloned(shape, mpmc::unbounded_async::<usize>())
        }),
    })
}

impl<F: Flavor<Item = usize> + 'static> BlockingSender for Tx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl<F: Flavor<Item = usize> + 'static> BlockingSender for MTx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> bool {
        self.send(message).is_ok()
    }
}

impl<F: Flavor<Item = usize> + 'static> BlockingReceiver for Rx<F> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv().ok()
    }
}

impl<F: Flavor<Item = usize> + 'static> BlockingReceiver for MRx<F> {
    #[inline]
    fn take(&mut self) -> Option<usize> {
        self.recv().ok()
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskSender for AsyncTx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskSender for MAsyncTx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        self.send(message)
    }
}

// An unbounded channel never makes its sender wait, so its async module has plain senders.
impl<F: Flavor<Item = usize> + 'static> TaskSender for Tx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskSender for MTx<F> {
    #[inline]
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send {
        ready(self.send(message))
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskReceiver for AsyncRx<F> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}

impl<F: Flavor<Item = usize> + 'static> TaskReceiver for MAsyncRx<F> {
    #[inline]
    fn take(&mut self) -> impl Future<Output: Received> + Send {
        self.recv()
    }
}
