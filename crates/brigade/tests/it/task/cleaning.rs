//! What a child may still do when it is cancelled, and what is dropped.

use super::{Census, on_each};
use brigade::cancel;
use brigade::channel;
use brigade::scope::Failure;
use brigade::task::{Group, GroupOptions, group};
use std::convert::Infallible;
use std::future::pending;

#[test]
fn what_waits_for_us_cleans_up_and_what_waits_for_others_is_dropped() {
    on_each(|| async {
        let (_silent, silence) = channel::bounded::<i32>(1);
        let (log, logged) = channel::unbounded();
        let (ready, begun) = channel::bounded::<()>(0);
        let ended = group(async |group: Group<&'static str>| {
            let (told, ready_ours) = (log.clone(), ready.clone());
            let ours = group.spawn(async move {
                ready_ours.send_async(()).await.unwrap();
                let received = silence.recv_async().await;
                told.send(received.is_err()).unwrap();
                Ok(())
            });
            drop(ours.await);
            let (told, ready_theirs) = (log.clone(), ready.clone());
            let theirs = group.spawn(async move {
                ready_theirs.send_async(()).await.unwrap();
                pending::<()>().await;
                told.send(false).unwrap();
                Ok(())
            });
            drop(theirs.await);
            begun.recv_async().await.unwrap();
            begun.recv_async().await.unwrap();
            Err::<(), _>("enough")
        });
        assert!(ended.await.is_err());
        drop(log);
        assert_eq!(logged.drain().collect::<Vec<_>>(), [true]);
    });
}

#[test]
fn what_has_not_begun_never_does() {
    on_each(|| async {
        let census = Census::default();
        let alive = census.enter();
        let ended = group(async |group: Group<Infallible>| {
            group.token().cancel();
            let child = group.spawn(async move {
                let _alive = alive;
                if true {
                    unreachable!("it is cancelled")
                } else {
                    Ok(())
                }
            });
            drop(child.await);
            Ok(())
        });
        let first = ended.await.unwrap_err().into_parts().0;
        assert!(matches!(first, Failure::Cancelled(_)), "{first}");
        assert_eq!(census.count(), 0);
    });
}

#[test]
fn a_shield_is_awaited_to_its_end_and_no_further() {
    on_each(|| async {
        let (to_cleaner, work) = channel::bounded::<i32>(0);
        let (log, logged) = channel::unbounded();
        let (ready, begun) = channel::bounded::<()>(0);
        let ours = log.clone();
        let helper = brigade::task::spawn(async move {
            let mut sum = 0;
            while let Ok(value) = work.recv_async().await {
                tokio::task::yield_now().await;
                sum += value;
            }
            sum
        });
        let ended = group(async move |group: Group<&'static str>| {
            let cleaning = group.spawn(async move {
                ready.send_async(()).await.unwrap();
                cancel::current().unwrap().wait_async().await;
                let shielded = cancel::shield_async(async {
                    for value in [1, 2, 3] {
                        to_cleaner.send_async(value).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                });
                shielded.await;
                ours.send("clean").unwrap();
                pending::<()>().await;
                ours.send("never").unwrap();
                Ok(())
            });
            drop(cleaning.await);
            begun.recv_async().await.unwrap();
            tokio::task::yield_now().await;
            Err::<(), _>("enough")
        });
        assert!(ended.await.is_err());
        drop(log);
        assert_eq!(logged.drain().collect::<Vec<_>>(), ["clean"]);
        assert_eq!(helper.await.unwrap(), 6);
    });
}

#[test]
fn a_spawn_that_waits_for_room_ends_with_the_group() {
    on_each(|| async {
        let narrow = GroupOptions::new().limit(1);
        let ended = narrow.run(async |group: Group<Infallible>| {
            drop(group.spawn(pending::<Result<(), _>>()).await);
            let canceller = group.token().clone();
            let (waiting, ()) = futures::join!(group.spawn(async { Ok(1) }), async {
                canceller.cancel();
            });
            assert!(matches!(waiting.await, Err(Failure::Cancelled(_))));
            Ok(())
        });
        assert!(ended.await.is_err());
    });
}

#[test]
fn a_dropped_child_that_is_joined_does_not_hide_one_that_is_not() {
    on_each(|| async {
        // Whichever of the two comes to its end first.
        for joins_the_first in [true, false] {
            let ended = GroupOptions::new().run(async |group: Group<Infallible>| {
                let first = group.spawn(pending::<Result<(), _>>()).await;
                let second = group.spawn(pending::<Result<(), _>>()).await;
                group.token().cancel();
                let joined = if joins_the_first { first } else { second };
                assert!(matches!(joined.await, Err(Failure::Cancelled(_))));
                Ok(())
            });
            assert!(ended.await.is_err());
        }
    });
}
