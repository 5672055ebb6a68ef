//! Futures among the cases of `select_async!`.

#![forbid(unsafe_code)]

use brigade::channel::{Receiver, Sender, bounded, never};
use brigade::select_async;
use futures::executor::block_on;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(2);

fn holding<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(1);
    assert!(sender.send(value).is_ok());
    (sender, receiver)
}

/// Pending once, and then `value`.
fn soon<T: Unpin>(value: T) -> impl Future<Output = T> {
    let mut value = Some(value);
    let mut polled = false;
    poll_fn(move |cx| {
        if !polled {
            polled = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(value.take().expect("polled after it was done"))
    })
}

#[test]
fn a_future_is_a_case() {
    let quiet = never::<i32>();
    let (_values, value) = holding(2);
    let (to_full, _kept) = bounded::<i32>(0);
    block_on(async {
        // By value, what is made into a future, and by itself.
        let task = brigade::task::spawn(async { 3 });
        let joined = select_async! {
            recv(quiet) -> _ => 0,
            future(task) -> joined => joined.unwrap(),
            send(to_full, 1) -> _ => 1,
        };
        assert_eq!(joined, 3);
        assert_eq!(
            select_async! { future(soon("by itself"),) -> word => word },
            "by itself"
        );
        // Beside one that is done, and with what is at the end.
        let one = select_async! {
            biased;
            future(pending::<i32>()) -> never => never,
            recv(value) -> value => value.unwrap(),
        };
        assert_eq!(one, 2);
        let none = select_async! { future(soon(1)) -> _ => 'f', default => 'd' };
        assert_eq!(none, 'd');
        let at_once = select_async! { future(ready(1)) -> _ => 'f', default => 'd' };
        assert_eq!(at_once, 'f');
        let late = select_async! { future(pending::<()>()) -> () => 'f', default(SOON) => 'd' };
        assert_eq!(late, 'd');
    });
}

#[test]
fn a_future_that_is_lent_goes_on() {
    let (sender, receiver) = bounded(1);
    let polls = Cell::new(0);
    let mut counting = pin!(async {
        for _ in 0..3 {
            polls.set(polls.get() + 1);
            soon(()).await;
        }
        "done"
    });
    block_on(async {
        sender.send(1).unwrap();
        select_async! {
            biased;
            recv(receiver) -> value => assert_eq!(value, Ok(1)),
            future(&mut counting) -> _ => unreachable!("it comes later"),
        }
        let done = select_async! {
            recv(receiver) -> _ => unreachable!("it is empty"),
            future(&mut counting) -> done => done,
        };
        assert_eq!(done, "done");
    });
    drop(sender);
    assert_eq!(polls.get(), 3);
}

#[test]
fn a_future_is_gone_before_a_body_runs() {
    struct Noted<'a>(&'a Cell<bool>);
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let (_values, value) = holding(2);
    let (gone, mut count) = (Cell::new(false), 0);
    block_on(async {
        let noted = Noted(&gone);
        // Both the case that is done and the other may use what the future has borrowed.
        select_async! {
            biased;
            recv(value) -> _ => {
                assert!(gone.get());
                count += 1;
            },
            future(async {
                let _noted = noted;
                count += 10;
                pending::<()>().await
            }) -> () => count += 100,
        }
    });
    assert_eq!(count, 1);
}

#[test]
fn futures_and_channels_take_turns() {
    // A channel that is never empty keeps out no future, nor does one that is always ready keep out the other.
    let (sender, receiver) = bounded(1);
    let (mut received, mut polled) = (0, 0);
    block_on(async {
        while received == 0 || polled == 0 {
            let _ = sender.try_send(());
            select_async! {
                recv(receiver) -> _ => received += 1,
                future(ready(())) -> () => polled += 1,
            }
        }
    });
    // In the order of the cases, the first is always first.
    let _ = sender.try_send(());
    for _ in 0..20 {
        let first = block_on(async {
            select_async! {
                biased;
                future(ready(1)) -> one => one,
                recv(receiver) -> _ => 2,
            }
        });
        assert_eq!(first, 1);
    }
}

#[test]
fn a_future_is_polled_once_for_each_wake() {
    let quiet = never::<i32>();
    let polls = Cell::new(0);
    let future = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::<()>::Pending
    });
    let mut selecting = pin!(async {
        select_async! {
            future(future) -> () => (),
            recv(quiet) -> _ => (),
        }
    });
    for polled in 1..10 {
        assert!(crate::by_hand::poll(selecting.as_mut()).is_pending());
        assert_eq!(polls.get(), polled);
    }
}

/// Polls two selects in turn, of which the first is polled once more for its future's sake; `ends` is what its future does
/// then. Returns whose wake a value is, and what was there to be received in the end.
fn in_line(ends: fn() -> Poll<()>) -> [usize; 2] {
    let (sender, receiver) = bounded(1);
    let woken = [(); 2].map(|()| Arc::new(crate::by_hand::Count::default()));
    let due = Cell::new(false);
    let mut first = Box::pin(async {
        select_async! {
            future(poll_fn(|_| if due.get() { ends() } else { Poll::Pending })) -> () => 0,
            recv(receiver) -> value => value.unwrap(),
        }
    });
    let mut second = Box::pin(async {
        select_async! {
            future(pending::<()>()) -> () => 0,
            recv(receiver) -> value => value.unwrap(),
        }
    });
    assert!(crate::by_hand::poll_counted(first.as_mut(), &woken[0]).is_pending());
    assert!(crate::by_hand::poll_counted(second.as_mut(), &woken[1]).is_pending());
    due.set(true);
    let again = AssertUnwindSafe(|| crate::by_hand::poll_counted(first.as_mut(), &woken[0]));
    let again = catch_unwind(again);
    let waits = again.as_ref().is_ok_and(Poll::is_pending);
    sender.send(1).unwrap();
    if again.is_err() {
        drop(first);
    } else if waits {
        assert_eq!(block_on(first), 1);
        sender.send(1).unwrap();
    }
    assert_eq!(block_on(second), 1);
    woken.map(|woken| woken.get())
}

#[test]
fn a_select_that_is_polled_for_its_futures_sake_keeps_its_place_in_line() {
    // It is woken first, and the other by what is sent after that.
    assert_eq!(in_line(|| Poll::Pending), [1, 1]);
}

#[test]
fn a_select_whose_future_is_done_or_panics_leaves_its_place_in_line() {
    assert_eq!(in_line(|| Poll::Ready(())), [0, 1]);
    assert_eq!(in_line(|| panic!("the future panics")), [0, 1]);
}

#[test]
fn a_future_that_panics_keeps_no_wake() {
    let (sender, receiver) = bounded::<i32>(1);
    let other = receiver.clone();
    let turn = Cell::new(0);
    {
        let mut selecting = Box::pin(async {
            select_async! {
                biased;
                future(poll_fn(|_| {
                    turn.set(turn.get() + 1);
                    assert!(turn.get() < 2, "the future panics");
                    Poll::<()>::Pending
                })) -> () => (),
                recv(receiver) -> _ => unreachable!("it panics first"),
            }
        });
        assert!(crate::by_hand::poll(selecting.as_mut()).is_pending());
        let mut waiting = Box::pin(other.recv_async());
        // The wake is for the select, which panics; so the other has to be woken.
        let woken = Arc::new(crate::by_hand::Count::default());
        assert!(crate::by_hand::poll_counted(waiting.as_mut(), &woken).is_pending());
        sender.send(1).unwrap();
        assert_eq!(woken.get(), 0);
        let panics = AssertUnwindSafe(|| crate::by_hand::poll(selecting.as_mut()));
        assert!(catch_unwind(panics).is_err());
        drop(selecting);
        assert_eq!(woken.get(), 1);
        assert_eq!(block_on(waiting), Ok(1));
    }
}
