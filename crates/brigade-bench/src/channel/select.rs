//! One receiver for four channels: a thread or a task takes whatever is there first, until all
//! four are closed. How it selects is the peer's own code; tasks use `tokio::select!` over the
//! peer's futures, unless the peer selects in tasks itself.

use super::ends::{InTask, InThread, Producer};
use super::{BlockingSender, Received, Sent, TaskReceiver, TaskSender};
use crate::cpu_time;
use crate::run::{Load, Run, Work};
use crate::stage::{Gate, Running, Stage};
use crate::tally::{Tally, settle, share};
use std::future::Future;
use std::sync::Arc;

/// Channels to select from.
pub(crate) const WIDTH: usize = 4;
/// Of each of them.
pub(crate) const CAPACITY: usize = 64;

/// Which of the channels have something to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    All,
    /// The others stay open and empty.
    One,
}

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Selecting {
    pub(crate) busy: Busy,
    pub(crate) in_tasks: bool,
    pub(crate) stage: Stage,
}

/// A sender together with those that only keep their channels open.
struct WithIdle<S> {
    sender: S,
    idle: Vec<S>,
}

impl<S: BlockingSender> BlockingSender for WithIdle<S> {
    type Message = S::Message;

    #[inline]
    fn put(&mut self, message: S::Message) -> bool {
        self.sender.put(message)
    }
}

impl<S: TaskSender> TaskSender for WithIdle<S> {
    type Message = S::Message;

    #[inline]
    fn put(&mut self, message: S::Message) -> impl Future<Output: Sent> + Send {
        self.sender.put(message)
    }
}

impl Selecting {
    /// The answer of a peer for threads: the senders, and `drain`, which takes everything that
    /// comes through the receivers.
    pub(crate) fn threads<S, X>(
        self,
        open: impl Fn() -> ([S; WIDTH], X) + 'static,
        drain: fn(X, &mut Tally),
    ) -> Work
    where
        S: BlockingSender<Message = usize>,
        X: Send + 'static,
    {
        let Self { busy, stage, .. } = self;
        Box::new(move |load| {
            let (senders, receivers) = open();
            let producers = producers(busy, senders).into_iter().map(InThread);
            run(&stage, producers.collect(), load, |gate| {
                stage.thread(gate, move |mut tally| {
                    drain(receivers, &mut tally);
                    tally.stop()
                })
            })
        })
    }

    /// The answer of a peer for tasks: senders and receivers.
    pub(crate) fn tasks<S, R>(self, open: impl Fn() -> ([S; WIDTH], [R; WIDTH]) + 'static) -> Work
    where
        S: TaskSender<Message = usize>,
        R: TaskReceiver<Message = usize>,
    {
        self.tasks_by(open, drain)
    }

    /// The answer of a peer with a select for tasks of its own: the senders, and `drain`, which takes
    /// everything that comes through the receivers.
    pub(crate) fn tasks_by<S, X, F>(
        self,
        open: impl Fn() -> ([S; WIDTH], X) + 'static,
        drain: fn(X, Tally) -> F,
    ) -> Work
    where
        S: TaskSender<Message = usize>,
        X: Send + 'static,
        F: Future<Output = Tally> + Send + 'static,
    {
        let Self { busy, stage, .. } = self;
        Box::new(move |load| {
            let (senders, receivers) = open();
            let producers = producers(busy, senders).into_iter().map(InTask);
            run(&stage, producers.collect(), load, |gate| {
                stage.task(gate, move |tally| drain(receivers, tally))
            })
        })
    }
}

/// Opens the four channels of a row.
pub(crate) fn four<S, R>(open: impl Fn() -> (S, R)) -> ([S; WIDTH], [R; WIDTH]) {
    let [(a, from_a), (b, from_b), (c, from_c), (d, from_d)] = [(); WIDTH].map(|()| open());
    ([a, b, c, d], [from_a, from_b, from_c, from_d])
}

async fn drain<R>([mut a, mut b, mut c, mut d]: [R; WIDTH], mut tally: Tally) -> Tally
where
    R: TaskReceiver<Message = usize>,
{
    let mut open = [true; WIDTH];
    loop {
        let (from, message) = tokio::select! {
            received = a.take(), if open[0] => (0, received.message()),
            received = b.take(), if open[1] => (1, received.message()),
            received = c.take(), if open[2] => (2, received.message()),
            received = d.take(), if open[3] => (3, received.message()),
            else => break,
        };
        match message {
            Some(message) => tally.add(message),
            None => open[from] = false,
        }
    }
    tally.stop()
}

fn producers<S>(busy: Busy, senders: [S; WIDTH]) -> Vec<WithIdle<S>> {
    let mut senders = Vec::from(senders);
    let idle = match busy {
        Busy::All => Vec::new(),
        Busy::One => senders.split_off(1),
    };
    let mut producers: Vec<WithIdle<S>> = senders
        .into_iter()
        .map(|sender| WithIdle {
            sender,
            idle: Vec::new(),
        })
        .collect();
    producers[0].idle = idle;
    producers
}

fn run<P: Producer>(
    stage: &Stage,
    producers: Vec<P>,
    load: Load,
    start_consumer: impl FnOnce(&Arc<Gate>) -> Running<Tally>,
) -> Result<Run, String> {
    let share = share(load, producers.len());
    let asked = share * producers.len();
    let gate = Gate::new(producers.len() + 1);
    let consumer = start_consumer(&gate);
    let producers = producers
        .into_iter()
        .enumerate()
        .map(|(index, producer)| {
            let numbers = index * share..(index + 1) * share;
            producer.start(numbers, load.limit, stage, &gate)
        })
        .collect();
    let cpu = stage.open(&gate);
    let sent = stage.join(producers)?;
    let received = stage.join(vec![consumer])?;
    settle(asked, &sent, &received, cpu_time::process() - cpu)
}
