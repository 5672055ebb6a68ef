//! The channel workloads between threads. Threads are started for each measurement and wait at a
//! gate; the clock starts when the first of them is through.

use super::tally::{BATCH, Tally, settle, share};
use super::{BlockingReceiver, BlockingSender, Ends, Traffic};
use crate::{
    cpu_time,
    run::{Load, Run, Work},
};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Makes the work that a peer's channels are to do.
pub(crate) fn work<S, R>(traffic: Traffic, open: impl Fn() -> Ends<S, R> + 'static) -> Work
where
    S: BlockingSender,
    R: BlockingReceiver,
{
    match traffic {
        Traffic::Throughput => Box::new(move |load| throughput(open(), load)),
        Traffic::PingPong => Box::new(move |load| ping_pong(open(), open(), load)),
    }
}

/// Holds every thread until all have started.
struct Gate {
    ready: Barrier,
    go: Barrier,
}

impl Gate {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            ready: Barrier::new(threads + 1),
            go: Barrier::new(threads + 1),
        })
    }

    fn pass(&self) -> Tally {
        self.ready.wait();
        self.go.wait();
        Tally::start()
    }

    /// Lets the threads go; the processor time used so far is not theirs.
    fn open(&self) -> Duration {
        self.ready.wait();
        let cpu = cpu_time::process();
        self.go.wait();
        cpu
    }
}

fn throughput<S, R>(ends: Ends<S, R>, load: Load) -> Result<Run, String>
where
    S: BlockingSender,
    R: BlockingReceiver,
{
    let share = share(load, ends.senders.len());
    let asked = share * ends.senders.len();
    let gate = Gate::new(ends.senders.len() + ends.receivers.len());
    let mut consumers = Vec::new();
    for receiver in ends.receivers {
        let gate = Arc::clone(&gate);
        consumers.push(thread::spawn(move || consume(receiver, &gate)));
    }
    let mut producers = Vec::new();
    for (index, sender) in ends.senders.into_iter().enumerate() {
        let gate = Arc::clone(&gate);
        let first = index * share;
        producers.push(thread::spawn(move || {
            produce(sender, first, share, load.limit, &gate)
        }));
    }
    let cpu = gate.open();
    let sent = join(producers)?;
    let received = join(consumers)?;
    settle(asked, &sent, &received, cpu_time::process() - cpu)
}

fn produce<S: BlockingSender>(
    mut sender: S,
    first: usize,
    share: usize,
    limit: Duration,
    gate: &Gate,
) -> Tally {
    let mut tally = gate.pass();
    let mut next = first;
    let end = first + share;
    while next < end && !tally.expired(limit) {
        let stop = end.min(next + BATCH);
        while next < stop {
            assert!(sender.put(next), "a send failed while the receivers live");
            tally.add(next);
            next += 1;
        }
    }
    tally.stop()
}

fn consume<R: BlockingReceiver>(mut receiver: R, gate: &Gate) -> Tally {
    let mut tally = gate.pass();
    while let Some(message) = receiver.take() {
        tally.add(message);
    }
    tally.stop()
}

fn ping_pong<S, R>(there: Ends<S, R>, back: Ends<S, R>, load: Load) -> Result<Run, String>
where
    S: BlockingSender,
    R: BlockingReceiver,
{
    let (question_sender, question_receiver) = pair(there)?;
    let (answer_sender, answer_receiver) = pair(back)?;
    let gate = Gate::new(2);
    let at_server = Arc::clone(&gate);
    let server = thread::spawn(move || echo(question_receiver, answer_sender, &at_server));
    let at_client = Arc::clone(&gate);
    let client = thread::spawn(move || ask(question_sender, answer_receiver, load, &at_client));
    let cpu = gate.open();
    let asked = join(vec![client])?;
    let cpu = cpu_time::process() - cpu;
    let echoed = join(vec![server])?;
    if echoed[0].count() != asked[0].count() {
        return Err(format!(
            "{} answers for {} questions",
            asked[0].count(),
            echoed[0].count()
        ));
    }
    settle(load.ops, &asked, &asked, cpu)
}

fn ask<S, R>(mut questions: S, mut answers: R, load: Load, gate: &Gate) -> Tally
where
    S: BlockingSender,
    R: BlockingReceiver,
{
    let mut tally = gate.pass();
    for question in 0..load.ops {
        if question % BATCH == BATCH - 1 && tally.expired(load.limit) {
            break;
        }
        assert!(questions.put(question), "the server is gone");
        assert_eq!(answers.take(), Some(question), "a wrong answer came back");
        tally.add(question);
    }
    tally.stop()
}

fn echo<S, R>(mut questions: R, mut answers: S, gate: &Gate) -> Tally
where
    S: BlockingSender,
    R: BlockingReceiver,
{
    let mut tally = gate.pass();
    while let Some(question) = questions.take() {
        tally.add(question);
        assert!(answers.put(question), "the client is gone");
    }
    tally.stop()
}

fn pair<S, R>(mut ends: Ends<S, R>) -> Result<(S, R), String> {
    match (ends.senders.pop(), ends.receivers.pop()) {
        (Some(sender), Some(receiver)) => Ok((sender, receiver)),
        _ => Err("the channel had no ends".to_owned()),
    }
}

fn join(threads: Vec<JoinHandle<Tally>>) -> Result<Vec<Tally>, String> {
    threads
        .into_iter()
        .map(|thread| thread.join().map_err(|_| "a thread panicked".to_owned()))
        .collect()
}
