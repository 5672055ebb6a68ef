//! The wait core on real threads and without a runtime.

use super::permits::{
    Cancelled, Permits, Source, Take, take, take_async, try_take, try_take_async,
};
use super::{
    Ended, Interrupts, Limit, Operation, Patience, Wait, WaitQueue, WaitUntil, What, block,
    current, under, waiters,
};
use crate::prim::{Arc, StdArc, clock, hint, thread};
use futures::executor::block_on;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(1);

fn spawn(body: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(None, None, body).expect("the system gives a thread")
}

/// Returns once somebody sleeps at `permits`.
fn until_asleep(permits: &Permits) {
    let object = std::ptr::from_ref(&permits.queue).addr();
    while !waiters().iter().any(|waiter| waiter.object() == object) {
        hint::yield_now();
    }
}

fn in_the_past() -> Limit<'static> {
    Limit::until(Some(clock::now()))
}

#[test]
fn a_put_wakes_a_sleeping_thread() {
    let permits = Permits::none();
    let taker = {
        let permits = Arc::clone(&permits);
        spawn(move || take(&permits))
    };
    until_asleep(&permits);
    permits.put();
    taker.join().unwrap();
    assert!(permits.queue.is_at_rest());
}

#[test]
fn a_deadline_in_the_past_tries_once() {
    let permits = Permits::none();
    let ended = block(&mut Take(&permits), in_the_past(), Location::caller());
    assert_eq!(ended, Err(Ended::TimedOut));
    permits.put();
    let ended = block(&mut Take(&permits), in_the_past(), Location::caller());
    assert_eq!(ended, Ok(()));
}

/// A permit that is there, and somebody in front of it who has not finished: only who waits that out gets it.
struct TakeBehind<'a>(Take<'a>);

// SAFETY: the queue is that of the other.
unsafe impl Operation for TakeBehind<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = Take::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self)> =
        Some(|_| panic!("it is there, and was not waited out"));

    fn attempt(&mut self) -> Poll<()> {
        Poll::Pending
    }

    fn last_attempt(&mut self) -> Poll<()> {
        self.0.attempt()
    }

    fn chances(&self) -> usize {
        self.0.chances()
    }

    fn queue(&self) -> &WaitQueue {
        self.0.queue()
    }

    fn patience(&self) -> &Patience {
        self.0.patience()
    }
}

#[test]
fn at_a_deadline_whoever_is_in_the_way_is_waited_out() {
    let permits = Permits::none();
    permits.put();
    let mut take = TakeBehind(Take(&permits));
    let ended = block(&mut take, in_the_past(), Location::caller());
    assert_eq!(ended, Ok(()));
    permits.put();
    let take = TakeBehind(Take(&permits));
    let wait = pin!(WaitUntil::new(take, Some(clock::now()), Location::caller()));
    let polled = wait.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(())));
    assert!(permits.queue.is_at_rest());
}

#[test]
fn a_deadline_ends_the_sleep_of_a_thread() {
    let permits = Permits::none();
    let limit = Limit::until(Some(clock::now() + SOON));
    assert_eq!(
        block(&mut Take(&permits), limit, Location::caller()),
        Err(Ended::TimedOut)
    );
    assert!(permits.queue.is_at_rest());
}

#[test]
fn a_deadline_ends_the_wait_of_a_task_without_a_runtime() {
    let permits = Permits::none();
    let wait = WaitUntil::new(
        Take(&permits),
        Some(clock::now() + SOON),
        Location::caller(),
    );
    assert_eq!(block_on(wait), Err(Ended::TimedOut));
    assert!(permits.queue.is_at_rest());
}

#[test]
fn many_deadlines_end_in_their_order() {
    let permits = Permits::none();
    let start = clock::now();
    let wait = |after: u32| {
        let permits = Arc::clone(&permits);
        async move {
            let deadline = start + SOON * after;
            let ended = WaitUntil::new(Take(&permits), Some(deadline), Location::caller()).await;
            assert_eq!(ended, Err(Ended::TimedOut));
            assert!(clock::now() >= deadline);
            after
        }
    };
    let waits: futures::stream::FuturesUnordered<_> =
        [5, 1, 4, 2, 3].into_iter().map(wait).collect();
    let done: Vec<u32> = block_on(futures::StreamExt::collect(waits));
    assert_eq!(done.len(), 5);
}

#[test]
fn no_deadline_is_for_ever() {
    assert_eq!(super::deadline_after(Duration::MAX), None);
    let permits = Permits::none();
    permits.put();
    let wait = WaitUntil::new(Take(&permits), None::<Instant>, Location::caller());
    assert_eq!(block_on(wait), Ok(()));
}

#[test]
fn an_interrupt_ends_the_sleep_of_a_thread() {
    let permits = Permits::none();
    let source = Source::new();
    let sleeper = {
        let (permits, source) = (Arc::clone(&permits), StdArc::clone(&source));
        spawn(move || assert_eq!(source.under(|| try_take(&permits)), Err(Cancelled)))
    };
    until_asleep(&permits);
    source.fire();
    sleeper.join().unwrap();
    assert!(permits.queue.is_at_rest());
}

#[test]
fn an_interrupt_ends_the_wait_of_a_task() {
    let permits = Permits::none();
    let source = Source::new();
    let mut wait = pin!(source.awaits(try_take_async(&permits)));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
    source.fire();
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(Err(Cancelled)));
    assert!(permits.queue.is_at_rest());
}

#[test]
fn what_can_be_done_is_done_after_an_interrupt() {
    let permits = Permits::none();
    let source = Source::new();
    source.fire();
    permits.put();
    assert_eq!(source.under(|| try_take(&permits)), Ok(()));
    permits.put();
    assert_eq!(block_on(source.awaits(try_take_async(&permits))), Ok(()));
    assert_eq!(source.under(|| try_take(&permits)), Err(Cancelled));
    let ended = block_on(source.awaits(try_take_async(&permits)));
    assert_eq!(ended, Err(Cancelled));
}

#[test]
fn at_an_interrupt_whoever_is_in_the_way_is_waited_out() {
    let permits = Permits::none();
    let (early, late) = (Source::new(), Source::new());
    early.fire();
    let wait = || Wait::new(TakeBehind(Take(&permits)), Location::caller());
    permits.put();
    let mut take = TakeBehind(Take(&permits));
    let taken = early.under(|| block(&mut take, Limit::NONE, Location::caller()));
    assert_eq!(taken, Ok(()));
    permits.put();
    block_on(early.awaits(wait()));
    // It has slept before.
    let mut waits = pin!(late.awaits(wait()));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(waits.as_mut().poll(&mut cx), Poll::Pending);
    permits.put();
    late.fire();
    assert_eq!(waits.as_mut().poll(&mut cx), Poll::Ready(()));
    assert!(permits.queue.is_at_rest());
}

#[test]
fn what_cannot_be_cancelled_waits_on() {
    let permits = Permits::none();
    let source = Source::new();
    source.fire();
    let taker = {
        let (permits, source) = (Arc::clone(&permits), StdArc::clone(&source));
        spawn(move || source.under(|| take(&permits)))
    };
    until_asleep(&permits);
    permits.put();
    taker.join().unwrap();
    let mut wait = pin!(source.awaits(take_async(&permits)));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
    permits.put();
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Ready(()));
}

/// The interrupt of the poll is the one that counts, and none is left behind in another.
#[test]
fn a_wait_can_be_moved_from_one_interrupt_to_another() {
    let permits = Permits::none();
    let (first, second) = (Source::new(), Source::new());
    let mut wait = pin!(try_take_async(&permits));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(first.under(|| wait.as_mut().poll(&mut cx)), Poll::Pending);
    assert!(!first.interrupt().queue().is_at_rest());
    assert_eq!(second.under(|| wait.as_mut().poll(&mut cx)), Poll::Pending);
    assert!(first.interrupt().queue().is_at_rest());
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
    assert!(second.interrupt().queue().is_at_rest());
    first.fire();
    assert_eq!(wait.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(second.under(|| wait.as_mut().poll(&mut cx)), Poll::Pending);
    second.fire();
    assert_eq!(
        second.under(|| wait.as_mut().poll(&mut cx)),
        Poll::Ready(Err(Cancelled))
    );
}

#[test]
fn what_ends_waits_is_put_back_after_a_panic() {
    let (outer, inner) = (Source::new(), Source::new());
    let is_under = |source: &StdArc<Source>| {
        let current = current().expect("under something").into_any();
        StdArc::ptr_eq(&current.downcast().expect("a source"), source)
    };
    outer.under(|| {
        let panic = std::panic::AssertUnwindSafe(|| {
            inner.under(|| {
                assert!(is_under(&inner));
                under(None, || assert!(current().is_none()));
                std::panic::resume_unwind(Box::new(()))
            })
        });
        assert!(std::panic::catch_unwind::<_, ()>(panic).is_err());
        assert!(is_under(&outer));
    });
    assert!(current().is_none());
}

#[test]
fn a_dropped_wait_passes_its_wake_on() {
    let permits = Permits::none();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = Box::pin(take_async(&permits));
    let mut second = Box::pin(take_async(&permits));
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Pending);
    permits.put();
    assert!(!permits.queue.is_at_rest(), "one wake for one permit");
    drop(first);
    assert!(permits.queue.is_at_rest(), "the wake went on to the second");
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Ready(()));
}

#[test]
fn a_wait_served_before_its_wake_passes_the_wake_on() {
    let permits = Permits::none();
    let mut cx = Context::from_waker(Waker::noop());
    let mut first = Box::pin(take_async(&permits));
    let mut second = Box::pin(take_async(&permits));
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Pending);
    // A permit that is there, its wake still to come; and a second one whose wake has gone out.
    permits.free.fetch_add(1, crate::prim::Ordering::AcqRel);
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(()));
    permits.put();
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Ready(()));
}

#[test]
fn a_task_that_waits_is_listed_until_it_is_dropped() {
    let permits = Permits::none();
    let object = std::ptr::from_ref(&permits.queue).addr();
    let listed = || {
        waiters()
            .into_iter()
            .find(|waiter| waiter.object() == object)
    };
    let mut wait: std::pin::Pin<Box<Wait<Take<'_>>>> = Box::pin(take_async(&permits));
    assert!(listed().is_none());
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let waiter = listed().expect("a task that waits is listed");
    assert_eq!(waiter.waits_for(), "model permit");
    assert_eq!(waiter.thread_id(), None);
    assert!(
        waiter
            .to_string()
            .starts_with("a task waits for model permit of object 0x")
    );
    drop(wait);
    assert!(listed().is_none());
}

struct ThrowsBomb;

impl std::task::Wake for ThrowsBomb {
    fn wake(self: std::sync::Arc<Self>) {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        std::panic::panic_any(Bomb);
    }
}

#[test]
fn a_waker_that_throws_what_panics_when_dropped_does_not_stop_the_time() {
    let permits = Permits::none();
    let wait = |at| WaitUntil::new(Take(&permits), Some(at), Location::caller());
    let waker = Waker::from(std::sync::Arc::new(ThrowsBomb));
    let _broken = loop {
        let mut broken = Box::pin(wait(clock::now() + SOON));
        let polled = broken.as_mut().poll(&mut Context::from_waker(&waker));
        // This thread may be late itself.
        if polled.is_pending() {
            break broken;
        }
    };
    // Later than the broken one, so it ends only if the time goes on after that.
    let ended = block_on(wait(clock::now() + 2 * SOON));
    assert_eq!(ended, Err(Ended::TimedOut));
}
