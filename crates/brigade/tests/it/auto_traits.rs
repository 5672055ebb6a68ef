//! What may cross threads, in one table.

use brigade::channel::spsc;
use brigade::channel::{
    IntoIter, Iter, Receiver, RecvDeadlineFuture, RecvFuture, RecvStream, SendDeadlineFuture,
    SendFuture, Sender, TryIter,
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
    send::<spsc::Sender<Value>>();
    sync::<spsc::Sender<Value>>();
    send::<spsc::Receiver<Value>>();
    sync::<spsc::Receiver<Value>>();
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
    send::<spsc::SendFuture<'_, Value>>();
    send::<spsc::SendDeadlineFuture<'_, Value>>();
    send::<spsc::SendManyFuture<'_, Value>>();
    send::<spsc::RecvFuture<'_, Value>>();
    send::<spsc::RecvDeadlineFuture<'_, Value>>();
    send::<spsc::RecvManyFuture<'_, Value>>();
    send::<spsc::RecvStream<Value>>();
    unpin::<spsc::RecvStream<Value>>();
    send::<JobFuture<Value>>();
    send::<Iter<'_, Value>>();
    send::<TryIter<'_, Value>>();
    send::<IntoIter<Value>>();
}

#[test]
fn errors_and_reports_are_send_and_sync() {
    send::<JobError>();
    sync::<JobError>();
    send::<Panic>();
    sync::<Panic>();
    send::<Unfinished>();
    sync::<Unfinished>();
    send::<Waiter>();
    sync::<Waiter>();
}
