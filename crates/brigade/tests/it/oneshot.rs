//! One value: the same test names over every mix of threads and tasks, then what is of one kind only.

mod polled;

use crate::allocations;
use crate::sides::Side::{self, Task, Thread};
use crate::sides::until_waiting;
use brigade::channel::oneshot::{
    ClosedDeadlineFuture, ClosedFuture, OwnedRecvFuture, Receiver, RecvDeadlineFuture, RecvFuture,
    Sender,
};
use brigade::channel::{RecvError, RecvTimeoutError, TryRecvError, oneshot};
use polled::poll;
use std::cell::Cell;
use std::future::IntoFuture;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Who sends (or waits for the receiver's end), and who receives.
#[derive(Clone, Copy)]
struct Case {
    sends: Side,
    receives: Side,
}

const SOON: Duration = Duration::from_millis(2);
/// Reached only if something is lost: then the test fails instead of hanging.
const FOREVER: Duration = Duration::from_secs(60);

async fn recv<T>(side: Side, receiver: Receiver<T>) -> Result<T, RecvError> {
    match side {
        Thread => receiver.recv(),
        Task => receiver.await,
    }
}

async fn recv_timeout<T>(
    side: Side,
    receiver: &mut Receiver<T>,
    timeout: Duration,
) -> Result<T, RecvTimeoutError> {
    match side {
        Thread => receiver.recv_timeout(timeout),
        Task => receiver.recv_timeout_async(timeout).await,
    }
}

async fn closed<T>(side: Side, sender: &Sender<T>) {
    assert!(match side {
        Thread => sender.closed(),
        Task => sender.closed_async().await,
    });
}

async fn closed_timeout<T>(side: Side, sender: &Sender<T>, timeout: Duration) -> bool {
    match side {
        Thread => sender.closed_timeout(timeout),
        Task => sender.closed_timeout_async(timeout).await,
    }
}

/// Other tests wait in this file at the same time; nobody is hurt if this returns a little early.
fn until_waiting_here(waits_for: &str) {
    until_waiting(waits_for, file!(), 1);
}

fn a_value_that_was_sent_before_is_received(case: Case) {
    let (sender, receiver) = oneshot();
    case.sends.run(async move { sender.send(7).unwrap() });
    let received = case
        .receives
        .run(async move { recv(case.receives, receiver).await });
    assert_eq!(received, Ok(7));
}

fn a_receive_waits_for_the_value(case: Case) {
    let (sender, receiver) = oneshot();
    let asks = case
        .receives
        .spawn(async move { recv(case.receives, receiver).await });
    until_waiting_here("oneshot recv");
    case.sends.run(async move { sender.send(7).unwrap() });
    assert_eq!(asks.join(), Ok(7));
}

fn a_sender_that_is_dropped_ends_the_receive(case: Case) {
    let (sender, receiver) = oneshot::<i32>();
    let asks = case
        .receives
        .spawn(async move { recv(case.receives, receiver).await });
    until_waiting_here("oneshot recv");
    case.sends.run(async move { drop(sender) });
    assert_eq!(asks.join(), Err(RecvError::Closed));
}

fn a_timeout_keeps_the_receiver(case: Case) {
    let (sender, mut receiver) = oneshot();
    let (timed_out, mut receiver) = case.receives.run(async move {
        let timed_out = recv_timeout(case.receives, &mut receiver, SOON).await;
        (timed_out, receiver)
    });
    assert_eq!(timed_out, Err(RecvTimeoutError::Timeout));
    case.sends.run(async move { sender.send(7).unwrap() });
    let received = case.receives.run(async move {
        let first = recv_timeout(case.receives, &mut receiver, FOREVER).await;
        (
            first,
            recv_timeout(case.receives, &mut receiver, FOREVER).await,
        )
    });
    assert_eq!(received, (Ok(7), Err(RecvTimeoutError::Closed)));
}

fn a_value_in_time_beats_the_timeout(case: Case) {
    for timeout in [FOREVER, Duration::MAX] {
        let (sender, mut receiver) = oneshot();
        let asks = case
            .receives
            .spawn(async move { recv_timeout(case.receives, &mut receiver, timeout).await });
        until_waiting_here("oneshot recv");
        case.sends.run(async move { sender.send(7).unwrap() });
        assert_eq!(asks.join(), Ok(7));
    }
}

fn a_sender_waits_for_the_receiver_to_go(case: Case) {
    let (sender, receiver) = oneshot::<i32>();
    assert!(!sender.is_closed());
    let watches = case.sends.spawn(async move {
        closed(case.sends, &sender).await;
        sender
    });
    until_waiting_here("oneshot closed");
    case.receives.run(async move { drop(receiver) });
    let sender = watches.join();
    assert!(sender.is_closed());
    assert_eq!(sender.send(1).unwrap_err().into_inner(), 1);
}

fn a_sender_waits_for_the_receiver_to_close(case: Case) {
    let (sender, mut receiver) = oneshot();
    let watches = case.sends.spawn(async move {
        assert!(closed_timeout(case.sends, &sender, FOREVER).await);
        sender.send(1).unwrap_err().into_inner()
    });
    until_waiting_here("oneshot closed");
    assert!(receiver.close());
    assert_eq!(watches.join(), 1);
    let received = case
        .receives
        .run(async move { recv(case.receives, receiver).await });
    assert_eq!(received, Err(RecvError::Closed));
}

fn a_sender_tires_of_waiting_and_sends(case: Case) {
    let (sender, receiver) = oneshot();
    case.sends.run(async move {
        assert!(!closed_timeout(case.sends, &sender, SOON).await);
        assert!(!closed_timeout(case.sends, &sender, Duration::ZERO).await);
        sender.send(7).unwrap();
    });
    let received = case
        .receives
        .run(async move { recv(case.receives, receiver).await });
    assert_eq!(received, Ok(7));
}

fn many_wait_for_the_receiver_to_go(case: Case) {
    let (sender, receiver) = oneshot::<i32>();
    let sender = Arc::new(sender);
    let watches: Vec<_> = (0..3)
        .map(|_| {
            let sender = Arc::clone(&sender);
            case.sends
                .spawn(async move { closed(case.sends, &sender).await })
        })
        .collect();
    until_waiting_here("oneshot closed");
    case.receives.run(async move { drop(receiver) });
    for watch in watches {
        watch.join();
    }
}

/// Every question gets its own answer, and every pair is freed under whatever the schedule brings.
fn many_questions_are_answered(case: Case) {
    let (questions, inbox) = brigade::channel::bounded::<(usize, Sender<Box<usize>>)>(4);
    let server = case.sends.spawn(async move {
        while let Ok((number, reply)) = case.sends.recv(&inbox).await {
            match number % 8 {
                0 => drop(reply),
                // Who asked may have gone.
                _ => drop(reply.send(Box::new(number))),
            }
        }
    });
    let answered = case.receives.run(async move {
        let mut answered = 0;
        for number in 0..2000 {
            let (reply, mut answer) = oneshot();
            assert!(
                case.receives
                    .send(&questions, (number, reply))
                    .await
                    .is_ok()
            );
            let received = match number % 3 {
                0 => continue,
                1 => recv(case.receives, answer).await.ok(),
                _ => match recv_timeout(case.receives, &mut answer, Duration::ZERO).await {
                    Err(RecvTimeoutError::Timeout) => recv(case.receives, answer).await.ok(),
                    other => other.ok(),
                },
            };
            assert_eq!(received.is_some(), number % 8 != 0);
            assert!(received.is_none_or(|received| *received == number));
            answered += 1;
        }
        answered
    });
    server.join();
    assert_eq!(answered, 1333);
}

macro_rules! suite {
    ($($test:ident)*) => {
        macro_rules! case {
            ($name:ident: $sends:ident -> $receives:ident) => {
                mod $name {
                    use super::*;
                    const CASE: Case = Case { sends: $sends, receives: $receives };
                    $(#[test] fn $test() { super::$test(CASE) })*
                }
            };
        }
    };
}

suite! {
    a_value_that_was_sent_before_is_received
    a_receive_waits_for_the_value
    a_sender_that_is_dropped_ends_the_receive
    a_timeout_keeps_the_receiver
    a_value_in_time_beats_the_timeout
    a_sender_waits_for_the_receiver_to_go
    a_sender_waits_for_the_receiver_to_close
    a_sender_tires_of_waiting_and_sends
    many_wait_for_the_receiver_to_go
    many_questions_are_answered
}

case!(threads: Thread -> Thread);
case!(tasks: Task -> Task);
case!(thread_to_task: Thread -> Task);
case!(task_to_thread: Task -> Thread);

#[test]
fn a_receive_without_waiting_says_what_there_is() {
    let (sender, mut receiver) = oneshot();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(7).unwrap();
    assert_eq!(receiver.try_recv(), Ok(7));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
    let (sender, mut receiver) = oneshot::<i32>();
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_deadline_in_the_past_tries_once() {
    let past = Instant::now();
    let (sender, mut receiver) = oneshot();
    assert_eq!(receiver.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    assert!(!sender.closed_deadline(past));
    sender.send(7).unwrap();
    assert_eq!(receiver.recv_deadline(past), Ok(7));
    let (sender, mut receiver) = oneshot();
    Task.run(async move {
        assert!(!sender.closed_deadline_async(past).await);
        let early = receiver.recv_deadline_async(past).await;
        assert_eq!(early, Err(RecvTimeoutError::Timeout));
        sender.send(7).unwrap();
        assert_eq!(receiver.recv_deadline_async(past).await, Ok(7));
    });
}

#[test]
fn close_ends_sending_and_keeps_what_was_sent() {
    let (sender, mut receiver) = oneshot();
    sender.send(7).unwrap();
    assert!(!receiver.close(), "nothing more could be sent");
    assert!(!receiver.close());
    assert_eq!(receiver.recv(), Ok(7));
    let (sender, mut receiver) = oneshot();
    assert!(receiver.close());
    assert!(!receiver.close(), "it was closed before");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert!(sender.is_closed());
    assert_eq!(sender.send(7).unwrap_err().into_inner(), 7);
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
    let (sender, mut receiver) = oneshot::<i32>();
    assert!(receiver.close());
    drop(sender);
    assert_eq!(receiver.recv(), Err(RecvError::Closed));
}

#[test]
fn debug_tells_what_is_known() {
    let (sender, receiver) = oneshot::<Cell<i32>>();
    assert_eq!(format!("{sender:?}"), "Sender { closed: false }");
    assert_eq!(format!("{receiver:?}"), "Receiver { .. }");
    drop(receiver);
    assert_eq!(format!("{sender:?}"), "Sender { closed: true }");
}

/// Counts how often it is dropped.
#[derive(Debug)]
struct Bucket(Arc<AtomicUsize>);

impl Drop for Bucket {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn every_value_is_dropped_once_and_in_time() {
    let drops = Arc::new(AtomicUsize::new(0));
    let bucket = || Bucket(Arc::clone(&drops));
    let dropped = || drops.swap(0, Relaxed);
    let (sender, receiver) = oneshot();
    sender.send(bucket()).unwrap();
    assert_eq!(dropped(), 0);
    drop(receiver);
    assert_eq!(dropped(), 1, "nobody can receive it any more");
    let (sender, mut receiver) = oneshot();
    sender.send(bucket()).unwrap();
    let received = receiver.try_recv();
    drop(receiver);
    assert_eq!(dropped(), 0, "it has been received");
    drop(received);
    assert_eq!(dropped(), 1);
    let (sender, receiver) = oneshot();
    drop(receiver);
    let refused = sender.send(bucket());
    assert_eq!(dropped(), 0, "it has come back");
    drop(refused);
    assert_eq!(dropped(), 1);
    let (sender, receiver) = oneshot();
    sender.send(bucket()).unwrap();
    drop(receiver.into_future());
    assert_eq!(dropped(), 1);
}

#[test]
fn values_of_no_size_and_of_large_size_arrive() {
    let (sender, receiver) = oneshot();
    sender.send(()).unwrap();
    assert_eq!(receiver.recv(), Ok(()));
    let (sender, receiver) = oneshot();
    sender.send([7_u8; 4096]).unwrap();
    assert_eq!(receiver.recv(), Ok([7; 4096]));
}

#[test]
fn a_pair_is_one_allocation_and_waiting_is_none() {
    let count = allocations::during(|| {
        let (sender, receiver) = oneshot();
        sender.send(7).unwrap();
        assert_eq!(receiver.recv(), Ok(7));
    });
    assert_eq!(count, 1);
    let count = allocations::during(|| {
        let (sender, receiver) = oneshot();
        let mut recv = pin!(receiver.into_future());
        assert!(poll(recv.as_mut()).is_pending());
        assert!(poll(pin!(sender.closed_async())).is_pending());
        sender.send(7).unwrap();
        assert_eq!(poll(recv), Poll::Ready(Ok(7)));
    });
    assert_eq!(count, 1);
    let (sender, mut receiver) = oneshot::<i32>();
    crate::sides::sleep_once();
    let count = allocations::during(|| {
        let short = Duration::from_micros(100);
        assert!(!sender.closed_timeout(short));
        assert_eq!(receiver.recv_timeout(short), Err(RecvTimeoutError::Timeout));
    });
    assert_eq!(count, 0);
}

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn unpin<T: Unpin>() {}

#[test]
fn ends_of_values_that_are_send_are_send_and_sync() {
    // `Cell` is `Send` and not `Sync`: nothing may ask for more than `Send`.
    type Value = Cell<u8>;
    send::<Sender<Value>>();
    sync::<Sender<Value>>();
    unpin::<Sender<Value>>();
    send::<Receiver<Value>>();
    sync::<Receiver<Value>>();
    unpin::<Receiver<Value>>();
    send::<RecvFuture<'_, Value>>();
    send::<OwnedRecvFuture<Value>>();
    send::<RecvDeadlineFuture<'_, Value>>();
    send::<ClosedFuture<'_, Value>>();
    send::<ClosedDeadlineFuture<'_, Value>>();
}

/// Compiles only for a type that is neither `Send` nor `Sync`: else `_` could be two things.
macro_rules! stays_on_its_thread {
    ($type:ty) => {{
        trait Either<Marker> {
            fn holds() {}
        }
        impl<T: ?Sized> Either<()> for T {}
        struct IsSend;
        impl<T: ?Sized + Send> Either<IsSend> for T {}
        struct IsSync;
        impl<T: ?Sized + Sync> Either<IsSync> for T {}
        <$type as Either<_>>::holds();
    }};
}

#[test]
fn ends_of_values_that_stay_on_their_thread_stay_there_too() {
    type Value = Rc<u8>;
    stays_on_its_thread!(Sender<Value>);
    stays_on_its_thread!(Receiver<Value>);
    stays_on_its_thread!(RecvFuture<'static, Value>);
    stays_on_its_thread!(OwnedRecvFuture<Value>);
    stays_on_its_thread!(RecvDeadlineFuture<'static, Value>);
    stays_on_its_thread!(ClosedFuture<'static, Value>);
    stays_on_its_thread!(ClosedDeadlineFuture<'static, Value>);
}
