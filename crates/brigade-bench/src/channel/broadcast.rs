//! One sender, eight listeners, and every message for each of them. A broadcast channel may drop
//! what a slow listener has not taken, so the sender stays within the capacity: it holds back while
//! the slowest listener is too far behind. That way everybody delivers everything.

use super::{BlockingReceiver, BlockingSender, Received, Sent, TaskReceiver, TaskSender};
use crate::cpu_time;
use crate::run::{Load, Run, Work};
use crate::stage::{Gate, Running, Stage};
use crate::tally::{BATCH, Tally, settle_each};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use std::thread;

pub(crate) const LISTENERS: usize = 8;
pub(crate) const CAPACITY: usize = 1024;

/// The question a row puts to a peer.
#[derive(Clone, Debug)]
pub(crate) struct Broadcasting {
    pub(crate) in_tasks: bool,
    pub(crate) stage: Stage,
}

impl Broadcasting {
    /// The answer of a peer whose ends serve threads and tasks alike.
    pub(crate) fn anywhere<S, R>(self, open: impl Fn() -> (S, Vec<R>) + 'static) -> Work
    where
        S: BlockingSender<Message = usize> + TaskSender<Message = usize>,
        R: BlockingReceiver<Message = usize> + TaskReceiver<Message = usize>,
    {
        let Self { in_tasks, stage } = self;
        if in_tasks {
            Box::new(move |load| run(&stage, open(), load, talk_in_task, listen_in_task))
        } else {
            Box::new(move |load| run(&stage, open(), load, talk_in_thread, listen_in_thread))
        }
    }
}

/// How far each listener is.
#[derive(Default)]
struct Progress([Place; LISTENERS]);

/// The messages one listener has taken, on lines of the cache of its own.
#[derive(Default)]
#[repr(align(128))]
struct Place(AtomicUsize);

impl Progress {
    /// Whether the next batch after `sent` messages stays within the capacity for everybody.
    fn has_room(&self, sent: usize) -> bool {
        let Self(places) = self;
        let taken = places.iter().map(|place| place.0.load(Acquire));
        taken
            .min()
            .is_some_and(|slowest| sent + BATCH <= slowest + CAPACITY)
    }

    #[inline]
    fn note(&self, listener: usize, taken: usize) {
        if taken.is_multiple_of(BATCH) {
            self.0[listener].0.store(taken, Release);
        }
    }
}

/// Everything an actor needs besides its end.
struct Course<'a> {
    stage: &'a Stage,
    gate: &'a Arc<Gate>,
    progress: Arc<Progress>,
    load: Load,
}

fn run<S, R>(
    stage: &Stage,
    (sender, receivers): (S, Vec<R>),
    load: Load,
    talk: fn(S, Course) -> Running<Tally>,
    listen: fn(R, usize, Course) -> Running<Tally>,
) -> Result<Run, String> {
    let gate = Gate::new(1 + receivers.len());
    let progress = Arc::new(Progress::default());
    let course = || Course {
        stage,
        gate: &gate,
        progress: Arc::clone(&progress),
        load,
    };
    let listeners = receivers
        .into_iter()
        .enumerate()
        .map(|(index, receiver)| listen(receiver, index, course()))
        .collect();
    let talker = talk(sender, course());
    let cpu = stage.open(&gate);
    let sent = stage.join(vec![talker])?;
    let received = stage.join(listeners)?;
    settle_each(load.ops, sent[0], &received, cpu_time::process() - cpu)
}

fn talk_in_thread<S>(mut sender: S, course: Course) -> Running<Tally>
where
    S: BlockingSender<Message = usize>,
{
    let Course { progress, load, .. } = course;
    course.stage.thread(course.gate, move |mut tally| {
        while tally.count() < load.ops && !tally.expired(load.limit) {
            let stop = load.ops.min(tally.count() + BATCH);
            while !progress.has_room(tally.count()) {
                thread::yield_now();
            }
            for number in tally.count()..stop {
                assert!(sender.put(number), "a send failed while listeners live");
                tally.add(number);
            }
        }
        tally.stop()
    })
}

fn talk_in_task<S>(mut sender: S, course: Course) -> Running<Tally>
where
    S: TaskSender<Message = usize>,
{
    let Course { progress, load, .. } = course;
    course.stage.task(course.gate, move |mut tally| async move {
        while tally.count() < load.ops && !tally.expired(load.limit) {
            let stop = load.ops.min(tally.count() + BATCH);
            while !progress.has_room(tally.count()) {
                tokio::task::yield_now().await;
            }
            for number in tally.count()..stop {
                let sent = sender.put(number).await;
                assert!(sent.accepted(), "a send failed while listeners live");
                tally.add(number);
            }
        }
        tally.stop()
    })
}

fn listen_in_thread<R>(mut receiver: R, index: usize, course: Course) -> Running<Tally>
where
    R: BlockingReceiver<Message = usize>,
{
    let progress = course.progress;
    course.stage.thread(course.gate, move |mut tally| {
        while let Some(message) = receiver.take() {
            tally.add(message);
            progress.note(index, tally.count());
        }
        tally.stop()
    })
}

fn listen_in_task<R>(mut receiver: R, index: usize, course: Course) -> Running<Tally>
where
    R: TaskReceiver<Message = usize>,
{
    let progress = course.progress;
    course.stage.task(course.gate, move |mut tally| async move {
        while let Some(message) = receiver.take().await.message() {
            tally.add(message);
            progress.note(index, tally.count());
        }
        tally.stop()
    })
}

#[cfg(test)]
mod tests {
    use super::{BATCH, CAPACITY, LISTENERS, Progress};

    #[test]
    fn the_slowest_listener_holds_the_sender_back() {
        let progress = Progress::default();
        assert!(progress.has_room(CAPACITY - BATCH));
        assert!(!progress.has_room(CAPACITY));
        for listener in 1..LISTENERS {
            progress.note(listener, BATCH);
        }
        assert!(!progress.has_room(CAPACITY));
        progress.note(0, BATCH);
        assert!(progress.has_room(CAPACITY));
    }
}
