//! What a broadcast channel does with its values: clones, drops, and which of them may cross threads.

use super::{SIDES, poll, recv};
use crate::allocations;
use brigade::channel;
use brigade::channel::broadcast::{
    IntoIter, Iter, Receiver, RecvDeadlineFuture, RecvError, RecvFuture, RecvStream, SendError,
    Sender, TryIter,
};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

/// A value that counts its clones and drops, and does in them what it is told.
struct Tracked {
    number: usize,
    alive: Arc<AtomicUsize>,
    on_clone: Arc<dyn Fn(usize) + Send + Sync>,
}

impl Tracked {
    fn new(number: usize, alive: &Arc<AtomicUsize>) -> Self {
        Self::with(number, alive, Arc::new(|_| ()))
    }

    fn with(
        number: usize,
        alive: &Arc<AtomicUsize>,
        on_clone: Arc<dyn Fn(usize) + Send + Sync>,
    ) -> Self {
        alive.fetch_add(1, Relaxed);
        Self {
            number,
            alive: Arc::clone(alive),
            on_clone,
        }
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        (self.on_clone)(self.number);
        Self::with(self.number, &self.alive, Arc::clone(&self.on_clone))
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
    }
}

#[test]
fn a_value_is_dropped_when_it_is_overtaken_and_with_the_last_receiver() {
    let alive = Arc::default();
    let (sender, mut receiver) = channel::broadcast(3);
    for number in 1..=5 {
        sender.send(Tracked::new(number, &alive)).ok().unwrap();
        assert_eq!(alive.load(Relaxed), number.min(3));
    }
    let other = receiver.clone();
    assert!(receiver.recv().is_err());
    drop(receiver.recv());
    assert_eq!(alive.load(Relaxed), 3);
    drop(receiver);
    assert_eq!(alive.load(Relaxed), 3);
    drop(other);
    assert_eq!(alive.load(Relaxed), 0);
    // Once more, from another position on, and now the sender goes last.
    let receiver = sender.subscribe();
    sender.send(Tracked::new(6, &alive)).ok().unwrap();
    assert_eq!(alive.load(Relaxed), 1);
    drop(receiver);
    assert_eq!(alive.load(Relaxed), 0);
    assert!(sender.send(Tracked::new(7, &alive)).is_err());
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn what_a_channel_keeps_is_dropped_with_it() {
    for sent in 0..6 {
        let alive = Arc::default();
        let (sender, receiver) = channel::broadcast(3);
        for number in 0..sent {
            sender.send(Tracked::new(number, &alive)).ok().unwrap();
        }
        drop(sender);
        assert_eq!(alive.load(Relaxed), sent.min(3));
        drop(receiver);
        assert_eq!(alive.load(Relaxed), 0);
    }
}

/// The receiver is in the middle of a clone when its value is overtaken many times: the sender does not wait,
/// and the value is dropped when the clone is done.
#[test]
fn a_value_that_is_overtaken_while_it_is_cloned_stays_until_then() {
    for capacity in [1, 2] {
        let alive = Arc::<AtomicUsize>::default();
        let (sender, receiver) = channel::broadcast(capacity);
        let (started, is_started) = channel::bounded(1);
        let (go_on, may_go_on) = channel::bounded::<()>(1);
        let on_clone: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |_| {
            started.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
        sender
            .send(Tracked::with(0, &alive, on_clone))
            .ok()
            .unwrap();
        let mut slow = receiver.clone();
        let consumer = thread::spawn(move || {
            let first = slow.recv().ok().unwrap().number;
            (first, slow.recv().map(|value| value.number))
        });
        is_started.recv().unwrap();
        let last = 3 * capacity;
        for number in 1..=last {
            sender.send(Tracked::new(number, &alive)).ok().unwrap();
        }
        assert_eq!(alive.load(Relaxed), capacity + 1);
        go_on.send(()).unwrap();
        let lost = (last - capacity) as u64;
        let received = consumer.join().unwrap();
        assert_eq!(received, (0, Err(RecvError::Lagged(lost))));
        assert_eq!(alive.load(Relaxed), capacity);
        // The place it has had is used again: nothing is left over.
        for number in 1..=last {
            sender.send(Tracked::new(number, &alive)).ok().unwrap();
        }
        assert_eq!(alive.load(Relaxed), capacity);
        drop((sender, receiver));
        assert_eq!(alive.load(Relaxed), 0);
    }
}

/// A clone may use the channel it comes from: nothing is locked, even where there is one place only.
#[test]
fn a_clone_may_send_and_receive_on_its_own_channel() {
    let alive = Arc::default();
    let (sender, mut receiver) = channel::broadcast::<Tracked>(1);
    let inner = Mutex::new(receiver.clone());
    let handles = Arc::new(Mutex::new(Some((sender.clone(), inner))));
    let in_clone = Arc::clone(&handles);
    let counter = Arc::clone(&alive);
    let on_clone: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |_| {
        // Once: the clone that is made in here finds nothing to do.
        let Some((sender, receiver)) = in_clone.lock().unwrap().take() else {
            return;
        };
        let mut receiver = receiver.into_inner().unwrap();
        assert_eq!(receiver.recv().ok().unwrap().number, 1);
        sender.send(Tracked::new(2, &counter)).ok().unwrap();
        assert_eq!(receiver.recv().ok().unwrap().number, 2);
    });
    sender
        .send(Tracked::with(1, &alive, on_clone))
        .ok()
        .unwrap();
    assert_eq!(receiver.recv().ok().unwrap().number, 1);
    assert_eq!(receiver.recv().ok().unwrap().number, 2);
    assert!(handles.lock().unwrap().is_none());
    drop((sender, receiver));
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn a_clone_that_panics_has_received_nothing() {
    for side in SIDES {
        let alive = Arc::default();
        let (sender, mut receiver) = channel::broadcast(1);
        let fails = Arc::new(AtomicUsize::new(2));
        let on_clone: Arc<dyn Fn(usize) + Send + Sync> = Arc::new(move |_| {
            let left = fails.load(Relaxed);
            fails.store(left.saturating_sub(1), Relaxed);
            assert!(left == 0, "cloning fails {left} times more");
        });
        sender
            .send(Tracked::with(1, &alive, on_clone))
            .ok()
            .unwrap();
        for _ in 0..2 {
            let received = catch_unwind(AssertUnwindSafe(|| {
                futures::executor::block_on(recv(side, &mut receiver))
            }));
            assert!(received.is_err());
            assert_eq!(receiver.len(), 1);
        }
        let received = futures::executor::block_on(recv(side, &mut receiver));
        assert_eq!(received.ok().unwrap().number, 1);
        // No pin is left behind: the place is used again.
        let sent = allocations::during(|| {
            sender.send(Tracked::new(2, &alive)).ok().unwrap();
        });
        assert_eq!(sent, 1, "the value's own allocation and no more");
        assert_eq!(alive.load(Relaxed), 1);
    }
}

/// A future whose value panics while it is cloned, after a wait, can be polled again.
#[test]
fn a_future_survives_a_clone_that_panics() {
    let alive = Arc::default();
    let (sender, mut receiver) = channel::broadcast(1);
    let mut recv = Box::pin(receiver.recv_async());
    assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
    let fails = AtomicUsize::new(1);
    let on_clone: Arc<dyn Fn(usize) + Send + Sync> =
        Arc::new(move |_| assert!(fails.swap(0, Relaxed) == 0, "cloning fails once"));
    sender
        .send(Tracked::with(1, &alive, on_clone))
        .ok()
        .unwrap();
    let polled = catch_unwind(AssertUnwindSafe(|| poll(recv.as_mut(), Waker::noop())));
    assert!(polled.is_err());
    let Poll::Ready(Ok(value)) = poll(recv.as_mut(), Waker::noop()) else {
        panic!("the value is still there");
    };
    assert_eq!(value.number, 1);
}

/// Panics when the last of its clones is dropped.
#[derive(Clone)]
struct Bomb {
    _fuse: Arc<Explodes>,
}

struct Explodes;

impl Drop for Explodes {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_drop_that_panics_costs_nobody_anything() {
    let bomb = || {
        Some(Bomb {
            _fuse: Arc::new(Explodes),
        })
    };
    let (sender, mut receiver) = channel::broadcast(1);
    assert_eq!(sender.send(bomb()).ok(), Some(1));
    // The sender drops what it overtakes.
    assert_eq!(sender.send(None).ok(), Some(1));
    assert!(matches!(receiver.recv(), Err(RecvError::Lagged(1))));
    assert!(matches!(receiver.recv(), Ok(None)));
    // The last receiver, and the channel itself, drop what is kept.
    assert_eq!(sender.send(bomb()).ok(), Some(1));
    drop(receiver);
    let receiver = sender.subscribe();
    assert_eq!(sender.send(bomb()).ok(), Some(1));
    drop(sender);
    drop(receiver);
}

/// Receivers come and go, so that the last of them is often in the middle of cleaning up.
#[test]
fn receivers_that_come_and_go_see_only_what_is_sent_after_them() {
    let alive = Arc::<AtomicUsize>::default();
    let (sender, receiver) = channel::broadcast(2);
    drop(receiver);
    let (producer, counter) = (sender.clone(), Arc::clone(&alive));
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let producer = thread::spawn(move || {
        for number in 1..=20_000 {
            // No receiver at this moment: the value comes back and is dropped here.
            drop(producer.send(Tracked::new(number, &counter)));
            count.store(number, Relaxed);
        }
    });
    let consumers: Vec<_> = (0..2)
        .map(|_| {
            let (sender, sent) = (sender.clone(), Arc::clone(&sent));
            thread::spawn(move || {
                while sent.load(Relaxed) < 20_000 {
                    let before = sent.load(Relaxed);
                    let mut receiver = sender.subscribe();
                    for item in receiver.try_iter().take(3).flatten() {
                        assert!(item.number > before);
                    }
                }
            })
        })
        .collect();
    producer.join().unwrap();
    for consumer in consumers {
        consumer.join().unwrap();
    }
    drop(sender);
    assert_eq!(alive.load(Relaxed), 0);
}

#[test]
fn handles_and_futures_of_values_that_are_send_and_sync_cross_threads() {
    fn crosses<T: Send>() {}
    fn is_shared<T: Sync>() {}
    crosses::<Sender<u8>>();
    is_shared::<Sender<u8>>();
    crosses::<Receiver<u8>>();
    is_shared::<Receiver<u8>>();
    crosses::<RecvFuture<'_, u8>>();
    crosses::<RecvDeadlineFuture<'_, u8>>();
    crosses::<RecvStream<u8>>();
    crosses::<Iter<'_, u8>>();
    crosses::<TryIter<'_, u8>>();
    crosses::<IntoIter<u8>>();
    crosses::<SendError<u8>>();
}

/// Asks the compiler: the inherent constant, if its bound holds, goes before the one of the trait.
struct Crosses<T: ?Sized>(PhantomData<T>);

trait StaysOnItsThread {
    const IS_SEND: bool = false;
    const IS_SYNC: bool = false;
}

impl<T: ?Sized> StaysOnItsThread for Crosses<T> {}

impl<T: ?Sized + Send> Crosses<T> {
    const IS_SEND: bool = true;
}

impl<T: ?Sized + Sync> Crosses<T> {
    const IS_SYNC: bool = true;
}

/// Whether a type is `Send`, and whether it is `Sync`.
macro_rules! crosses_threads {
    ($type:ty) => {
        (Crosses::<$type>::IS_SEND, Crosses::<$type>::IS_SYNC)
    };
}

/// Several receivers clone one value at the same time, so `Send` alone is not enough.
#[test]
fn values_that_are_not_send_and_sync_stay_on_their_thread() {
    type OnlySend = std::cell::Cell<u8>;
    type OnlySync = std::sync::MutexGuard<'static, u8>;
    assert_eq!(crosses_threads!(Sender<u8>), (true, true));
    assert_eq!(crosses_threads!(Sender<OnlySend>), (false, false));
    assert_eq!(crosses_threads!(Receiver<OnlySend>), (false, false));
    assert_eq!(crosses_threads!(Sender<OnlySync>), (false, false));
    assert_eq!(crosses_threads!(Receiver<OnlySync>), (false, false));
    assert_eq!(crosses_threads!(RecvStream<OnlySend>), (false, false));
    assert_eq!(
        crosses_threads!(RecvFuture<'static, OnlySend>),
        (false, false)
    );
    assert_eq!(crosses_threads!(IntoIter<OnlySend>), (false, false));
}
