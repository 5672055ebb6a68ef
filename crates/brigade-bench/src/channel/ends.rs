//! One end of a channel together with where it runs: the same producers and consumers, clients and
//! servers, once as threads that call and once as tasks that await.

use super::{BlockingReceiver, BlockingSender, Message, Received, Sent, TaskReceiver, TaskSender};
use crate::run::Load;
use crate::stage::{Gate, Running, Stage};
use crate::tally::{BATCH, Tally};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Ends of a peer, used by a thread.
#[derive(Clone, Debug)]
pub(super) struct InThread<E>(pub(super) E);

/// Ends of a peer, used by a task.
#[derive(Clone, Debug)]
pub(super) struct InTask<E>(pub(super) E);

/// Sends `numbers`; begins no new batch after `limit`.
pub(super) trait Producer {
    fn start(
        self,
        numbers: Range<usize>,
        limit: Duration,
        stage: &Stage,
        gate: &Arc<Gate>,
    ) -> Running<Tally>;
}

/// Receives until the channel is closed.
pub(super) trait Consumer {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally>;
}

/// Asks questions and waits for the answer to each.
pub(super) trait Client {
    fn start(self, load: Load, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally>;
}

/// Sends every question back.
pub(super) trait Server {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally>;
}

impl<S: BlockingSender> Producer for InThread<S> {
    fn start(
        self,
        numbers: Range<usize>,
        limit: Duration,
        stage: &Stage,
        gate: &Arc<Gate>,
    ) -> Running<Tally> {
        let Self(mut sender) = self;
        stage.thread(gate, move |mut tally| {
            let Range {
                start: mut next,
                end,
            } = numbers;
            while next < end && !tally.expired(limit) {
                let stop = end.min(next + BATCH);
                while next < stop {
                    let accepted = sender.put(S::Message::carrying(next));
                    assert!(accepted, "a send failed while the receivers live");
                    tally.add(next);
                    next += 1;
                }
            }
            tally.stop()
        })
    }
}

impl<S: TaskSender> Producer for InTask<S> {
    fn start(
        self,
        numbers: Range<usize>,
        limit: Duration,
        stage: &Stage,
        gate: &Arc<Gate>,
    ) -> Running<Tally> {
        let Self(mut sender) = self;
        stage.task(gate, move |mut tally| async move {
            let Range {
                start: mut next,
                end,
            } = numbers;
            while next < end && !tally.expired(limit) {
                let stop = end.min(next + BATCH);
                while next < stop {
                    let sent = sender.put(S::Message::carrying(next)).await;
                    assert!(sent.accepted(), "a send failed while the receivers live");
                    tally.add(next);
                    next += 1;
                }
            }
            tally.stop()
        })
    }
}

impl<R: BlockingReceiver> Consumer for InThread<R> {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self(mut receiver) = self;
        stage.thread(gate, move |mut tally| {
            while let Some(message) = receiver.take() {
                tally.add(message.number());
            }
            tally.stop()
        })
    }
}

impl<R: TaskReceiver> Consumer for InTask<R> {
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self(mut receiver) = self;
        stage.task(gate, move |mut tally| async move {
            while let Some(message) = receiver.take().await.message() {
                tally.add(message.number());
            }
            tally.stop()
        })
    }
}

impl<S, R> Client for InThread<(S, R)>
where
    S: BlockingSender,
    R: BlockingReceiver<Message = S::Message>,
{
    fn start(self, load: Load, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self((mut questions, mut answers)) = self;
        stage.thread(gate, move |mut tally| {
            for question in 0..load.ops {
                if question % BATCH == BATCH - 1 && tally.expired(load.limit) {
                    break;
                }
                let asked = questions.put(S::Message::carrying(question));
                assert!(asked, "the server is gone");
                let answer = answers.take().map(|answer| answer.number());
                assert_eq!(answer, Some(question), "a wrong answer came back");
                tally.add(question);
            }
            tally.stop()
        })
    }
}

impl<S, R> Client for InTask<(S, R)>
where
    S: TaskSender,
    R: TaskReceiver<Message = S::Message>,
{
    fn start(self, load: Load, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self((mut questions, mut answers)) = self;
        stage.task(gate, move |mut tally| async move {
            for question in 0..load.ops {
                if question % BATCH == BATCH - 1 && tally.expired(load.limit) {
                    break;
                }
                let asked = questions.put(S::Message::carrying(question)).await;
                assert!(asked.accepted(), "the server is gone");
                let answer = answers.take().await.message();
                let answer = answer.map(|answer| answer.number());
                assert_eq!(answer, Some(question), "a wrong answer came back");
                tally.add(question);
            }
            tally.stop()
        })
    }
}

impl<S, R> Server for InThread<(S, R)>
where
    S: BlockingSender,
    R: BlockingReceiver<Message = S::Message>,
{
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self((mut answers, mut questions)) = self;
        stage.thread(gate, move |mut tally| {
            while let Some(question) = questions.take() {
                tally.add(question.number());
                assert!(answers.put(question), "the client is gone");
            }
            tally.stop()
        })
    }
}

impl<S, R> Server for InTask<(S, R)>
where
    S: TaskSender,
    R: TaskReceiver<Message = S::Message>,
{
    fn start(self, stage: &Stage, gate: &Arc<Gate>) -> Running<Tally> {
        let Self((mut answers, mut questions)) = self;
        stage.task(gate, move |mut tally| async move {
            while let Some(question) = questions.take().await.message() {
                tally.add(question.number());
                assert!(answers.put(question).await.accepted(), "the client is gone");
            }
            tally.stop()
        })
    }
}
