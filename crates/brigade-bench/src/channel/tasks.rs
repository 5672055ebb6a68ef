//! The channel workloads between tasks of a tokio runtime with two workers. Tasks are spawned for
//! each measurement and wait at a gate; the clock starts when the first of them is through.

use super::tally::{BATCH, Tally, settle, share};
use super::{Ends, Received, Sent, TaskReceiver, TaskSender, Traffic};
use crate::{
    cpu_time,
    run::{Load, Run, Work},
};
use std::sync::Arc;
use std::time::Duration;
use tokio::{runtime::Runtime, sync::Barrier, task::JoinHandle};

/// What to do, and the runtime to do it on, which all contestants of a row share.
#[derive(Clone, Debug)]
pub(crate) struct TaskTraffic {
    pub(crate) traffic: Traffic,
    pub(crate) runtime: Arc<Runtime>,
}

/// Makes the work that a peer's channels are to do.
pub(crate) fn work<S, R>(tasks: TaskTraffic, open: impl Fn() -> Ends<S, R> + 'static) -> Work
where
    S: TaskSender,
    R: TaskReceiver,
{
    let TaskTraffic { traffic, runtime } = tasks;
    match traffic {
        Traffic::Throughput => Box::new(move |load| throughput(&runtime, open(), load)),
        Traffic::PingPong => Box::new(move |load| ping_pong(&runtime, open(), open(), load)),
    }
}

/// Holds every task until all have started.
struct Gate {
    ready: Barrier,
    go: Barrier,
}

impl Gate {
    fn new(tasks: usize) -> Arc<Self> {
        Arc::new(Self {
            ready: Barrier::new(tasks + 1),
            go: Barrier::new(tasks + 1),
        })
    }

    async fn pass(&self) -> Tally {
        self.ready.wait().await;
        self.go.wait().await;
        Tally::start()
    }

    /// Lets the tasks go; the processor time used so far is not theirs.
    fn open(&self, runtime: &Runtime) -> Duration {
        runtime.block_on(self.ready.wait());
        let cpu = cpu_time::process();
        runtime.block_on(self.go.wait());
        cpu
    }
}

fn throughput<S, R>(runtime: &Runtime, ends: Ends<S, R>, load: Load) -> Result<Run, String>
where
    S: TaskSender,
    R: TaskReceiver,
{
    let share = share(load, ends.senders.len());
    let asked = share * ends.senders.len();
    let gate = Gate::new(ends.senders.len() + ends.receivers.len());
    let mut consumers = Vec::new();
    for receiver in ends.receivers {
        let gate = Arc::clone(&gate);
        consumers.push(runtime.spawn(async move { consume(receiver, &gate).await }));
    }
    let mut producers = Vec::new();
    for (index, sender) in ends.senders.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        let first = index * share;
        producers.push(
            runtime.spawn(async move { produce(sender, first, share, load.limit, &gate).await }),
        );
    }
    let cpu = gate.open(runtime);
    let sent = join(runtime, producers)?;
    let received = join(runtime, consumers)?;
    settle(asked, &sent, &received, cpu_time::process() - cpu)
}

async fn produce<S: TaskSender>(
    mut sender: S,
    first: usize,
    share: usize,
    limit: Duration,
    gate: &Gate,
) -> Tally {
    let mut tally = gate.pass().await;
    let mut next = first;
    let end = first + share;
    while next < end && !tally.expired(limit) {
        let stop = end.min(next + BATCH);
        while next < stop {
            assert!(
                sender.put(next).await.accepted(),
                "a send failed while the receivers live"
            );
            tally.add(next);
            next += 1;
        }
    }
    tally.stop()
}

async fn consume<R: TaskReceiver>(mut receiver: R, gate: &Gate) -> Tally {
    let mut tally = gate.pass().await;
    while let Some(message) = receiver.take().await.message() {
        tally.add(message);
    }
    tally.stop()
}

fn ping_pong<S, R>(
    runtime: &Runtime,
    mut there: Ends<S, R>,
    mut back: Ends<S, R>,
    load: Load,
) -> Result<Run, String>
where
    S: TaskSender,
    R: TaskReceiver,
{
    let (
        Some(question_sender),
        Some(question_receiver),
        Some(answer_sender),
        Some(answer_receiver),
    ) = (
        there.senders.pop(),
        there.receivers.pop(),
        back.senders.pop(),
        back.receivers.pop(),
    )
    else {
        return Err("the channel had no ends".to_owned());
    };
    let gate = Gate::new(2);
    let at_server = Arc::clone(&gate);
    let server =
        runtime.spawn(async move { echo(question_receiver, answer_sender, &at_server).await });
    let at_client = Arc::clone(&gate);
    let client =
        runtime.spawn(async move { ask(question_sender, answer_receiver, load, &at_client).await });
    let cpu = gate.open(runtime);
    let asked = join(runtime, vec![client])?;
    let cpu = cpu_time::process() - cpu;
    let echoed = join(runtime, vec![server])?;
    if echoed[0].count() != asked[0].count() {
        return Err(format!(
            "{} answers for {} questions",
            asked[0].count(),
            echoed[0].count()
        ));
    }
    settle(load.ops, &asked, &asked, cpu)
}

async fn ask<S, R>(mut questions: S, mut answers: R, load: Load, gate: &Gate) -> Tally
where
    S: TaskSender,
    R: TaskReceiver,
{
    let mut tally = gate.pass().await;
    for question in 0..load.ops {
        if question % BATCH == BATCH - 1 && tally.expired(load.limit) {
            break;
        }
        assert!(
            questions.put(question).await.accepted(),
            "the server is gone"
        );
        assert_eq!(
            answers.take().await.message(),
            Some(question),
            "a wrong answer came back"
        );
        tally.add(question);
    }
    tally.stop()
}

async fn echo<S, R>(mut questions: R, mut answers: S, gate: &Gate) -> Tally
where
    S: TaskSender,
    R: TaskReceiver,
{
    let mut tally = gate.pass().await;
    while let Some(question) = questions.take().await.message() {
        tally.add(question);
        assert!(answers.put(question).await.accepted(), "the client is gone");
    }
    tally.stop()
}

fn join(runtime: &Runtime, tasks: Vec<JoinHandle<Tally>>) -> Result<Vec<Tally>, String> {
    runtime.block_on(async {
        let mut tallies = Vec::new();
        for task in tasks {
            tallies.push(task.await.map_err(|_| "a task panicked".to_owned())?);
        }
        Ok(tallies)
    })
}
