//! What a wait costs: a blocked operation allocates nothing, and a sleeper uses no processor. And what a
//! burst leaves: hardly any memory.

use crate::allocations;
use crate::sides::sleep_once;
use brigade::channel::{after, bounded, unbounded};
use brigade::wait::waiters;
use std::future::Future;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

#[test]
fn a_blocked_thread_allocates_nothing() {
    let (sender, receiver) = bounded(1);
    sleep_once();
    assert!(receiver.recv_timeout(Duration::ZERO).is_err());
    let count = allocations::during(|| {
        assert!(receiver.recv_timeout(Duration::from_micros(100)).is_err());
        sender.send(1).unwrap();
        assert!(sender.send_timeout(2, Duration::from_micros(100)).is_err());
    });
    assert_eq!(count, 0);
}

#[test]
fn a_blocked_task_allocates_nothing() {
    let (sender, receiver) = bounded(1);
    let mut cx = Context::from_waker(Waker::noop());
    let count = allocations::during(|| {
        let mut recv = std::pin::pin!(receiver.recv_async());
        assert!(recv.as_mut().poll(&mut cx).is_pending());
        sender.try_send(1).unwrap();
        assert!(recv.as_mut().poll(&mut cx).is_ready());
        sender.try_send(1).unwrap();
        let mut send = std::pin::pin!(sender.send_async(2));
        assert!(send.as_mut().poll(&mut cx).is_pending());
    });
    assert_eq!(count, 0);
}

#[test]
fn a_task_blocked_until_a_deadline_allocates_nothing() {
    let (_sender, receiver) = bounded::<i32>(1);
    let mut cx = Context::from_waker(Waker::noop());
    let hour = Duration::from_secs(3600);
    let wait = |cx: &mut Context<'_>| {
        let mut recv = std::pin::pin!(receiver.recv_timeout_async(hour));
        assert!(recv.as_mut().poll(cx).is_pending());
    };
    // The first deadline starts the thread that keeps the time, once for all.
    wait(&mut cx);
    assert_eq!(allocations::during(|| wait(&mut cx)), 0);
}

#[test]
fn a_wait_at_a_clock_allocates_nothing() {
    let mut cx = Context::from_waker(Waker::noop());
    let far = after(Duration::from_secs(3600));
    let wait = |cx: &mut Context<'_>| {
        let mut recv = std::pin::pin!(far.recv_async());
        assert!(recv.as_mut().poll(cx).is_pending());
        assert!(far.recv_timeout(Duration::from_micros(100)).is_err());
    };
    sleep_once();
    // The first wait starts the thread that keeps the time, once for all.
    wait(&mut cx);
    assert_eq!(allocations::during(|| wait(&mut cx)), 0);
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    let burst = |count: u64| {
        let (sender, receiver) = unbounded();
        for value in 0..count {
            sender.send(value).unwrap();
        }
        assert_eq!(receiver.try_iter().count() as u64, count);
        (sender, receiver)
    };
    let (small, _handles) = allocations::held_after(|| burst(100));
    let (large, handles) = allocations::held_after(|| burst(200_000));
    assert_eq!(small, large);
    assert_eq!(
        allocations::held_after(|| drop(handles)).0,
        0_usize.wrapping_sub(large)
    );
}

/// The kernel says of a thread that uses no processor that it sleeps.
#[cfg(target_os = "linux")]
#[test]
fn a_waiting_thread_comes_to_sleep() {
    let (sender, receiver) = unbounded::<i32>();
    let (ids, id) = unbounded();
    let sleeper = thread::Builder::new()
        .name("sleeper".into())
        .spawn(move || {
            // SAFETY: no arguments, cannot fail.
            ids.send(unsafe { libc::gettid() }).unwrap();
            receiver.recv()
        })
        .unwrap();
    let stat = format!("/proc/self/task/{}/stat", id.recv().unwrap());
    let listed = || {
        waiters()
            .iter()
            .any(|waiter| waiter.thread_name() == Some("sleeper"))
    };
    let state = || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next())
    };
    while !(listed() && state() == Some('S')) {
        thread::yield_now();
    }
    sender.send(1).unwrap();
    assert_eq!(sleeper.join().unwrap(), Ok(1));
}
