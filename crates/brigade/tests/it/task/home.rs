//! Where tasks run of which nobody has said it: on what is nearest.

use super::{Census, until};
use brigade::pool::{Pool, Shutdown};
use brigade::scope::Failure;
use brigade::task::{Group, JoinError, group, spawn};
use futures::executor::block_on;
use std::convert::Infallible;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

fn pool(name: &str) -> Pool {
    let pool = Pool::builder().threads(1).name(name);
    pool.build().unwrap()
}

/// The first part of the name of the thread that runs this.
fn here() -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or_default();
    name.rsplit_once('-')
        .map_or(name, |(name, _)| name)
        .to_owned()
}

/// Where a task runs that is started here, and where a child of a group.
async fn home() -> [String; 2] {
    let task = spawn(async { here() }).await.unwrap();
    let child = group(async |group: Group<Infallible>| {
        let child = group.spawn(async { Ok(here()) }).await;
        Ok(child.await.unwrap())
    });
    [task, child.await.unwrap()]
}

#[test]
fn with_neither_around_it_is_the_pool_of_the_program() {
    assert_eq!(block_on(home()), ["brigade-global"; 2]);
    assert_eq!(spawn(async { here() }).join().unwrap(), "brigade-global");
}

#[test]
fn on_a_worker_it_is_the_pool_of_that() {
    let press = pool("press");
    assert_eq!(press.spawn(home()).join().unwrap(), ["press"; 2]);
    let job = press.submit(|| spawn(async { here() }).join().unwrap());
    assert_eq!(job.unwrap().join().unwrap(), "press");
    // A task of a task, and one of another executor on a worker.
    let nested = press.spawn(async { spawn(home()).await.unwrap() });
    assert_eq!(nested.join().unwrap(), ["press"; 2]);
    let other = Pool::builder().threads(2).name("other").build().unwrap();
    let job = other.submit(|| block_on(home()));
    assert_eq!(job.unwrap().join().unwrap(), ["other"; 2]);
}

#[test]
fn what_a_pool_blocks_on_is_in_that_pool() {
    let (outer, inner) = (Arc::new(pool("outer")), Arc::new(pool("inner")));
    assert_eq!(inner.block_on(home()), ["inner"; 2]);
    let within = outer.spawn({
        let (outer, inner) = (Arc::clone(&outer), Arc::clone(&inner));
        async move {
            let mut homes = vec![home().await, inner.block_on(home())];
            homes.push(inner.block_on(async { outer.block_on(home()) }));
            let panics = || inner.block_on(async { panic!("goes on") });
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            homes.push(home().await);
            homes
        }
    });
    let homes = within.join().unwrap();
    assert_eq!(
        homes,
        ["outer", "inner", "outer", "outer"].map(|name| [name; 2].map(String::from))
    );
    assert_eq!(block_on(home()), ["brigade-global"; 2]);
}

#[test]
fn a_pool_that_has_ended_drops_the_tasks() {
    let press = Arc::new(pool("press"));
    press.shutdown(Shutdown::Abort, None).unwrap();
    let ended = press.block_on(async {
        assert!(matches!(spawn(async { 1 }).await, Err(JoinError::Aborted)));
        let ended = group(async |group: Group<Infallible>| {
            drop(group.spawn(async { Ok(1) }).await);
            Ok(())
        });
        ended.await
    });
    assert!(matches!(ended.unwrap_err().first(), Failure::Cancelled(_)));
}

#[test]
fn the_end_of_a_pool_drops_groups_with_their_children() {
    let press = pool("press");
    let census = Census::default();
    let (in_child, in_body, seen) = (census.clone(), census.clone(), census.clone());
    let task = press.spawn(group(async move |group: Group<Infallible>| {
        let alive = in_child.enter();
        let child = group.spawn(async move {
            let _alive = alive;
            pending::<Result<(), _>>().await
        });
        drop(child.await);
        let _alive = in_body.enter();
        pending::<Result<(), _>>().await
    }));
    block_on(until(|| seen.count() == 2));
    press.shutdown(Shutdown::Drain, None).unwrap();
    assert_eq!(census.count(), 0);
    assert!(task.join().is_err());
}

#[test]
fn a_worker_that_joins_leaves_the_others_to_a_spare() {
    let press = pool("press");
    let job = press.submit(|| {
        let inner = spawn(async { spawn(async { 1 }).join().unwrap() });
        inner.join().unwrap()
    });
    assert_eq!(job.unwrap().join().unwrap(), 1);
    let ended = press.spawn(group(async |group: Group<Infallible>| {
        Ok(group.spawn(async { Ok(2) }).await.join().unwrap())
    }));
    assert_eq!(ended.join().unwrap().unwrap(), 2);
}

#[cfg(feature = "tokio")]
mod beside_tokio {
    use super::*;
    use tokio::runtime::{Builder, Runtime};

    fn runtime() -> Runtime {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tokio")
            .build();
        runtime.unwrap()
    }

    #[test]
    fn in_a_runtime_it_is_that_runtime() {
        let runtime = runtime();
        assert_eq!(runtime.block_on(home()), ["tokio"; 2]);
        let _inside = runtime.enter();
        assert_eq!(block_on(home()), ["tokio"; 2]);
    }

    #[test]
    fn a_pool_within_a_runtime_is_nearer() {
        let (runtime, press) = (runtime(), pool("press"));
        let _inside = runtime.enter();
        assert_eq!(press.block_on(home()), ["press"; 2]);
        assert_eq!(block_on(home()), ["tokio"; 2]);
    }

    #[test]
    fn a_runtime_within_a_pool_is_nearer_unless_the_pool_knows_one() {
        let runtime = Arc::new(runtime());
        let knows_none = pool("press");
        let enters = |pool: &Pool| {
            let runtime = Arc::clone(&runtime);
            let homes = move || {
                let inside = runtime.block_on(home());
                let blocked = {
                    let _inside = runtime.enter();
                    block_on(home())
                };
                [inside, blocked]
            };
            pool.submit(homes).unwrap().join().unwrap()
        };
        assert_eq!(enters(&knows_none), [["tokio"; 2]; 2]);
        assert_eq!(knows_none.spawn(home()).join().unwrap(), ["press"; 2]);
        let knows = Pool::builder().threads(2).name("press");
        let knows = knows.tokio(runtime.handle().clone()).build().unwrap();
        assert_eq!(enters(&knows), [["press"; 2]; 2]);
        assert_eq!(knows.spawn(home()).join().unwrap(), ["press"; 2]);
        assert_eq!(knows.block_on(home()), ["press"; 2]);
    }

    #[test]
    fn a_second_runtime_within_a_pool_that_knows_one_is_nearer() {
        let (known, second) = (runtime(), Arc::new(runtime()));
        let press = Pool::builder().threads(2).name("press");
        let press = Arc::new(press.tokio(known.handle().clone()).build().unwrap());
        let (of_job, inner) = (Arc::clone(&press), Arc::clone(&second));
        let homes = move || {
            // In the second runtime, in the pool again inside of that, and when both are over.
            let inside = inner.block_on(home());
            let _entered = inner.enter();
            [inside, of_job.block_on(home())]
        };
        let homes = press.submit(homes).unwrap().join().unwrap();
        assert_eq!(homes, [["tokio"; 2], ["press"; 2]]);
        let blocked = press.block_on(async {
            let _entered = second.enter();
            block_on(home())
        });
        assert_eq!(blocked, ["tokio"; 2]);
        assert_eq!(press.spawn(home()).join().unwrap(), ["press"; 2]);
    }
}
