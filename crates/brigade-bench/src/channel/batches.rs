//! Four senders and one receiver that takes what is there in one go, as each peer allows it, up to
//! some messages at once.

use super::ends::{Consumer, InTask, InThread};
use super::{Between, BlockingSender, Ends, TaskSender, Workload, throughput};
use crate::run::Work;
use crate::stage::{Gate, Running, Stage};
use crate::tally::Tally;
use std::future::Future;
use std::sync::Arc;

/// The most messages of one batch.
pub(crate) const MOST: usize = 64;

/// The receiver of a peer, used by a thread.
pub(crate) trait BlockingBatches: Send + 'static {
    /// Waits for the first message and takes up to [`MOST`]; false once the channel is closed and
    /// empty.
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> bool;
}

/// The receiver of a peer, used by a task.
pub(crate) trait TaskBatches: Send + 'static {
    /// As [`BlockingBatches::take_batch`].
    fn take_batch(&mut self, batch: &mut Vec<usize>) -> impl Future<Output = bool> + Send;
}

/// For peers without a call for it: the first message, if any, and then those that are there.
#[inline]
pub(crate) fn fill(
    batch: &mut Vec<usize>,
    first: Option<usize>,
    rest: impl Iterator<Item = usize>,
) -> bool {
    batch.extend(first);
    if first.is_some() {
        batch.extend(rest.take(MOST - 1));
    }
    first.is_some()
}

struct BatchesInThread<R>(R);
struct BatchesInTask<R>(R);

impl Workload {
    /// The answer of a peer whose ends serve threads and tasks alike.
    pub(crate) fn batches_anywhere<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: BlockingSender<Message = usize> + TaskSender<Message = usize>,
        R: BlockingBatches + TaskBatches,
    {
        match self.between {
            Between::Threads => self.batches_in_threads(open),
            _ => self.batches_in_tasks(open),
        }
    }

    /// The answer of a peer to batches between threads.
    pub(crate) fn batches_in_threads<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: BlockingSender<Message = usize>,
        R: BlockingBatches,
    {
        let stage = self.stage;
        Box::new(move |load| throughput::run(&stage, open().used(InThread, BatchesInThread), load))
    }

    /// The answer of a peer to batches between tasks.
    pub(crate) fn batches_in_tasks<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: TaskSender<Message = usize>,
        R: TaskBatches,
    {
        let stage = self.stage;
        Box::new(move |load| throughput::run(&stage, open().used(InTask, BatchesInTask), load))
    }
}

impl<R: BlockingBatches> Consumer for BatchesInThread<R> {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self(mut receiver) = self;
        stage.thread(gate, move |mut tally| {
            let mut batch = Vec::with_capacity(MOST);
            while receiver.take_batch(&mut batch) {
                batch.drain(..).for_each(|message| tally.add(message));
            }
            tally.stop()
        })
    }
}

impl<R: TaskBatches> Consumer for BatchesInTask<R> {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self(mut receiver) = self;
        stage.task(gate, move |mut tally| async move {
            let mut batch = Vec::with_capacity(MOST);
            while receiver.take_batch(&mut batch).await {
                batch.drain(..).for_each(|message| tally.add(message));
            }
            tally.stop()
        })
    }
}
