//! Every interleaving of a scope's owner and one worker: each child is run once, and nobody sleeps for ever.

use super::nursery::{Child, Nursery, Run};
use crate::cancel::CancelToken;
use crate::pool::Pool;
use crate::pool::agenda::Found;
use crate::pool::builder::Description;
use crate::pool::idle::{Idle, Work};
use crate::pool::model::Bell;
use crate::pool::worker::Crew;
use crate::prim::Ordering::Relaxed;
use crate::prim::{Arc, PlainAtomicUsize, StdArc, UnsafeCell, three_threads};
use crate::scope::{Failure, Ledger, OnError};
use crate::wait::{Operation, Wait};
use loom::thread;
use std::convert::Infallible;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn pool_of_one() -> Pool {
    let pool = Pool::builder().threads(1).queue_capacity(1);
    pool.build().unwrap()
}

/// A value whose accesses loom checks.
struct Checked(UnsafeCell<u32>);

// SAFETY: that no two threads use it at once is what the models are to refute.
unsafe impl Sync for Checked {}

impl Checked {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: loom says if another thread uses it now.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|value| unsafe { *value })
    }
}

#[test]
fn what_a_scope_lends_is_back_at_its_end() {
    loom::model(|| {
        let pool = pool_of_one();
        let mine = Checked::new();
        pool.scope(|scope| {
            scope.spawn(|| {
                mine.add();
                Ok::<_, Infallible>(())
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(mine.get(), 1);
    });
}

#[test]
fn two_children_are_run_once_each() {
    loom::model(|| {
        let pool = pool_of_one();
        let both = [Checked::new(), Checked::new()];
        pool.scope_plain(|scope| {
            for child in &both {
                scope.spawn(|| child.add());
            }
        });
        assert_eq!((both[0].get(), both[1].get()), (1, 1));
    });
}

/// The owner may be asleep by the time that the second child is put in.
#[test]
fn a_child_spawns_another_while_the_owner_waits() {
    loom::model(|| {
        let pool = pool_of_one();
        let both = [Checked::new(), Checked::new()];
        pool.scope(|scope| {
            let both = &both;
            scope.spawn(move || {
                both[0].add();
                scope.spawn(|| {
                    both[1].add();
                    Ok::<_, Infallible>(())
                });
                Ok(())
            });
            Ok(())
        })
        .unwrap();
        assert_eq!((both[0].get(), both[1].get()), (1, 1));
    });
}

#[test]
fn a_join_gets_the_result_whoever_has_run_the_child() {
    loom::model(|| {
        let pool = pool_of_one();
        let sum = pool.scope(|scope| {
            let one = scope.spawn(|| Ok::<_, Infallible>(1));
            let two = scope.spawn(|| Ok(2));
            Ok(two.join().unwrap() + one.join().unwrap())
        });
        assert_eq!(sum.unwrap(), 3);
    });
}

#[test]
fn a_failure_is_told_once_and_the_other_is_run_or_dropped() {
    loom::model(|| {
        let pool = pool_of_one();
        let error = pool.scope(|scope| {
            scope.spawn(|| Err::<(), _>(1));
            scope.spawn(|| Ok(()));
            Ok(())
        });
        let (first, others) = error.unwrap_err().into_parts();
        assert!(matches!(first, Failure::Failed(1)));
        assert!(matches!(others[..], [] | [Failure::Cancelled(_)]));
    });
}

/// The one that waits is run by the worker, then the owner is woken for the other; or the other way round.
#[test]
fn children_that_wait_for_each_other_are_run_by_owner_and_worker() {
    loom::model(|| {
        let pool = pool_of_one();
        let (go, gate) = crate::channel::bounded::<()>(1);
        let gate = &gate;
        pool.scope(|scope| {
            scope.spawn(move || {
                scope.spawn(move || {
                    go.send(()).unwrap();
                    Ok::<_, Infallible>(())
                });
                gate.recv().unwrap();
                Ok(())
            });
            Ok(())
        })
        .unwrap();
    });
}

/// The one that is joined may be begun by the worker's child, or by the owner at the end: it is over before the scope is.
#[test]
fn a_child_joins_another_while_the_owner_ends_the_scope() {
    loom::model(|| {
        let pool = pool_of_one();
        let both = [Checked::new(), Checked::new()];
        pool.scope(|scope| {
            let both = &both;
            scope.spawn(move || {
                let other = scope.spawn(|| {
                    both[1].add();
                    Ok::<_, Infallible>(())
                });
                other.join().unwrap();
                both[1].add();
                both[0].add();
                Ok(())
            });
            Ok(())
        })
        .unwrap();
        assert_eq!((both[0].get(), both[1].get()), (1, 2));
    });
}

/// Changes what the scope has lent.
struct Last<'a>(&'a Checked);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// The handle is dropped before the child begins, while it is run, or when it is over.
#[test]
fn a_result_that_nobody_takes_is_dropped_before_the_end() {
    loom::model(|| {
        let pool = pool_of_one();
        let (closure, result) = (Checked::new(), Checked::new());
        pool.scope_plain(|scope| {
            let (owned, given) = (Last(&closure), Last(&result));
            let handle = scope.spawn(move || {
                drop(owned);
                given
            });
            // A moment for the worker.
            let _ = handle.is_finished();
            drop(handle);
        });
        assert_eq!((closure.get(), result.get()), (1, 1));
    });
}

/// A child that does nothing but to be counted.
struct Counted(StdArc<PlainAtomicUsize>);

impl Run for Counted {
    fn site(&self) -> &'static Location<'static> {
        Location::caller()
    }

    unsafe fn run(self: StdArc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// The owner looks at any moment while a worker takes a child, puts another in, turns to something else, and comes back.
fn looks_for_the_end(is_begun: bool) {
    let ledger: Ledger<Infallible> = Ledger::new(CancelToken::new(), OnError::CancelAll);
    let nursery = StdArc::new(Nursery::new(ledger.entrance()));
    let over = StdArc::new(PlainAtomicUsize::new(0));
    let child = |over: &StdArc<_>| Child(StdArc::new(Counted(StdArc::clone(over))));
    let (_, telling) = nursery.put(child(&over), 1);
    let (telling, theirs, count) = (telling.unwrap(), nursery.clone(), StdArc::clone(&over));
    let begun = is_begun.then(|| telling.next(1).unwrap());
    let worker = thread::spawn(move || {
        let (first, _) = begun.unwrap_or_else(|| telling.next(1).unwrap());
        theirs.put(child(&count), 1);
        first.run();
        telling.rest();
        let (second, _) = telling.next(1).unwrap();
        second.run();
        assert!(telling.next(1).is_none());
    });
    let has_ended = || nursery.has_ended(|| ledger.nobody_left().chances() > 0);
    assert!(!has_ended() || over.load(Relaxed) == 2);
    worker.join().unwrap();
    assert!(has_ended());
}

#[test]
fn the_end_is_not_seen_as_long_as_a_child_is_there() {
    loom::model(|| looks_for_the_end(false));
}

#[test]
fn the_end_is_not_seen_as_long_as_a_child_is_run() {
    loom::model(|| looks_for_the_end(true));
}

/// Worker 1 sleeps. Worker 0 is idle and awake, and does something else while children are told of.
#[test]
fn a_telling_that_is_left_to_one_who_turns_away_wakes_one_who_sleeps() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(Description::of(2)));
        let bell = Bell::new();
        let waker = Waker::from(StdArc::clone(&bell));
        let mut cx = Context::from_waker(&waker);
        crew.forks().idles();
        let idle = Idle::new(crew.agenda(), crew.forks(), 1, || true);
        let mut sleeps = pin!(Wait::new(idle, Location::caller()));
        assert!(sleeps.as_mut().poll(&mut cx).is_pending());
        crew.forks().idles();
        let turns = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || crew.idles_no_more())
        };
        let ledger: Ledger<Infallible> = Ledger::new(CancelToken::new(), OnError::CancelAll);
        let nursery = StdArc::new(Nursery::new(ledger.entrance()));
        let over = StdArc::new(PlainAtomicUsize::new(0));
        let child = Child(StdArc::new(Counted(StdArc::clone(&over))));
        let (_, telling) = nursery.put(child, 2);
        crew.tell(telling.unwrap());
        turns.join().unwrap();
        assert!(bell.has_rung());
        let Poll::Ready(Some(Work::Found(Found::Children(telling)))) =
            sleeps.as_mut().poll(&mut cx)
        else {
            panic!("the children are found");
        };
        telling.next(2).unwrap().0.run();
        assert_eq!(over.load(Relaxed), 1);
    });
}

/// Tells of a child.
fn tell(crew: &Crew) {
    let ledger: Ledger<Infallible> = Ledger::new(CancelToken::new(), OnError::CancelAll);
    let nursery = StdArc::new(Nursery::new(ledger.entrance()));
    let over = StdArc::new(PlainAtomicUsize::new(0));
    let (_, telling) = nursery.put(Child(StdArc::new(Counted(over))), 2);
    crew.tell(telling.unwrap());
}

/// Worker `number`, which is counted as idle and awake, goes to sleep. Whether it finds something before, or is woken by
/// the end of `meanwhile`.
fn sleeps_and_is_found(crew: &Crew, number: usize, meanwhile: impl FnOnce()) -> bool {
    let bell = Bell::new();
    let waker = Waker::from(StdArc::clone(&bell));
    let idle = Idle::new(crew.agenda(), crew.forks(), number, || true);
    let mut sleeps = pin!(Wait::new(idle, Location::caller()));
    let finds = sleeps.as_mut().poll(&mut Context::from_waker(&waker));
    meanwhile();
    finds.is_ready() || bell.has_rung()
}

#[test]
fn a_telling_is_seen_by_one_about_to_sleep_or_wakes_it() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(Description::of(2)));
        crew.forks().idles();
        let tells = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || tell(&crew))
        };
        assert!(sleeps_and_is_found(&crew, 1, || tells.join().unwrap()));
        crew.agenda().drop_all(|| ());
    });
}

/// One who turns away leaves it to one who is awake, and that one is about to sleep.
#[test]
fn a_telling_that_is_left_twice_is_seen_or_wakes_one() {
    three_threads(|| {
        let crew = Arc::new(Crew::new(Description::of(2)));
        crew.forks().idles();
        crew.forks().idles();
        let tells = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || tell(&crew))
        };
        let turns = {
            let crew = Arc::clone(&crew);
            thread::spawn(move || crew.idles_no_more())
        };
        let both = || {
            tells.join().unwrap();
            turns.join().unwrap();
        };
        assert!(sleeps_and_is_found(&crew, 1, both));
        crew.agenda().drop_all(|| ());
    });
}
