//! Channels as queues: first in, first out, at one moment each.

use crate::actors::{any, join, task, thread};
use crate::explore::explore;
use crate::linear::Sequential;
use crate::record::{History, now};
use brigade::channel::{Receiver, Sender, TryRecvError, TrySendError, bounded, spsc, unbounded};
use std::collections::VecDeque;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Queue {
    capacity: usize,
    values: VecDeque<u64>,
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
enum OfQueue {
    Send(u64),
    Receive,
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// It was sent, or is closed.
    Yes,
    Full,
    Empty,
    Closed,
    Value(u64),
}

impl Queue {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            values: VecDeque::new(),
            closed: false,
        }
    }
}

impl Sequential for Queue {
    type Call = OfQueue;
    type Return = Done;

    fn after(&self, call: &OfQueue, returned: &Done) -> Option<Self> {
        let mut next = self.clone();
        let expected = match *call {
            OfQueue::Send(_) if self.closed => Done::Closed,
            OfQueue::Send(_) if self.values.len() == self.capacity => Done::Full,
            OfQueue::Send(value) => {
                next.values.push_back(value);
                Done::Yes
            }
            OfQueue::Receive => match next.values.pop_front() {
                Some(value) => Done::Value(value),
                None if self.closed => Done::Closed,
                None => Done::Empty,
            },
            OfQueue::Close => {
                next.closed = true;
                Done::Yes
            }
        };
        (*returned == expected).then_some(next)
    }
}

fn tried_to_send(sent: Result<(), TrySendError<u64>>) -> Done {
    match sent {
        Ok(()) => Done::Yes,
        Err(TrySendError::Full(_)) => Done::Full,
        Err(TrySendError::Closed(_)) => Done::Closed,
    }
}

fn tried_to_receive(received: Result<u64, TryRecvError>) -> Done {
    match received {
        Ok(value) => Done::Value(value),
        Err(TryRecvError::Empty) => Done::Empty,
        Err(TryRecvError::Closed) => Done::Closed,
    }
}

/// Never waits, so it needs nobody else.
fn tries(sender: &Sender<u64>, receiver: &Receiver<u64>, history: &History<Queue>) {
    match any(4) {
        0 | 1 => {
            let value = now();
            history.calls(OfQueue::Send(value), || {
                (tried_to_send(sender.try_send(value)), ())
            });
        }
        _ => history.calls(OfQueue::Receive, || {
            (tried_to_receive(receiver.try_recv()), ())
        }),
    }
}

/// Four who try, of whom one may close.
fn tried_by_four(make: fn() -> (Sender<u64>, Receiver<u64>), capacity: usize, closes: bool) {
    explore(move || {
        let (sender, receiver) = make();
        let history = History::new();
        let actors: Vec<_> = (0..4)
            .map(|which| {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                let history = history.clone();
                thread(move || {
                    for _ in 0..4 {
                        tries(&sender, &receiver, &history);
                    }
                    if closes && which == 0 {
                        history.calls(OfQueue::Close, || {
                            sender.close();
                            (Done::Yes, ())
                        });
                    }
                })
            })
            .collect();
        join(actors);
        history.explained(Queue::new(capacity));
    });
}

#[test]
fn one_place_is_a_queue_for_all_who_try() {
    tried_by_four(|| bounded(1), 1, false);
}

#[test]
fn two_places_are_a_queue_for_all_who_try() {
    tried_by_four(|| bounded(2), 2, false);
}

#[test]
fn three_places_are_a_queue_for_all_who_try_until_it_is_closed() {
    tried_by_four(|| bounded(3), 3, true);
}

#[test]
fn no_bound_is_a_queue_for_all_who_try() {
    tried_by_four(unbounded, usize::MAX, false);
}

#[test]
fn no_bound_is_a_queue_for_all_who_try_until_it_is_closed() {
    tried_by_four(unbounded, usize::MAX, true);
}

/// Two send and two receive as many, some as tasks, so all of them come to an end.
fn waited_for(make: fn() -> (Sender<u64>, Receiver<u64>), capacity: usize) {
    explore(move || {
        let (sender, receiver) = make();
        let history = History::<Queue>::new();
        let mut actors = Vec::new();
        for task_too in [false, true] {
            let (sender, sends) = (sender.clone(), history.clone());
            let (receiver, receives) = (receiver.clone(), history.clone());
            if task_too {
                actors.push(task(move || async move {
                    for _ in 0..4 {
                        let value = now();
                        let called = now();
                        sender.send_async(value).await.unwrap();
                        sends.note(called, OfQueue::Send(value), Done::Yes);
                    }
                }));
                actors.push(task(move || async move {
                    for _ in 0..4 {
                        let called = now();
                        let value = receiver.recv_async().await.unwrap();
                        receives.note(called, OfQueue::Receive, Done::Value(value));
                    }
                }));
            } else {
                actors.push(thread(move || {
                    for _ in 0..4 {
                        let value = now();
                        let send = || (sender.send(value).map_or(Done::Closed, |()| Done::Yes), ());
                        sends.calls(OfQueue::Send(value), send);
                    }
                }));
                actors.push(thread(move || {
                    for _ in 0..4 {
                        let receive = || (Done::Value(receiver.recv().unwrap()), ());
                        receives.calls(OfQueue::Receive, receive);
                    }
                }));
            }
        }
        join(actors);
        history.explained(Queue::new(capacity));
    });
}

#[test]
fn one_place_is_a_queue_for_all_who_wait() {
    waited_for(|| bounded(1), 1);
}

#[test]
fn two_places_are_a_queue_for_all_who_wait() {
    waited_for(|| bounded(2), 2);
}

#[test]
fn no_bound_is_a_queue_for_all_who_wait() {
    waited_for(unbounded, usize::MAX);
}

#[test]
fn one_to_one_is_a_queue() {
    explore(|| {
        let (sender, receiver) = spsc(2);
        let history = History::<Queue>::new();
        let (sends, receives) = (history.clone(), history.clone());
        let sends = thread(move || {
            let mut sender = sender;
            for _ in 0..8 {
                let value = now();
                sends.calls(OfQueue::Send(value), || {
                    (tried_to_send(sender.try_send(value)), ())
                });
            }
            sender
        });
        let receives = thread(move || {
            let mut receiver = receiver;
            for _ in 0..8 {
                receives.calls(OfQueue::Receive, || {
                    (tried_to_receive(receiver.try_recv()), ())
                });
            }
            receiver
        });
        // Neither is dropped before both are done: that would close the channel.
        let _ends = (sends.join().unwrap(), receives.join().unwrap());
        history.explained(Queue::new(2));
    });
}
