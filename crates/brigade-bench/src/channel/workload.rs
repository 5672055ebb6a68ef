//! What a peer is asked with: which channel, between whom, and what to do with it. The peer
//! answers with the ends it would use there, and gets back the work to measure.

use super::ends::{Client, InTask, InThread, Server};
use super::{BlockingReceiver, BlockingSender, Ends, Message, Route, TaskReceiver, TaskSender};
use super::{ping_pong, throughput};
use crate::run::{Load, Run, Work};
use crate::stage::Stage;

/// Who has the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    Threads,
    Tasks,
    /// Threads send, tasks receive; a thread asks and a task answers.
    ThreadAndTask,
    /// Tasks send, threads receive.
    TaskAndThread,
}

/// What to do with the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Senders send and receivers receive, as fast as they can.
    Throughput,
    /// A message there over one channel, an answer back over another.
    PingPong,
}

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) route: Route,
    pub(crate) between: Between,
    pub(crate) traffic: Traffic,
    pub(crate) stage: Stage,
}

impl Workload {
    /// The answer of a peer whose ends serve threads and tasks alike.
    pub(crate) fn anywhere<S, R>(self, open: impl Fn() -> Ends<S, R> + Clone + 'static) -> Work
    where
        S: BlockingSender + TaskSender<Message = <S as BlockingSender>::Message>,
        R: BlockingReceiver<Message = <S as BlockingSender>::Message>
            + TaskReceiver<Message = <S as BlockingSender>::Message>,
    {
        match self.between {
            Between::Threads => self.threads(open),
            Between::Tasks => self.tasks(open),
            _ if !<S as BlockingSender>::Message::EVERYWHERE => no_such_row(),
            Between::ThreadAndTask | Between::TaskAndThread => self.mixed(open.clone(), open),
        }
    }

    /// The answer of a peer to [`Between::Threads`].
    pub(crate) fn threads<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: BlockingSender,
        R: BlockingReceiver<Message = S::Message>,
    {
        let Self { traffic, stage, .. } = self;
        match traffic {
            Traffic::Throughput => {
                Box::new(move |load| throughput::run(&stage, open().used(InThread, InThread), load))
            }
            _ if !S::Message::EVERYWHERE => no_such_row(),
            Traffic::PingPong => {
                Box::new(move |load| talk(&stage, open(), open(), InThread, InThread, load))
            }
        }
    }

    /// The answer of a peer to [`Between::Tasks`].
    pub(crate) fn tasks<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: TaskSender,
        R: TaskReceiver<Message = S::Message>,
    {
        let Self { traffic, stage, .. } = self;
        match traffic {
            Traffic::Throughput => {
                Box::new(move |load| throughput::run(&stage, open().used(InTask, InTask), load))
            }
            _ if !S::Message::EVERYWHERE => no_such_row(),
            Traffic::PingPong => {
                Box::new(move |load| talk(&stage, open(), open(), InTask, InTask, load))
            }
        }
    }

    /// The answer of a peer that can only send from threads to tasks.
    pub(crate) fn threads_to_tasks<S, R>(self, open: impl Fn() -> Ends<S, R> + 'static) -> Work
    where
        S: BlockingSender,
        R: TaskReceiver<Message = S::Message>,
    {
        let stage = self.stage;
        Box::new(move |load| throughput::run(&stage, open().used(InThread, InTask), load))
    }

    /// The answer of a peer to the two where threads and tasks meet: a channel from threads to
    /// tasks, and one back.
    pub(crate) fn mixed<S, R, Q, P>(
        self,
        there: impl Fn() -> Ends<S, R> + 'static,
        back: impl Fn() -> Ends<P, Q> + 'static,
    ) -> Work
    where
        S: BlockingSender,
        R: TaskReceiver<Message = S::Message>,
        P: TaskSender<Message = S::Message>,
        Q: BlockingReceiver<Message = S::Message>,
    {
        if !S::Message::EVERYWHERE {
            return no_such_row();
        }
        let Self {
            between,
            traffic,
            stage,
            ..
        } = self;
        match (traffic, between) {
            (Traffic::PingPong, _) => {
                Box::new(move |load| talk(&stage, there(), back(), InThread, InTask, load))
            }
            (Traffic::Throughput, Between::TaskAndThread) => {
                Box::new(move |load| throughput::run(&stage, back().used(InTask, InThread), load))
            }
            (Traffic::Throughput, _) => {
                Box::new(move |load| throughput::run(&stage, there().used(InThread, InTask), load))
            }
        }
    }
}

fn no_such_row() -> Work {
    panic!("large messages have rows of throughput between threads alone and tasks alone")
}

fn talk<S, R, P, Q, C: Client, E: Server>(
    stage: &Stage,
    there: Ends<S, R>,
    back: Ends<P, Q>,
    client: fn((S, Q)) -> C,
    server: fn((P, R)) -> E,
    load: Load,
) -> Result<Run, String> {
    let (questions, asked) = pair(there)?;
    let (answers, answered) = pair(back)?;
    ping_pong::run(
        stage,
        client((questions, answered)),
        server((answers, asked)),
        load,
    )
}

fn pair<S, R>(mut ends: Ends<S, R>) -> Result<(S, R), String> {
    match (ends.senders.pop(), ends.receivers.pop()) {
        (Some(sender), Some(receiver)) => Ok((sender, receiver)),
        _ => Err("the channel had no ends".to_owned()),
    }
}
