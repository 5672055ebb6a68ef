//! Who is cancelled by whom, what the group tells, what is freed.

use super::{Census, alone, on_each, send, until, workers};
use crate::by_hand::poll;
use brigade::cancel::{self, CancelToken, Reason};
use brigade::channel::{self, RecvError, bounded};
use brigade::scope::{Failure, OnError};
use brigade::task::{Group, GroupOptions, group};
use std::convert::Infallible;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_group_returns_what_its_body_returns_after_its_children() {
    on_each(|| async {
        let census = Census::default();
        let ended = group(async |group: Group<Infallible>| {
            for _ in 0..100 {
                let alive = census.enter();
                let child = group.spawn(async move {
                    tokio::task::yield_now().await;
                    drop(alive);
                    Ok(())
                });
                drop(child.await);
            }
            Ok(7)
        });
        assert_eq!(ended.await.unwrap(), 7);
        assert_eq!(census.count(), 0);
    });
}

#[test]
fn a_group_can_be_spawned() {
    let runtime = workers();
    let outer = runtime.spawn(send(group(async |group: Group<Infallible>| {
        let child = group.spawn(async { Ok(1) }).await;
        let mut results = group.results();
        results.spawn(async { Ok(2) }).await;
        let second = results.next().await.expect("one was spawned").unwrap();
        Ok(child.await.unwrap() + second)
    })));
    assert_eq!(runtime.block_on(outer).unwrap().unwrap(), 3);
}

#[test]
fn the_first_error_cancels_the_siblings_and_the_body() {
    on_each(|| async {
        let (_sender, receiver) = channel::bounded::<i32>(1);
        let census = Census::default();
        let ended = group(async |group: Group<&'static str>| {
            let alive = census.enter();
            let waiting = group.spawn(async move {
                let _alive = alive;
                assert_eq!(receiver.recv_async().await, Err(RecvError::Cancelled));
                Err::<(), _>("called off")
            });
            drop(waiting.await);
            let alive = census.enter();
            let foreign = group.spawn(async move {
                let _alive = alive;
                pending::<Result<(), _>>().await
            });
            drop(foreign.await);
            // Both wait before the third fails.
            tokio::task::yield_now().await;
            drop(group.spawn(async { Err::<(), _>("leak") }).await);
            pending::<Result<(), _>>().await
        });
        let (first, others) = ended.await.unwrap_err().into_parts();
        assert!(matches!(first, Failure::Failed("leak")), "{first}");
        // The first child may not have begun when it was cancelled; those who were dropped are not listed.
        for other in others {
            assert!(matches!(other, Failure::Failed("called off")), "{other}");
        }
        assert_eq!(census.count(), 0);
    });
}

#[test]
fn other_policies_let_the_siblings_go_on() {
    on_each(|| async {
        let (sender, receiver) = channel::bounded::<i32>(1);
        for policy in [OnError::CollectAll, OnError::Ignore] {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            let ended = GroupOptions::new().on_error(policy).run(async |group| {
                let failing = group.spawn(async { Err::<(), _>("leak") }).await;
                let sibling = group.spawn(async move { Ok(receiver.recv_async().await) });
                let sibling = sibling.await;
                until(|| failing.is_finished()).await;
                assert!(!group.token().is_cancelled());
                sender.send_async(5).await.unwrap();
                Ok::<_, &str>(sibling.await.unwrap())
            });
            match (policy, ended.await) {
                (OnError::Ignore, Ok(received)) => assert_eq!(received, Ok(5)),
                (OnError::CollectAll, Err(error)) => {
                    assert!(matches!(error.first(), Failure::Failed("leak")));
                }
                (policy, ended) => panic!("{policy:?}: {ended:?}"),
            }
        }
    });
}

#[test]
fn a_failure_belongs_to_whoever_awaits_the_child() {
    on_each(|| async {
        let ended = group(async |group| {
            let child = group.spawn(async { Err::<(), _>("leak") }).await;
            let failure = cancel::shield_async(child.into_future()).await.unwrap_err();
            assert!(matches!(failure, Failure::Failed("leak")));
            Ok::<_, &str>(3)
        });
        assert_eq!(ended.await.unwrap(), 3);
    });
}

#[test]
fn a_panic_is_a_failure_with_its_message() {
    on_each(|| async {
        let ended = group(async |group: Group<Infallible>| {
            let child = group.spawn(async { if true { panic!("rock") } else { Ok(()) } });
            drop(child.await);
            pending::<Result<(), _>>().await
        });
        let error = ended.await.unwrap_err();
        let Failure::Panicked(panic) = error.first() else {
            panic!("{error}")
        };
        assert_eq!(panic.message(), "rock");
        assert!(panic.spawned_at().file().ends_with("group.rs"));
        assert!(error.suppressed().is_empty(), "{error:?}");
    });
}

#[test]
fn panics_of_drops_are_failures_too() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    on_each(|| async {
        // In the future, and in a result that nobody wants.
        let ended = GroupOptions::new()
            .on_error(OnError::CollectAll)
            .run(async |group| {
                let bomb = Bomb;
                let owned = async move {
                    let _bomb = bomb;
                    Ok(())
                };
                drop(group.spawn(owned).await);
                // It ends when its handle is gone: else the result would be dropped with that, here.
                let (go, gate) = bounded::<()>(1);
                let made = async move {
                    gate.recv_async().await.unwrap();
                    Ok(Bomb)
                };
                drop(group.spawn(made).await);
                go.send(()).unwrap();
                Ok::<_, Infallible>(())
            });
        let (first, others) = ended.await.unwrap_err().into_parts();
        assert_eq!(others.len(), 1);
        for failure in others.into_iter().chain([first]) {
            assert!(matches!(failure, Failure::Panicked(panic) if panic.message() == "dropped"));
        }
    });
}

#[test]
fn a_panic_of_the_body_goes_on_after_the_children() {
    for runtime in [workers(), alone()] {
        let census = Census::default();
        let thrown = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(group(async |group: Group<Infallible>| {
                let alive = census.enter();
                let child = group.spawn(async move {
                    let _alive = alive;
                    pending::<Result<(), _>>().await
                });
                drop(child.await);
                if true { panic!("body") } else { Ok(()) }
            }))
        }));
        assert_eq!(*thrown.unwrap_err().downcast::<&str>().unwrap(), "body");
        assert_eq!(census.count(), 0);
    }
}

#[test]
fn a_parent_and_a_deadline_cancel_the_group() {
    on_each(|| async {
        let parent = CancelToken::new();
        let told = GroupOptions::new().token(&parent).run(async |group| {
            drop(group.spawn(pending::<Result<(), Infallible>>()).await);
            parent.cancel();
            Ok(())
        });
        let first = told.await.unwrap_err().into_parts().0;
        assert!(
            matches!(first, Failure::Cancelled(Reason::Parent)),
            "{first}"
        );

        // The ambient token is the parent without being told.
        let ambient = CancelToken::new();
        let body = ambient.within_async(group(async |group: Group<Infallible>| {
            drop(group.spawn(pending::<Result<(), _>>()).await);
            ambient.cancel();
            pending::<Result<(), _>>().await
        }));
        let first = body.await.unwrap_err().into_parts().0;
        assert!(
            matches!(first, Failure::Cancelled(Reason::Parent)),
            "{first}"
        );

        let hasty = GroupOptions::new().timeout(Duration::from_millis(1));
        let late = hasty.run(async |group| {
            drop(group.spawn(pending::<Result<(), Infallible>>()).await);
            Ok(())
        });
        let (first, others) = late.await.unwrap_err().into_parts();
        assert!(
            matches!(first, Failure::Cancelled(Reason::Deadline)),
            "{first}"
        );
        assert!(others.is_empty());
    });
}

#[test]
fn dropping_the_future_of_a_group_aborts_all_children() {
    on_each(|| async {
        let census = Census::default();
        let ours = census.clone();
        {
            let mut running = pin!(group(async move |group: Group<Infallible>| {
                for _ in 0..10 {
                    let alive = ours.enter();
                    let child = group.spawn(async move {
                        let _alive = alive;
                        pending::<Result<(), _>>().await
                    });
                    drop(child.await);
                }
                pending::<Result<(), _>>().await
            }));
            assert!(poll(running.as_mut()).is_pending());
            assert_eq!(census.count(), 10);
            tokio::task::yield_now().await;
        }
        until(|| census.count() == 0).await;
    });
}

#[test]
fn a_group_that_is_never_polled_does_nothing() {
    drop(group(async |_: Group<Infallible>| -> Result<(), _> {
        unreachable!("nobody polls it")
    }));
}

#[test]
fn children_are_freed_as_they_finish() {
    on_each(|| async {
        let census = Census::default();
        let bounded = GroupOptions::new().limit(8);
        let ended = bounded.run(async |group: Group<Infallible>| {
            for _ in 0..100_000 {
                let (in_future, in_result) = (census.enter(), census.enter());
                let child = group.spawn(async move {
                    drop(in_future);
                    Ok(in_result)
                });
                drop(child.await);
                // Of those without a place, nothing is left.
                assert!(census.count() <= 2 * 8);
            }
            Ok(())
        });
        ended.await.unwrap();
        assert_eq!(census.count(), 0);
    });
}

#[test]
fn children_spawn_others() {
    fn tree(group: Group<Infallible>, census: Census, depth: u32) {
        let inner = group.clone();
        let child = group.try_spawn(async move {
            drop(census.enter());
            if depth > 0 {
                tree(inner.clone(), census.clone(), depth - 1);
                tree(inner, census, depth - 1);
            }
            Ok(())
        });
        drop(child.unwrap());
    }
    on_each(|| async {
        let census = Census::default();
        let kept = group(async |group: Group<Infallible>| {
            tree(group.clone(), census.clone(), 9);
            Ok(group)
        });
        let kept = kept.await.unwrap();
        assert_eq!(Arc::strong_count(&census.0), 1);
        // The group is over, whoever has it.
        let late = kept.spawn(async { Ok(()) }).await;
        let failure = late.await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "it was not started: the group has ended"
        );
    });
}

#[test]
fn groups_nest() {
    on_each(|| async {
        let census = Census::default();
        let (ours, seen) = (census.clone(), census.clone());
        let ended = group(async move |outer: Group<&'static str>| {
            let inner = outer.spawn(async move {
                let inner = group(async |inner: Group<Infallible>| {
                    let alive = ours.enter();
                    let child = inner.spawn(async move {
                        let _alive = alive;
                        pending::<Result<(), _>>().await
                    });
                    drop(child.await);
                    pending::<Result<(), _>>().await
                });
                // In an executor that polls only what was woken.
                let error = futures::future::join_all([Box::pin(inner)]).await.remove(0);
                assert!(error.is_err());
                assert_eq!(ours.count(), 0);
                Err::<(), _>("inner")
            });
            let inner = inner.await;
            // The child of the inner group is there.
            until(|| seen.count() == 1).await;
            drop(inner);
            drop(outer.spawn(async { Err::<(), _>("outer") }).await);
            Ok(())
        });
        let (first, _) = ended.await.unwrap_err().into_parts();
        assert!(matches!(first, Failure::Failed("outer")), "{first}");
        // The inner group has been waited for.
        assert_eq!(census.count(), 0);
    });
}

#[cfg(feature = "tokio")]
#[test]
fn a_runtime_that_ends_drops_the_children_and_the_group_says_so() {
    let runtime = workers();
    let parts = {
        let _inside = runtime.enter();
        let mut ended = Box::pin(group(async |group: Group<Infallible>| {
            drop(group.spawn(pending::<Result<(), _>>()).await);
            Ok(())
        }));
        assert!(poll(ended.as_mut()).is_pending());
        ended
    };
    drop(runtime);
    let first = futures::executor::block_on(parts)
        .unwrap_err()
        .into_parts()
        .0;
    assert!(
        matches!(first, Failure::Cancelled(Reason::Shutdown)),
        "{first}"
    );
}

#[test]
fn a_thread_joins_a_child() {
    let runtime = workers();
    let (to_thread, child) = std::sync::mpsc::channel();
    let outer = runtime.spawn(group(async move |group: Group<Infallible>| {
        to_thread.send(group.spawn(async { Ok(6) }).await).unwrap();
        Ok(())
    }));
    assert_eq!(child.recv().unwrap().join().unwrap(), 6);
    runtime.block_on(outer).unwrap().unwrap();
}
