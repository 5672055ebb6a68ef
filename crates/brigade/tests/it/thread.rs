//! Threads of their own: results, panics, handles that are dropped or forgotten, names, sleep.

use crate::by_hand::poll;
use crate::sides::until_waiting;
use brigade::cancel::{self, CancelToken, Reason};
use brigade::channel::{RecvError, Sender, bounded, unbounded};
use brigade::thread::{
    self, Builder, JoinError, JoinTimeoutError, SpawnError, Thread, sleep, sleep_until,
};
use std::cell::RefCell;
use std::future::IntoFuture;
use std::panic::{catch_unwind, panic_any};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

/// Panics when it is dropped, and tells before.
struct Bomb(Option<Sender<()>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        drop(self.0.take());
        panic!("dropped");
    }
}

fn panic_of<T: std::fmt::Debug>(thread: Thread<T>) -> brigade::scope::Panic {
    match thread.join() {
        Err(JoinError::Panicked(panic)) => panic,
        other => panic!("no panic: {other:?}"),
    }
}

#[test]
fn a_thread_gives_back_what_its_closure_returns() {
    let words = vec!["fill", "lift", "pass"];
    let thread = thread::spawn(move || {
        let letters = words.iter().map(|word| word.len()).sum::<usize>();
        (words, letters)
    });
    let (words, letters) = thread.join().unwrap();
    assert_eq!((words.len(), letters), (3, 12));
}

#[test]
fn many_threads_are_joined_in_any_order() {
    let threads: Vec<_> = (0..50).map(|n| thread::spawn(move || n * n)).collect();
    for (n, thread) in threads.into_iter().enumerate().rev() {
        assert_eq!(thread.join().unwrap(), n * n);
    }
}

#[test]
fn threads_hand_values_over_in_a_channel() {
    let (sender, receiver) = bounded(2);
    let producers = [1, 2, 3].map(|n| {
        let sender = sender.clone();
        thread::spawn(move || (0..5).try_for_each(|i| sender.send(n * 10 + i)))
    });
    drop(sender);
    assert_eq!(receiver.iter().sum::<i32>(), 5 * 60 + 3 * 10);
    assert!(producers.map(Thread::join).iter().all(Result::is_ok));
}

#[test]
fn whoever_joins_waits_where_all_others_wait() {
    let (go, gate) = bounded::<()>(1);
    let thread = thread::spawn(move || gate.recv());
    let joiner = thread::spawn(move || thread.join());
    until_waiting("thread join", file!(), 1);
    go.send(()).unwrap();
    assert_eq!(joiner.join().unwrap().unwrap(), Ok(()));
}

#[test]
fn a_panic_reaches_the_joiner_with_its_message_and_place() {
    let text = panic_of(thread::spawn(|| panic!("plain text")));
    assert_eq!(text.message(), "plain text");
    assert_eq!(text.thread_name(), None);
    assert!(text.spawned_at().file().ends_with("thread.rs"));
    let named = Builder::new().name("digger");
    let formatted = panic_of(named.spawn(|| panic!("number {}", 7)).unwrap());
    assert_eq!(formatted.message(), "number 7");
    assert_eq!(formatted.thread_name(), Some("digger"));
    let other = panic_of(thread::spawn(|| panic_any(42_u8)));
    assert_eq!(other.message(), "(a payload that is not text)");
    assert_eq!(*other.into_payload().downcast::<u8>().unwrap(), 42);
}

#[test]
fn a_panic_says_in_a_sentence_where_the_thread_came_from() {
    let error = thread::spawn(|| panic!("rock")).join().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the thread spawned at "), "{text}");
    assert!(text.ends_with(" panicked: rock"), "{text}");
}

#[test]
fn a_panic_can_be_resumed_with_its_payload() {
    let panic = panic_of(thread::spawn(|| panic!("onward")));
    let resumed = catch_unwind(|| panic.resume());
    assert_eq!(*resumed.unwrap_err().downcast::<&str>().unwrap(), "onward");
}

#[test]
fn a_payload_whose_drop_panics_harms_nobody() {
    drop(panic_of(thread::spawn(|| panic_any(Bomb(None)))));
    let (done, ended) = bounded::<()>(1);
    drop(thread::spawn(move || panic_any(Bomb(Some(done)))));
    assert_eq!(ended.recv(), Err(RecvError::Closed));
}

#[test]
fn a_result_that_nobody_wants_is_dropped_by_its_thread() {
    let (done, ended) = bounded::<()>(1);
    let (go, gate) = bounded::<()>(1);
    let thread = thread::spawn(move || {
        gate.recv().unwrap();
        Bomb(Some(done))
    });
    drop(thread);
    go.send(()).unwrap();
    assert_eq!(ended.recv(), Err(RecvError::Closed));
}

#[test]
fn a_result_is_dropped_by_the_handle_if_the_thread_is_through() {
    let kept = Arc::new(());
    let theirs = Arc::clone(&kept);
    let thread = thread::spawn(move || theirs);
    while !thread.is_finished() {
        std::thread::yield_now();
    }
    assert_eq!(Arc::strong_count(&kept), 2);
    drop(thread);
    // The thread itself may not have let go yet.
    while Arc::strong_count(&kept) > 1 {
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_of_what_the_closure_owned_is_a_panic_of_the_thread() {
    let bomb = Bomb(None);
    let panic = panic_of(thread::spawn(move || drop(bomb)));
    assert_eq!(panic.message(), "dropped");
    let bomb = Bomb(None);
    let panic = panic_of(thread::spawn(move || {
        let _kept_to_the_end = &bomb;
        1
    }));
    assert_eq!(panic.message(), "dropped");
}

#[test]
fn a_thread_that_has_not_ended_comes_back_from_a_join_with_a_deadline() {
    let (go, gate) = bounded::<()>(1);
    let thread = thread::spawn(move || gate.recv().unwrap());
    let Err(JoinTimeoutError::Timeout(thread)) = thread.join_timeout(Duration::ZERO) else {
        panic!("it cannot be done")
    };
    assert!(!thread.is_finished());
    let Err(JoinTimeoutError::Timeout(thread)) = thread.join_deadline(Instant::now()) else {
        panic!("it cannot be done")
    };
    go.send(()).unwrap();
    assert!(thread.join_timeout(Duration::MAX).is_ok());
    let failed = thread::spawn(|| panic!("rock")).join_timeout(Duration::MAX);
    assert!(matches!(
        failed,
        Err(JoinTimeoutError::Failed(JoinError::Panicked(_)))
    ));
}

#[test]
fn a_task_awaits_a_thread() {
    let (go, gate) = bounded::<()>(1);
    let thread = thread::spawn(move || gate.recv().map(|()| "done"));
    let task = thread::spawn(move || futures::executor::block_on(async { thread.await }));
    until_waiting("thread join", file!(), 1);
    go.send(()).unwrap();
    assert_eq!(task.join().unwrap().unwrap(), Ok("done"));
    let panicked = futures::executor::block_on(async { thread::spawn(|| panic!("rock")).await });
    assert!(matches!(panicked, Err(JoinError::Panicked(_))));
}

#[test]
#[should_panic(expected = "polled after it had given its result")]
fn a_thread_that_is_polled_after_its_end_says_so() {
    let mut thread = std::pin::pin!(thread::spawn(|| 1).into_future());
    let _ = futures::executor::block_on(thread.as_mut());
    let _ = futures::executor::block_on(thread);
}

#[test]
fn handles_and_futures_that_are_dropped_or_forgotten_let_the_thread_go_on() {
    let gates = [0, 1, 2, 3].map(|how| {
        let (go, gate) = bounded::<()>(1);
        let (tell, told) = bounded(1);
        let thread = thread::spawn(move || {
            gate.recv().unwrap();
            tell.send(how).unwrap();
        });
        match how {
            0 => drop(thread),
            1 => std::mem::forget(thread),
            _ => {
                let mut joining = Box::pin(thread.into_future());
                assert!(poll(joining.as_mut()).is_pending());
                if how == 2 {
                    drop(joining);
                } else {
                    std::mem::forget(joining);
                }
            }
        }
        (go, told)
    });
    for (how, (go, told)) in gates.into_iter().enumerate() {
        go.send(()).unwrap();
        assert_eq!(told.recv(), Ok(how));
    }
}

#[test]
fn a_handle_knows_its_thread() {
    let (tell, told) = unbounded();
    let thread = Builder::new()
        .name("digger")
        .stack_size(128 * 1024)
        .spawn(move || {
            let current = std::thread::current();
            tell.send((current.id(), current.name().map(String::from)))
        })
        .unwrap();
    let (id, name) = told.recv().unwrap();
    assert_eq!(thread.id(), id);
    assert_eq!(thread.name(), name.as_deref());
    assert_eq!(name.as_deref(), Some("digger"));
    assert!(format!("{thread:?}").contains("digger"));
    thread.join().unwrap().unwrap();
    assert_eq!(thread::spawn(|| ()).name(), None);
}

#[test]
fn a_thread_that_cannot_be_started_is_an_error_and_the_closure_comes_back() {
    fn check<F: FnOnce() -> usize>(refused: SpawnError<F>, text: &str) {
        assert!(refused.to_string().starts_with("cannot start a thread: "));
        assert!(refused.reason().to_string().contains(text));
        assert!(std::error::Error::source(&refused).is_some());
        assert_eq!(refused.into_inner()(), 2);
    }
    let kept = Arc::new(());
    let count = || {
        let kept = Arc::clone(&kept);
        move || Arc::strong_count(&kept)
    };
    let nul = Builder::new().name("a\0b").spawn(count()).unwrap_err();
    check(nul, "NUL");
    let huge = Builder::new().stack_size(usize::MAX / 2).spawn(count());
    check(huge.unwrap_err(), "");
    assert_eq!(
        Arc::strong_count(&kept),
        1,
        "nothing else holds the closure"
    );
}

#[test]
fn a_join_waits_for_what_the_thread_kept_for_its_end() {
    struct Slow(Sender<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            // Time enough for a join that would not wait for this.
            (0..100).for_each(|_| std::thread::yield_now());
            self.0.send(()).unwrap();
        }
    }
    thread_local! {
        static KEPT: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }
    let (tell, told) = unbounded();
    let thread = thread::spawn(move || KEPT.set(Some(Slow(tell))));
    thread.join().unwrap();
    assert_eq!(told.try_recv(), Ok(()));
}

#[test]
fn a_thread_joined_by_its_own_end_does_not_wait_for_itself() {
    struct Last(Option<Thread<i32>>, Sender<i32>);
    impl Drop for Last {
        fn drop(&mut self) {
            let value = self.0.take().unwrap().join().unwrap();
            self.1.send(value).unwrap();
        }
    }
    thread_local! {
        static KEPT: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    let (tell, told) = unbounded();
    let (give, given) = bounded(1);
    let thread = thread::spawn(move || {
        KEPT.set(Some(Last(given.recv().ok(), tell)));
        7
    });
    give.send(thread).unwrap();
    assert_eq!(told.recv(), Ok(7));
}

#[test]
fn a_thread_is_under_no_token_of_its_spawner() {
    let token = CancelToken::new();
    let thread = token.within(|| thread::spawn(cancel::current));
    assert_eq!(thread.join().unwrap(), None);
}

#[test]
fn a_join_that_is_cancelled_leaves_the_thread_alone() {
    let token = CancelToken::new();
    let (go, gate) = bounded::<()>(1);
    let (tell, told) = bounded(1);
    let work = thread::spawn(move || {
        gate.recv().unwrap();
        tell.send(5).unwrap();
    });
    let joiner = {
        let token = token.clone();
        thread::spawn(move || token.within(|| work.join()))
    };
    until_waiting("thread join", file!(), 1);
    token.cancel();
    let ended = joiner.join().unwrap();
    assert!(matches!(ended, Err(JoinError::WaitCancelled)), "{ended:?}");
    go.send(()).unwrap();
    assert_eq!(told.recv(), Ok(5));
}

#[test]
fn a_task_whose_join_is_cancelled_is_told() {
    let token = CancelToken::new();
    let (_go, gate) = bounded::<()>(1);
    let work = thread::spawn(move || gate.recv());
    let mut joining = Box::pin(token.within_async(work.into_future()));
    assert!(poll(joining.as_mut()).is_pending());
    token.cancel();
    let ended = futures::executor::block_on(joining);
    assert!(matches!(ended, Err(JoinError::WaitCancelled)));
}

#[test]
fn a_thread_that_has_ended_is_joined_cancelled_or_not() {
    let token = CancelToken::new();
    token.cancel();
    let thread = thread::spawn(|| 3);
    while !thread.is_finished() {
        std::thread::yield_now();
    }
    assert_eq!(token.within(|| thread.join()).unwrap(), 3);
}

#[test]
fn sleep_lasts_until_its_time() {
    let start = Instant::now();
    let time = Duration::from_millis(2);
    sleep(time).unwrap();
    assert!(start.elapsed() >= time);
    let instant = Instant::now() + time;
    sleep_until(instant).unwrap();
    assert!(Instant::now() >= instant);
}

#[test]
fn sleep_is_seen_and_cancelled() {
    let token = CancelToken::new();
    let sleeper = {
        let token = token.clone();
        thread::spawn(move || token.within(|| (sleep(LONG), sleep(Duration::MAX))))
    };
    until_waiting("sleep", file!(), 1);
    token.cancel_because(Reason::Shutdown);
    let (first, second) = sleeper.join().unwrap();
    assert_eq!(first.unwrap_err().reason, Reason::Shutdown);
    assert_eq!(second.unwrap_err().reason, Reason::Shutdown);
}

#[test]
fn sleep_until_the_past_is_over_cancelled_or_not() {
    let token = CancelToken::new();
    token.cancel();
    token.within(|| {
        assert_eq!(sleep_until(Instant::now()), Ok(()));
        assert_eq!(sleep(Duration::ZERO), Ok(()));
        assert!(sleep(LONG).is_err());
    });
    assert_eq!(sleep(Duration::ZERO), Ok(()));
}

#[test]
fn sleep_ends_at_the_deadline_of_its_token() {
    let token = CancelToken::with_timeout(Duration::from_millis(1));
    let ended = token.within(|| sleep(LONG));
    assert_eq!(ended.unwrap_err().reason, Reason::Deadline);
}
