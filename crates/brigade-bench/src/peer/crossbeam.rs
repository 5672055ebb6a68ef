//! crossbeam-channel: the same handles for every shape, threads only.

use super::{Channels, NO_ASYNC};
use crate::channel::{Between, BlockingReceiver, BlockingSender, Ends, Message, Workload};
use crate::run::{Absent, Work};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

pub(super) struct Crossbeam;

impl Channels for Crossbeam {
    const NAME: &'static str = "crossbeam";

    fn work<M: Message>(workload: Workload) -> Result<Work, Absent> {
        if workload.between != Between::Threads {
            return Err(NO_ASYNC);
        }
        let route = workload.route;
        Ok(workload.threads(move || {
            Ends::cloned(
                route.shape,
                route.capacity.map_or_else(unbounded::<M>, bounded::<M>),
            )
        }))
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
