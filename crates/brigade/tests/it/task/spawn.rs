//! Tasks of their own: awaited, joined, aborted.

use super::{Census, alone, on_each, until, workers};
use brigade::cancel::{self, CancelToken};
use brigade::task::{JoinError, spawn};
use std::future::pending;
use std::time::Duration;

#[test]
fn a_result_is_awaited() {
    on_each(|| async {
        assert_eq!(spawn(async { 42 }).await.unwrap(), 42);
    });
}

#[test]
fn a_result_is_joined_by_a_thread() {
    let runtime = workers();
    let (open, gate) = brigade::channel::oneshot::<i32>();
    let _inside = runtime.enter();
    let task = spawn(async move { gate.await.unwrap() });
    let task = task.join_timeout(Duration::ZERO).unwrap_err();
    open.send(9).unwrap();
    assert_eq!(task.join().unwrap(), 9);
}

#[test]
fn a_panic_comes_as_an_error() {
    on_each(|| async {
        let task = spawn(async { panic!("rock") });
        let Err(JoinError::Panicked(panic)) = task.await else {
            unreachable!("it always panics")
        };
        assert_eq!(panic.message(), "rock");
    });
}

#[test]
fn a_handle_that_is_dropped_lets_the_task_go_on_unless_told_otherwise() {
    on_each(|| async {
        let census = Census::default();
        let (open, gate) = brigade::channel::bounded::<()>(1);
        let alive = census.enter();
        drop(spawn(async move {
            gate.recv_async().await.unwrap();
            drop(alive);
        }));
        let alive = census.enter();
        let guarded = spawn(async move {
            let _alive = alive;
            pending::<()>().await;
        });
        drop(guarded.abort_on_drop());
        until(|| census.count() == 1).await;
        open.send_async(()).await.unwrap();
        until(|| census.count() == 0).await;

        // As with the handle, so with the future that awaits it.
        let alive = census.enter();
        let guarded = spawn(async move {
            let _alive = alive;
            pending::<()>().await;
        });
        drop(guarded.abort_on_drop().into_future());
        until(|| census.count() == 0).await;
    });
}

#[test]
fn an_aborted_task_is_gone_when_the_joiner_knows() {
    on_each(|| async {
        let census = Census::default();
        let alive = census.enter();
        let task = spawn(async move {
            let _alive = alive;
            pending::<()>().await;
        });
        tokio::task::yield_now().await;
        task.abort();
        assert!(matches!(task.await, Err(JoinError::Aborted)));
        assert_eq!(census.count(), 0);
    });
}

#[test]
fn a_cancelled_wait_ends_and_the_task_begins_under_no_token() {
    let token = CancelToken::new();
    let runtime = alone();
    token.within(|| {
        runtime.block_on(async {
            let free = spawn(async { cancel::current().is_none() });
            assert!(free.await.unwrap());
            let task = spawn(pending::<()>());
            token.cancel();
            assert!(matches!(task.await, Err(JoinError::WaitCancelled)));
        });
    });
}
