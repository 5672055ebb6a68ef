//! What may cross threads, in one table.

use brigade::channel::watch;
use brigade::channel::{
    Drain, IntoIter, Iter, Receiver, RecvDeadlineFuture, RecvFuture, RecvStream,
    SendDeadlineFuture, SendFuture, SendSink, Sender, TryIter, WeakReceiver, WeakSender,
};
use brigade::pool::{Job, JobError, JobFuture, Panic, Pool, Unfinished};
use brigade::wait::Waiter;
use std::cell::Cell;

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn unpin<T: Unpin>() {}

#[test]
fn handles_of_values_that_are_send_are_send_and_sync() {
    // `Cell` is `Send` and not `Sync`: no handle may ask for more than `Send`.
    type Value = Cell<u8>;
    send::<Sender<Value>>();
    sync::<Sender<Value>>();
    unpin::<Sender<Value>>();
    send::<Receiver<Value>>();
    sync::<Receiver<Value>>();
    unpin::<Receiver<Value>>();
    send::<WeakSender<Value>>();
    sync::<WeakSender<Value>>();
    send::<WeakReceiver<Value>>();
    sync::<WeakReceiver<Value>>();
    send::<Job<Value>>();
    sync::<Job<Value>>();
    send::<Pool>();
    sync::<Pool>();
}

#[test]
fn futures_of_values_that_are_send_are_send() {
    type Value = Cell<u8>;
    send::<SendFuture<'_, Value>>();
    send::<SendDeadlineFuture<'_, Value>>();
    send::<RecvFuture<'_, Value>>();
    send::<RecvDeadlineFuture<'_, Value>>();
    send::<RecvStream<Value>>();
    unpin::<RecvStream<Value>>();
    send::<SendSink<Value>>();
    unpin::<SendSink<Value>>();
    send::<JobFuture<Value>>();
    send::<Iter<'_, Value>>();
    send::<TryIter<'_, Value>>();
    send::<Drain<'_, Value>>();
    send::<IntoIter<Value>>();
}

/// The receivers of a watch channel look at one value together, so it must be `Sync` too.
#[test]
fn watch_handles_of_values_that_are_send_and_sync_are_both() {
    type Value = Box<u8>;
    send::<watch::Sender<Value>>();
    sync::<watch::Sender<Value>>();
    unpin::<watch::Sender<Value>>();
    send::<watch::Receiver<Value>>();
    sync::<watch::Receiver<Value>>();
    unpin::<watch::Receiver<Value>>();
    send::<watch::ChangedFuture<'_, Value>>();
    send::<watch::ChangedDeadlineFuture<'_, Value>>();
    send::<watch::ClosedFuture<'_, Value>>();
    send::<watch::ChangedStream<Value>>();
    unpin::<watch::ChangedStream<Value>>();
}

/// Does not compile if the type is `Send` or `Sync`: then there are two implementations to choose from.
macro_rules! neither_send_nor_sync {
    ($($type:ty),* $(,)?) => {{
        trait Ambiguous<Which> {
            fn one() {}
        }
        struct IfSend;
        struct IfSync;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + Send> Ambiguous<IfSend> for T {}
        impl<T: ?Sized + Sync> Ambiguous<IfSync> for T {}
        $(<$type as Ambiguous<_>>::one();)*
    }};
}

#[test]
fn watch_handles_of_other_values_stay_on_their_thread() {
    use std::sync::MutexGuard;
    neither_send_nor_sync!(
        watch::Sender<Cell<u8>>, // not `Sync`
        watch::Receiver<Cell<u8>>,
        watch::ChangedFuture<'_, Cell<u8>>,
        watch::ClosedFuture<'_, Cell<u8>>,
        watch::ChangedStream<Cell<u8>>,
        watch::Sender<MutexGuard<'_, u8>>, // not `Send`
        watch::Receiver<MutexGuard<'_, u8>>,
        watch::ChangedFuture<'_, MutexGuard<'_, u8>>,
        watch::ClosedFuture<'_, MutexGuard<'_, u8>>,
        watch::ChangedStream<MutexGuard<'_, u8>>,
    );
}

#[test]
fn errors_and_reports_are_send_and_sync() {
    send::<JobError>();
    sync::<JobError>();
    send::<Panic>();
    sync::<Panic>();
    send::<Unfinished>();
    sync::<Unfinished>();
    send::<watch::ChangedError>();
    sync::<watch::ChangedError>();
    send::<watch::TryChangedError>();
    sync::<watch::TryChangedError>();
    send::<watch::ChangedTimeoutError>();
    sync::<watch::ChangedTimeoutError>();
    send::<Waiter>();
    sync::<Waiter>();
}
