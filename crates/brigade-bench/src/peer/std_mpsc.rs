//! The channels of the standard library: one receiver, threads only, two kinds of sender.

use super::{Channels, NO_ASYNC, ONE_RECEIVER, Peer};
use crate::channel::batches::{BlockingBatches, fill};
use crate::channel::{Between, BlockingReceiver, BlockingSender, Ends, Message, Route, Workload};
use crate::run::{Absent, Work};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

pub(super) const BATCHES: Peer<Workload> = Peer {
    name: StdMpsc::NAME,
    work: |workload| {
        if workload.between != Between::Threads {
            return Err(NO_ASYNC);
        }
        let Route { shape, capacity } = workload.route;
        Ok(match capacity {
            Some(capacity) => workload
                .batches_in_threads(move || Ends::one_receiver(shape, sync_channel(capacity))),
            None => workload.batches_in_threads(move || Ends::one_receiver(shape, channel())),
        })
    },
};

pub(super) struct StdMpsc;

impl Channels for StdMpsc {
    const NAME: &'static str = "std mpsc";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        let shape = workload.route.shape;
        if workload.between != Between::Threads {
            return Err(NO_ASYNC);
        }
        if shape.receivers > 1 {
            return Err(ONE_RECEIVER);
        }
        Ok(match workload.route.capacity {
            Some(capacity) => {
                workload.threads(move || Ends::one_receiver(shape, sync_channel::<M>(capacity)))
            }
            None => workload.threads(move || Ends::one_receiver(shape, channel::<M>())),
        })
    }
}

impl<M: Message> BlockingSender for SyncSender<M> {
    type Message = M;

    #[inline]
    fn put(&mut self, message: M) -> bool {
        self.send(message).is_ok()
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
