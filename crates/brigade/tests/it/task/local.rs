//! Children that borrow, and take turns in one task; and two futures in one.

use super::{Census, alone, send, until, workers};
use crate::by_hand::poll;
use brigade::cancel::Reason;
use brigade::channel::{self, RecvError};
use brigade::pool::Pool;
use brigade::scope::{Failure, OnError};
use brigade::task::{self, GroupOptions, Local, OneThread, local, local_on_thread};
use futures::executor::block_on;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

#[test]
fn children_borrow_what_lives_longer_and_give_results() {
    let words = vec!["fill".to_owned(), "lift".to_owned()];
    let mut total = 0;
    let lengths = block_on(local(async |local: Local<'_, Infallible>| {
        let mut results = local.results_in_order();
        for word in &words {
            results.spawn(async move { Ok(word.as_str()) }).await;
        }
        let counter = local.spawn(async {
            total += words.len();
            Ok(())
        });
        counter.await.await.unwrap();
        let mut received = Vec::new();
        while let Some(Ok(word)) = results.next().await {
            received.push(word);
        }
        Ok(received)
    }));
    assert_eq!(lengths.unwrap(), ["fill", "lift"]);
    assert_eq!(total, 2);
}

#[test]
fn a_local_group_can_be_spawned() {
    let runtime = workers();
    let task = runtime.spawn(async {
        let words = ["fill", "lift"];
        let letters = send(local(async |local: Local<'_, Infallible>| {
            let mut results = local.results();
            for word in &words {
                results.spawn(async move { Ok(word.len()) }).await;
            }
            let mut letters = 0;
            while let Some(Ok(length)) = results.next().await {
                letters += length;
            }
            Ok(letters)
        }));
        letters.await.unwrap()
    });
    assert_eq!(runtime.block_on(task).unwrap(), 8);
}

#[test]
fn only_who_is_called_is_polled() {
    let polls = [const { AtomicUsize::new(0) }; 3];
    let (sender, receiver) = channel::bounded::<()>(1);
    let mut running = pin!(local(async |local: Local<'_, Infallible>| {
        for counter in &polls {
            let receiver = receiver.clone();
            let child = local.spawn(async move {
                let mut wait = pin!(receiver.recv_async());
                poll_fn(|cx| {
                    counter.fetch_add(1, SeqCst);
                    wait.as_mut().poll(cx)
                })
                .await
                .unwrap();
                Ok(())
            });
            drop(child.await);
        }
        Ok(())
    }));
    while polls.iter().any(|polls| polls.load(SeqCst) == 0) {
        assert!(poll(running.as_mut()).is_pending());
    }
    sender.send(()).unwrap();
    for _ in 0..3 {
        assert!(poll(running.as_mut()).is_pending());
    }
    assert_eq!(
        polls.iter().map(|polls| polls.load(SeqCst)).sum::<usize>(),
        4
    );
    sender.send(()).unwrap();
    assert!(poll(running.as_mut()).is_pending());
    sender.send(()).unwrap();
    while poll(running.as_mut()).is_pending() {}
}

#[test]
fn the_first_error_cancels_the_siblings() {
    let (_sender, receiver) = channel::bounded::<i32>(1);
    let census = Census::default();
    let ended = block_on(local(async |local| {
        let alive = census.enter();
        let waiting = local.spawn(async {
            let _alive = alive;
            assert_eq!(receiver.recv_async().await, Err(RecvError::Cancelled));
            Err::<(), _>("called off")
        });
        drop(waiting.await);
        let alive = census.enter();
        let foreign = local.spawn(async {
            let _alive = alive;
            pending::<Result<(), _>>().await
        });
        drop(foreign.await);
        drop(local.spawn(async { Err::<(), _>("leak") }).await);
        pending::<Result<(), _>>().await
    }));
    let (first, others) = ended.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("leak")), "{first}");
    assert!(matches!(others[..], [Failure::Failed("called off")]));
    assert_eq!(census.count(), 0);
}

#[test]
fn dropping_the_future_drops_the_children_whoever_has_a_handle() {
    let census = Census::default();
    let mut kept = None;
    {
        let mut running = pin!(local(async |local: Local<'_, Infallible>| {
            for _ in 0..3 {
                let (alive, inner) = (census.enter(), local.clone());
                let child = local.spawn(async move {
                    let (_alive, _inner) = (alive, inner);
                    pending::<Result<(), _>>().await
                });
                drop(child.await);
            }
            kept = Some(local);
            pending::<Result<(), _>>().await
        }));
        for _ in 0..3 {
            assert!(poll(running.as_mut()).is_pending());
        }
        assert_eq!(census.count(), 3);
    }
    assert_eq!(census.count(), 0);
    // What is spawned now does not begin.
    let late = kept.unwrap().try_spawn(ready(Ok(census.enter()))).unwrap();
    assert!(late.is_finished());
    assert!(matches!(
        block_on(late.into_future()),
        Err(Failure::Cancelled(_))
    ));
    assert_eq!(census.count(), 0);
}

#[test]
fn a_drop_that_spawns_is_no_trap() {
    struct Spawning<'a>(Local<'a, Infallible>, Census);
    impl Drop for Spawning<'_> {
        fn drop(&mut self) {
            let alive = self.1.enter();
            drop(self.0.try_spawn(async move {
                let _alive = alive;
                Ok(())
            }));
        }
    }
    let census = Census::default();
    {
        let mut running = pin!(local(async |local: Local<'_, Infallible>| {
            let trap = Spawning(local.clone(), census.clone());
            let child = local.spawn(async move {
                let _trap = trap;
                pending::<Result<(), _>>().await
            });
            drop(child.await);
            Ok(())
        }));
        for _ in 0..3 {
            assert!(poll(running.as_mut()).is_pending());
        }
    }
    assert_eq!(census.count(), 0);
}

#[test]
fn a_forgotten_group_is_never_polled_again() {
    let (sender, receiver) = channel::bounded::<i32>(1);
    let mut running = Box::pin(local(async |local: Local<'_, Infallible>| {
        drop(
            local
                .spawn(async {
                    assert!(receiver.recv_async().await.is_ok());
                    Ok(())
                })
                .await,
        );
        Ok(())
    }));
    for _ in 0..3 {
        assert!(poll(running.as_mut()).is_pending());
    }
    std::mem::forget(running);
    // It is still called, in vain.
    sender.send(1).unwrap();
}

#[test]
fn children_are_freed_as_they_finish_and_no_more_run_than_the_limit_allows() {
    let census = Census::default();
    let bounded = GroupOptions::new().limit(4);
    let ended = bounded.run_local(async |local: Local<'_, Infallible>| {
        for _ in 0..10_000 {
            let alive = census.enter();
            let child = local.spawn(async {
                drop(alive);
                Ok(())
            });
            drop(child.await);
            assert!(census.count() <= 4);
        }
        Ok(())
    });
    block_on(ended).unwrap();
    assert_eq!(census.count(), 0);
}

#[test]
fn panics_are_failures_and_that_of_the_body_goes_on() {
    let ended = block_on(GroupOptions::new().on_error(OnError::CollectAll).run_local(
        async |local: Local<'_, Infallible>| {
            drop(
                local
                    .spawn(async { if true { panic!("rock") } else { Ok(()) } })
                    .await,
            );
            Ok(())
        },
    ));
    let first = ended.unwrap_err().into_parts().0;
    assert!(matches!(first, Failure::Panicked(panic) if panic.message() == "rock"));

    let thrown = catch_unwind(AssertUnwindSafe(|| {
        block_on(local(async |local: Local<'_, Infallible>| {
            drop(local.spawn(pending::<Result<(), _>>()).await);
            if true { panic!("body") } else { Ok(()) }
        }))
    }));
    assert_eq!(*thrown.unwrap_err().downcast::<&str>().unwrap(), "body");
}

#[test]
fn children_spawn_others_and_call_each_other() {
    let (sender, receiver) = channel::bounded::<u32>(0);
    let sum = Cell::new(0);
    block_on(local(async |local: Local<'_, Infallible>| {
        let inner = local.clone();
        let producer = local.spawn(async move {
            for number in 1..=100 {
                let sender = sender.clone();
                let child = inner.spawn(async move {
                    sender.send_async(number).await.unwrap();
                    Ok(())
                });
                child.await.await.unwrap();
            }
            Ok(())
        });
        drop(producer.await);
        while let Ok(number) = receiver.recv_async().await {
            sum.set(sum.get() + number);
        }
        Ok(())
    }))
    .unwrap();
    assert_eq!(sum.get(), 5050);
}

#[test]
fn a_local_group_in_a_group_is_cancelled_with_it() {
    let runtime = workers();
    let census = Census::default();
    let (ours, seen) = (census.clone(), census.clone());
    let ended = runtime.block_on(task::group(
        async move |outer: task::Group<&'static str>| {
            let child = outer.spawn(async move {
                let ended = local(async |local: Local<'_, Infallible>| {
                    let alive = ours.enter();
                    let child = local.spawn(async {
                        let _alive = alive;
                        pending::<Result<(), _>>().await
                    });
                    drop(child.await);
                    Ok(())
                });
                let first = ended.await.unwrap_err().into_parts().0;
                assert!(
                    matches!(first, Failure::Cancelled(Reason::Parent)),
                    "{first}"
                );
                assert_eq!(ours.count(), 0);
                Ok(())
            });
            drop(child.await);
            until(|| seen.count() == 1).await;
            Err::<(), _>("outer")
        },
    ));
    let (first, _) = ended.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("outer")), "{first}");
    assert_eq!(census.count(), 0);
}

#[test]
fn two_in_one_task() {
    let census = Census::default();
    let (sender, receiver) = channel::bounded::<i32>(1);
    let alive = census.enter();
    let mut both = pin!(task::join(receiver.recv_async(), async { drop(alive) }));
    assert!(poll(both.as_mut()).is_pending());
    // Who is done is not polled again.
    assert_eq!(census.count(), 0);
    sender.send(3).unwrap();
    assert_eq!(poll(both.as_mut()), Poll::Ready((Ok(3), ())));

    let alive = census.enter();
    let guarded = async {
        let _alive = alive;
        pending::<Result<(), _>>().await
    };
    let mut failing = pin!(task::try_join(guarded, async {
        receiver.recv_async().await.map(drop).map_err(|_| "closed")
    }));
    assert!(poll(failing.as_mut()).is_pending());
    drop(sender);
    assert_eq!(poll(failing.as_mut()), Poll::Ready(Err("closed")));

    assert_eq!(block_on(task::first(pending(), ready(2))), 2);
    assert_eq!(block_on(task::first(ready(1), ready(2))), 1);
    let values = task::try_join(
        ready(Ok::<_, ()>(1)),
        task::try_join(ready(Ok(2)), ready(Ok(3))),
    );
    assert_eq!(block_on(values), Ok((1, (2, 3))));
}

/// What is of one thread: shared by the children, and their results and errors.
async fn share_what_is_of_one_thread() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (sender, receiver) = channel::bounded(1);
    let sends = thread::spawn(move || {
        for value in 0..10 {
            sender.send(value).unwrap();
        }
    });
    let ended = local_on_thread(async |local: Local<'_, Rc<str>, OneThread>| {
        let mut results = local.results();
        for _ in 0..3 {
            let (seen, receiver) = (Rc::clone(&seen), &receiver);
            let child = async move {
                while let Ok(value) = receiver.recv_async().await {
                    seen.borrow_mut().push(value);
                }
                Ok(seen)
            };
            results.spawn(child).await;
        }
        let alone = Rc::new(1);
        let child = local.spawn(async move { Ok(alone) });
        assert_eq!(*child.await.await.unwrap(), 1);
        while let Some(Ok(same)) = results.next().await {
            assert!(Rc::ptr_eq(&same, &seen));
        }
        let mut ordered = local.results_in_order();
        ordered.spawn(async { Ok(Rc::new(2)) }).await;
        assert_eq!(*ordered.next().await.unwrap().unwrap(), 2);
        let fails = local.try_spawn(async { Err::<(), _>(Rc::from("leak")) });
        drop(fails.unwrap());
        pending::<Result<(), _>>().await
    });
    let first = ended.await.unwrap_err().into_parts().0;
    assert!(matches!(first, Failure::Failed(leak) if *leak == *"leak"));
    assert_eq!(Rc::strong_count(&seen), 1);
    seen.borrow_mut().sort_unstable();
    assert_eq!(*seen.borrow(), (0..10).collect::<Vec<_>>());
    sends.join().unwrap();
}

#[test]
fn children_of_one_thread_share_what_is_not_send() {
    block_on(share_what_is_of_one_thread());
    alone().block_on(share_what_is_of_one_thread());
    workers().block_on(share_what_is_of_one_thread());
    Pool::new(1).block_on(share_what_is_of_one_thread());
    alone().block_on(async {
        let set = tokio::task::LocalSet::new();
        set.run_until(async { tokio::task::spawn_local(share_what_is_of_one_thread()).await })
            .await
            .unwrap();
    });
}

#[test]
fn a_group_of_one_thread_that_is_dropped_drops_its_children() {
    let shared = Rc::new(());
    {
        let ours = Rc::clone(&shared);
        let mut running = pin!(local_on_thread(
            async move |local: Local<'_, Infallible, OneThread>| {
                let inner = local.clone();
                let child = async move {
                    let (_ours, _inner) = (ours, inner);
                    pending::<Result<(), _>>().await
                };
                drop(local.spawn(child).await);
                pending::<Result<(), _>>().await
            }
        ));
        assert!(poll(running.as_mut()).is_pending());
        assert!(poll(running.as_mut()).is_pending());
        assert_eq!(Rc::strong_count(&shared), 2);
    }
    assert_eq!(Rc::strong_count(&shared), 1);
}
