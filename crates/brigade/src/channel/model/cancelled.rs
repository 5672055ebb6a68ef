//! Loom's proof for waits that are cancelled: what comes at the same moment is received, or is still there, and
//! nobody else sleeps beside it.

use crate::channel::{Receiver, RecvError, SendError, bounded, oneshot};
use crate::prim::{StdArc, three_threads};
use crate::select::{Select, SelectError};
use crate::wait::Source;
use loom::future::block_on;
use loom::thread;

/// Receives under `source`, as a thread or as a task.
fn recv(
    receiver: &Receiver<i32>,
    source: &StdArc<Source>,
    in_task: bool,
) -> Result<i32, RecvError> {
    if in_task {
        block_on(source.awaits(receiver.recv_async()))
    } else {
        source.under(|| receiver.recv())
    }
}

/// The value is received, or is still in the channel; at capacity 0, it is received or comes back.
fn a_value_that_comes_with_a_cancel_is_not_lost(capacity: usize, in_task: bool) {
    let (sender, receiver) = bounded(capacity);
    let source = Source::new();
    let hasty = {
        let (receiver, source) = (receiver.clone(), StdArc::clone(&source));
        thread::spawn(move || recv(&receiver, &source, in_task))
    };
    let sent = sender.try_send(1).is_ok();
    source.fire();
    let received = match hasty.join().unwrap() {
        Ok(value) => Some(value),
        Err(error) => {
            assert_eq!(error, RecvError::Cancelled);
            receiver.try_recv().ok()
        }
    };
    assert_eq!(received, sent.then_some(1));
    assert!(capacity == 0 || sent);
    if capacity == 0 {
        assert!(sender.try_send(2).is_err(), "nobody asks");
    }
}

#[test]
fn a_value_that_comes_with_a_cancel_is_not_lost_by_a_thread() {
    for capacity in [0, 1] {
        loom::model(move || a_value_that_comes_with_a_cancel_is_not_lost(capacity, false));
    }
}

#[test]
fn a_value_that_comes_with_a_cancel_is_not_lost_by_a_task() {
    for capacity in [0, 1] {
        loom::model(move || a_value_that_comes_with_a_cancel_is_not_lost(capacity, true));
    }
}

/// One value, one who is cancelled, one who waits on: somebody has it.
#[test]
fn a_value_reaches_the_other_when_one_is_cancelled() {
    for in_task in [false, true] {
        three_threads(move || {
            let (sender, receiver) = bounded(1);
            let source = Source::new();
            let patient = {
                let receiver = receiver.clone();
                thread::spawn(move || receiver.recv().unwrap())
            };
            let hasty = {
                let (sender, source) = (sender.clone(), StdArc::clone(&source));
                thread::spawn(move || {
                    if let Ok(value) = recv(&receiver, &source, in_task) {
                        sender.send(value).unwrap();
                    }
                })
            };
            sender.send(1).unwrap();
            source.fire();
            hasty.join().unwrap();
            assert_eq!(patient.join().unwrap(), 1);
        });
    }
}

/// It comes back, or is in the channel.
#[test]
fn a_send_that_is_cancelled_gives_its_value_back_once() {
    for in_task in [false, true] {
        loom::model(move || {
            let (sender, receiver) = bounded(1);
            sender.send(1).unwrap();
            let source = Source::new();
            let hasty = {
                let source = StdArc::clone(&source);
                thread::spawn(move || {
                    if in_task {
                        block_on(source.awaits(sender.send_async(2)))
                    } else {
                        source.under(|| sender.send(2))
                    }
                })
            };
            source.fire();
            assert_eq!(receiver.try_recv(), Ok(1));
            match hasty.join().unwrap() {
                Ok(()) => assert_eq!(receiver.try_recv(), Ok(2)),
                Err(error) => {
                    assert_eq!(error, SendError::Cancelled(2));
                    assert!(receiver.try_recv().is_err());
                }
            }
        });
    }
}

#[test]
fn a_select_that_is_cancelled_leaves_the_value_or_takes_it() {
    for in_task in [false, true] {
        loom::model(move || {
            let (a, b) = (bounded(1), bounded::<i32>(1));
            let source = Source::new();
            let hasty = {
                let (from_a, from_b) = (a.1.clone(), b.1.clone());
                let source = StdArc::clone(&source);
                thread::spawn(move || {
                    let mut select = Select::new()
                        .recv(&from_a, |value| value)
                        .recv(&from_b, |value| value);
                    if in_task {
                        block_on(source.awaits(select.wait_async()))
                    } else {
                        source.under(|| select.wait())
                    }
                })
            };
            a.0.send(1).unwrap();
            source.fire();
            match hasty.join().unwrap() {
                Ok(value) => assert_eq!(value, Ok(1)),
                Err(error) => {
                    assert_eq!(error, SelectError::Cancelled);
                    assert_eq!(a.1.try_recv(), Ok(1));
                }
            }
        });
    }
}

#[test]
fn a_oneshot_that_is_cancelled_still_has_its_value() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot();
        let source = Source::new();
        let hasty = {
            let source = StdArc::clone(&source);
            thread::spawn(move || {
                let received = block_on(source.awaits(receiver.recv_async()));
                received.or_else(|error| {
                    assert_eq!(error, RecvError::Cancelled);
                    receiver.recv()
                })
            })
        };
        source.fire();
        sender.send(1).unwrap();
        assert_eq!(hasty.join().unwrap(), Ok(1));
    });
}
