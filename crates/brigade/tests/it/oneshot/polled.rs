//! Futures of one value polled by hand: dropped at every point, leaked, and woken by wakers of every kind.

use brigade::channel::oneshot::Receiver;
use brigade::channel::{RecvError, TryRecvError, oneshot};
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Counts wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

pub(super) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn poll_counted<F: Future>(future: Pin<&mut F>, count: &Arc<Count>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(count))))
}

#[test]
fn a_receive_dropped_after_any_number_of_polls_takes_nothing() {
    for polls in 0..3 {
        for sent_before in [false, true] {
            let (sender, mut receiver) = oneshot();
            let mut sender = Some(sender);
            {
                let mut recv = pin!(receiver.recv_async());
                for _ in 0..polls {
                    assert!(poll(recv.as_mut()).is_pending());
                }
                if sent_before {
                    sender.take().unwrap().send(polls).unwrap();
                }
            }
            if let Some(sender) = sender {
                sender.send(polls).unwrap();
            }
            assert_eq!(
                poll(pin!((&mut receiver).into_future())),
                Poll::Ready(Ok(polls))
            );
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
        }
    }
}

#[test]
fn an_owned_receive_that_is_dropped_makes_the_sender_fail() {
    for polls in 0..3 {
        let (sender, receiver) = oneshot();
        let count = Arc::default();
        let mut closed = Box::pin(sender.closed_async());
        assert!(poll_counted(closed.as_mut(), &count).is_pending());
        let mut recv = Box::pin(receiver.into_future());
        for _ in 0..polls {
            assert!(poll(recv.as_mut()).is_pending());
        }
        drop(recv);
        assert_eq!(count.0.load(Relaxed), 1);
        assert!(poll_counted(closed.as_mut(), &count).is_ready());
        drop(closed);
        assert_eq!(sender.send(polls).unwrap_err().into_inner(), polls);
    }
}

#[test]
fn a_dropped_wait_for_the_end_leaves_no_trace() {
    for polls in 0..3 {
        let (sender, mut receiver) = oneshot();
        {
            let mut closed = pin!(sender.closed_async());
            for _ in 0..polls {
                assert!(poll(closed.as_mut()).is_pending());
            }
        }
        sender.send(polls).unwrap();
        assert_eq!(receiver.try_recv(), Ok(polls));
    }
}

#[test]
fn the_last_waker_is_the_one_that_is_called() {
    let (sender, receiver) = oneshot();
    let (stale, fresh) = (Arc::default(), Arc::default());
    let mut recv = pin!(receiver.into_future());
    assert!(poll_counted(recv.as_mut(), &stale).is_pending());
    assert!(poll_counted(recv.as_mut(), &fresh).is_pending());
    sender.send(7).unwrap();
    assert_eq!((stale.0.load(Relaxed), fresh.0.load(Relaxed)), (0, 1));
    assert_eq!(poll(recv.as_mut()), Poll::Ready(Ok(7)));
    assert_eq!(poll(recv), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_leaked_future_takes_nobodys_wake() {
    let (sender, mut receiver) = oneshot();
    let (leaked, awake) = (Arc::default(), Arc::default());
    let mut forgotten = Box::pin(receiver.recv_async());
    assert!(poll_counted(forgotten.as_mut(), &leaked).is_pending());
    std::mem::forget(forgotten);
    let mut recv = pin!(receiver.into_future());
    assert!(poll_counted(recv.as_mut(), &awake).is_pending());
    sender.send(7).unwrap();
    assert_eq!(awake.0.load(Relaxed), 1);
    assert_eq!(poll(recv), Poll::Ready(Ok(7)));
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the application");
    }
}

#[test]
fn a_waker_that_panics_costs_the_other_side_nothing() {
    let broken = Waker::from(Arc::new(Panics));
    let cx = &mut Context::from_waker(&broken);
    let (sender, mut receiver) = oneshot();
    let mut recv = Box::pin(receiver.recv_async());
    assert!(recv.as_mut().poll(cx).is_pending());
    assert_eq!(sender.send(7), Ok(()));
    drop(recv);
    assert_eq!(receiver.recv(), Ok(7));
    let (sender, mut receiver) = oneshot::<i32>();
    let mut closed = Box::pin(sender.closed_async());
    assert!(closed.as_mut().poll(cx).is_pending());
    assert!(receiver.close());
    assert!(poll(closed.as_mut()).is_ready());
}

/// Receives and drops the receiver in the middle of being woken.
struct Takes(Mutex<Option<Receiver<i32>>>, AtomicUsize);

impl Wake for Takes {
    fn wake(self: Arc<Self>) {
        let receiver = self.0.lock().unwrap().take();
        let received = receiver.and_then(|mut receiver| receiver.try_recv().ok());
        self.1.store(received.unwrap_or(0) as usize, Relaxed);
    }
}

#[test]
fn a_waker_may_receive_and_drop_the_receiver() {
    let (sender, mut receiver) = oneshot();
    let takes = Arc::new(Takes(Mutex::new(None), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&takes));
    // Leaked, so that the receiver can move into the waker while it is waited for.
    let mut waiting = Box::pin(receiver.recv_async());
    assert!(
        waiting
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    std::mem::forget(waiting);
    *takes.0.lock().unwrap() = Some(receiver);
    sender.send(7).unwrap();
    assert_eq!(takes.1.load(Relaxed), 7);
}

#[test]
fn a_value_whose_drop_panics_hurts_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let (sender, receiver) = oneshot();
    assert!(sender.send(Bomb).is_ok());
    drop(receiver);
    let (sender, mut receiver) = oneshot();
    assert!(poll(pin!(receiver.recv_async())).is_pending());
    assert!(sender.send(Bomb).is_ok());
    drop(receiver.into_future());
}
