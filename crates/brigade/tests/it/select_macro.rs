//! `select!` and `select_async!` in every form that a program may write.

#![forbid(unsafe_code)]

use brigade::channel::{
    Receiver, RecvError, SendError, Sender, TryRecvError, after, at, bounded, never, unbounded,
};
use brigade::wait::waiters;
use brigade::{select, select_async};
use futures::executor::block_on;
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_millis(2);
const HOUR: Duration = Duration::from_secs(3600);

fn holding<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(1);
    assert!(sender.send(value).is_ok());
    (sender, receiver)
}

#[test]
fn the_value_is_that_of_the_body() {
    let (_words, word) = holding("seven");
    let quiet = never::<i32>();
    let length = select! {
        recv(word) -> word => word.unwrap().len(),
        recv(quiet) -> number => number.map_or(0, |_| 1),
    };
    assert_eq!(length, 5);
    let other = Some(select! { recv(word) -> _ => unreachable!("it is empty"), default => 'd' });
    assert_eq!(other, Some('d'));
}

#[test]
fn results_of_different_types_meet_in_the_bodies() {
    let (_sender, word) = holding(String::from("owned"));
    let (to_full, _kept) = holding([1_u8; 3]);
    let done = select! {
        send(to_full, [2; 3]) -> sent => format!("{}", sent.is_ok()),
        recv(word) -> word => word.unwrap(),
    };
    assert_eq!(done, "owned");
}

#[test]
fn commas_may_follow_and_braces_need_none() {
    let (_a, numbers) = holding(1);
    let (sender, _kept) = unbounded();
    let quiet = never::<i32>();
    for _ in 0..20 {
        select! {
            recv(numbers,) -> _ => {}
            recv(quiet) -> _ => {},
            send(sender, 1,) -> sent => { sent.unwrap(); }
            default => {}
        }
        select! { recv(quiet) -> _ => (), send(sender, 2) -> _ => (), }
        select! { recv(quiet) -> _ => (), default => () }
        select! { recv(quiet) -> _ => (), default => (), }
        select! { recv(quiet) -> _ => {} default(Duration::ZERO) => {} }
        select! { biased; recv(quiet) -> _ => {} default(Duration::ZERO) => {}, }
    }
    assert!(numbers.is_empty());
}

#[test]
fn receivers_may_be_given_in_any_way() {
    struct Held {
        list: Vec<Receiver<i32>>,
    }
    let (_sender, receiver) = holding(1);
    let shared = Arc::new(receiver.clone());
    let boxed = Box::new(receiver.clone());
    let held = Held {
        list: vec![receiver.clone(), receiver],
    };
    let by_reference = &held.list[0];
    let locked = Mutex::new(held.list[1].clone());
    let value = select! {
        recv(held.list[0]) -> value => value,
        recv(&held.list[1]) -> value => value,
        recv(by_reference) -> value => value,
        recv(&by_reference) -> value => value,
        recv(shared) -> value => value,
        recv(boxed) -> value => value,
        recv(locked.lock().unwrap()) -> value => value,
        recv(held.list.first().unwrap()) -> value => value,
        recv(never()) -> value => value,
        recv(if held.list.is_empty() { by_reference } else { &held.list[1] }) -> value => value,
    };
    assert_eq!(value, Ok(1));
}

#[test]
fn a_temporary_receiver_lives_as_long_as_the_select() {
    let now = Instant::now();
    let due = select! {
        recv(at(now)) -> due => due,
        recv(after(HOUR)) -> due => due,
        recv(never()) -> due => due,
    };
    assert_eq!(due, Ok(now));
    let timed_out = select! {
        recv(never::<()>()) -> _ => false,
        recv(after(SOON)) -> _ => true,
    };
    assert!(timed_out);
}

#[test]
fn bodies_may_break_continue_and_return() {
    fn first_even(numbers: &Receiver<i32>, stop: &Receiver<()>) -> Option<i32> {
        loop {
            select! {
                biased;
                recv(numbers) -> number => match number {
                    Ok(number) if number % 2 == 0 => return Some(number),
                    Ok(_) => continue,
                    Err(_) => break,
                },
                recv(stop) -> _ => break,
            }
        }
        None
    }
    let (sender, numbers) = unbounded();
    let (stop, stopped) = bounded(1);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(first_even(&numbers, &stopped), Some(2));
    stop.send(()).unwrap();
    assert_eq!(first_even(&numbers, &stopped), None);
    drop(sender);
    assert_eq!(first_even(&numbers, &stopped), None);
}

#[test]
fn a_loop_may_break_with_a_value_and_a_label() {
    let (sender, receiver) = unbounded();
    for value in 0..10 {
        sender.send(value).unwrap();
    }
    let value = 'outer: loop {
        loop {
            select! {
                recv(receiver) -> value => match value.unwrap() {
                    5 => break 'outer value,
                    value if value % 2 == 0 => break,
                    _ => {}
                },
                default => panic!("there is a value"),
            }
        }
    };
    assert_eq!(value, Ok(5));
}

#[test]
fn bodies_may_use_the_question_mark() {
    fn relay(from: &Receiver<i32>, to: &Sender<i32>) -> Result<i32, Box<dyn std::error::Error>> {
        let value = select! {
            recv(from) -> value => value?,
            default => Err("nothing there")?,
        };
        select! {
            send(to, value.checked_add(1).ok_or("too large")?) -> sent => sent?,
            default(SOON) => return Err("no room".into()),
        }
        Ok(value)
    }
    let (to_from, from) = holding(1);
    let (to, result) = bounded(1);
    assert_eq!(relay(&from, &to).unwrap(), 1);
    assert_eq!(relay(&from, &to).unwrap_err().to_string(), "nothing there");
    to_from.send(2).unwrap();
    assert_eq!(relay(&from, &to).unwrap_err().to_string(), "no room");
    assert_eq!(result.recv(), Ok(2));
    to_from.send(i32::MAX).unwrap();
    assert_eq!(relay(&from, &to).unwrap_err().to_string(), "too large");
    drop(to_from);
    let closed = relay(&from, &to).unwrap_err();
    assert_eq!(closed.downcast_ref(), Some(&RecvError::Closed));
}

#[test]
fn what_the_macro_names_inside_hides_nothing_of_the_program() {
    let (output, received) = holding(1);
    let (select, done) = holding(2);
    let sent = 3;
    let sum = select! {
        recv(received) -> value => value.unwrap() + sent,
        send(output, sent) -> _ => unreachable!("{:?}", output),
        recv(never::<i32>()) -> result => result.unwrap() + done.len() as i32,
        send(select, sent + received.len() as i32) -> _ => unreachable!("{:?}", select),
    };
    assert_eq!(sum, 4);
}

#[test]
fn selects_may_be_nested_in_every_place() {
    let (_a, numbers) = holding(1);
    let (sender, words) = bounded(1);
    let done = select! {
        recv(numbers) -> number => select! {
            recv(words) -> _ => 0,
            send(sender, "inner") -> sent => select! {
                recv(words) -> word => number.unwrap() + sent.map(|()| word.unwrap().len()).unwrap(),
            },
        },
        default => 0,
    };
    assert_eq!(done, 6);
    let (to_full, _kept) = holding(0);
    let value = select! {
        send(to_full, select! { recv(numbers) -> _ => 1, default => 2 }) -> sent => sent.is_ok(),
        default(select! { recv(numbers) -> _ => HOUR, default => SOON }) => false,
    };
    assert!(!value);
}

#[test]
fn two_sends_of_values_that_are_not_copied_send_one() {
    let (to_full, _kept) = holding(String::new());
    let (sender, receiver) = bounded(1);
    for _ in 0..20 {
        select! {
            send(to_full, String::from("dear")) -> _ => unreachable!("it is full"),
            send(sender, String::from("dear")) -> sent => sent.unwrap(),
        }
        assert_eq!(receiver.recv().unwrap(), "dear");
    }
}

#[test]
fn patterns_take_the_result_apart() {
    struct Pair {
        left: Result<i32, RecvError>,
    }
    let (sender, receiver) = holding(3);
    sender.close();
    let mut sum = 0;
    for _ in 0..2 {
        select! {
            recv(receiver) -> mut left => {
                if let Ok(value) = &mut left {
                    *value += 1;
                }
                let Pair { left } = Pair { left };
                sum += left.unwrap_or(10);
            }
        }
    }
    assert_eq!(sum, 14);
    select! {
        send(sender, 5) -> (Ok(()) | Err(SendError::Closed(_) | SendError::Cancelled(_))) => {}
    }
}

#[test]
fn what_is_sent_and_comes_back_is_not_lost() {
    let value = Arc::new(());
    let (sender, receiver) = bounded(1);
    drop(receiver);
    select! {
        send(sender, Arc::clone(&value)) -> _ => {}
    }
    assert_eq!(Arc::strong_count(&value), 1);
    select! {
        send(sender, Arc::clone(&value)) -> sent => assert!(Arc::ptr_eq(&value, &sent.unwrap_err().into_inner())),
    }
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn the_default_is_taken_only_if_nothing_can_be_done() {
    let (sender, receiver) = bounded(1);
    let look = || {
        select! {
            recv(receiver) -> value => value.map_err(|_: RecvError| TryRecvError::Closed),
            default => Err(TryRecvError::Empty),
        }
    };
    assert_eq!(look(), Err(TryRecvError::Empty));
    sender.send(1).unwrap();
    assert_eq!(look(), Ok(1));
    drop(sender);
    assert_eq!(look(), Err(TryRecvError::Closed));
}

#[test]
fn a_default_with_a_timeout_waits() {
    let quiet = never::<()>();
    let start = Instant::now();
    select! {
        recv(quiet) -> _ => unreachable!("nothing comes"),
        default(SOON) => assert!(start.elapsed() >= SOON),
    }
    let (sender, receiver) = bounded(1);
    thread::scope(|scope| {
        scope.spawn(|| sender.send(1).unwrap());
        select! {
            recv(receiver) -> value => assert_eq!(value, Ok(1)),
            default(HOUR) => unreachable!("a value comes"),
        }
    });
}

#[test]
fn biased_tries_in_order() {
    let (_a, first) = unbounded();
    let (_b, second) = unbounded();
    let taken = Cell::new([0; 2]);
    for value in 0..100 {
        _a.send(value).unwrap();
        _b.send(value).unwrap();
    }
    let count = |arm: usize| {
        let mut now = taken.get();
        now[arm] += 1;
        taken.set(now);
    };
    for _ in 0..150 {
        select! {
            biased;
            recv(first) -> value => { value.unwrap(); count(0); }
            recv(second) -> value => { value.unwrap(); count(1); }
            default => unreachable!("200 values have been sent"),
        }
    }
    assert_eq!(taken.get(), [100, 50]);
}

#[test]
fn expressions_are_evaluated_once_and_in_order() {
    let (sender, _receiver) = unbounded();
    let quiet = never::<i32>();
    let order = Cell::new(Vec::new());
    let note = |name: &'static str| {
        let mut names = order.take();
        names.push(name);
        order.set(names);
    };
    select! {
        recv({ note("receiver"); &quiet }) -> _ => {}
        send({ note("sender"); &sender }, note("value")) -> _ => note("body"),
        recv({ note("last"); &quiet }) -> _ => {}
    }
    assert_eq!(
        order.take(),
        ["receiver", "sender", "value", "last", "body"]
    );
}

#[test]
fn a_dozen_cases_and_more() {
    let channels: Vec<_> = (0..20).map(|_| bounded(1)).collect();
    for (index, (sender, _)) in channels.iter().enumerate() {
        sender.send(index).unwrap();
        let value = select! {
            recv(channels[0].1) -> value => value, recv(channels[1].1) -> value => value,
            recv(channels[2].1) -> value => value, recv(channels[3].1) -> value => value,
            recv(channels[4].1) -> value => value, recv(channels[5].1) -> value => value,
            recv(channels[6].1) -> value => value, recv(channels[7].1) -> value => value,
            recv(channels[8].1) -> value => value, recv(channels[9].1) -> value => value,
            recv(channels[10].1) -> value => value, recv(channels[11].1) -> value => value,
            recv(channels[12].1) -> value => value, recv(channels[13].1) -> value => value,
            recv(channels[14].1) -> value => value, recv(channels[15].1) -> value => value,
            recv(channels[16].1) -> value => value, recv(channels[17].1) -> value => value,
            recv(channels[18].1) -> value => value, recv(channels[19].1) -> value => value,
        };
        assert_eq!(value, Ok(index));
    }
}

#[test]
fn the_site_of_the_wait_is_the_line_of_the_macro() {
    let (sender, receiver) = bounded(1);
    let (lines, line) = bounded(1);
    let sleeper = thread::spawn(move || {
        lines.send(line!() + 1).unwrap();
        select! { recv(receiver) -> value => value, recv(never()) -> value => value }
    });
    let line = line.recv().unwrap();
    let is_here = |waiter: &brigade::wait::Waiter| {
        (waiter.site().file(), waiter.site().line()) == (file!(), line)
    };
    while !waiters().iter().any(is_here) {
        thread::yield_now();
    }
    sender.send(1).unwrap();
    assert_eq!(sleeper.join().unwrap(), Ok(1));
}

#[test]
fn tasks_have_the_same_cases() {
    block_on(async {
        let (sender, receiver) = bounded(1);
        let (to_full, _kept) = holding(0);
        let sent = select_async! {
            recv(receiver) -> value => value.is_err(),
            send(sender, 1) -> sent => sent.is_ok(),
            send(to_full, 1) -> _ => unreachable!("it is full"),
        };
        assert!(sent);
        let value = select_async! { biased; recv(receiver) -> value => value, recv(never()) -> value => value };
        assert_eq!(value, Ok(1));
        select_async! { recv(receiver) -> _ => unreachable!("it is empty"), default => {} }
        select_async! {
            recv(receiver) -> _ => unreachable!("it is empty"),
            default(SOON) => {}
        }
        let timed_out = select_async! {
            recv(receiver) -> _ => false,
            recv(after(SOON)) -> _ => true,
        };
        assert!(timed_out);
    });
}

#[test]
fn bodies_of_tasks_may_await() {
    async fn relay(from: Receiver<i32>, to: Sender<i32>) -> Result<i32, SendError<i32>> {
        let mut count = 0;
        loop {
            select_async! {
                recv(from) -> value => match value {
                    Ok(value) => to.send_async(value * 2).await?,
                    Err(_) => return Ok(count),
                },
                default(HOUR) => unreachable!("values come, or the end"),
            }
            count += 1;
        }
    }
    let (sender, from) = bounded(1);
    let (to, receiver) = bounded(1);
    let relay = thread::spawn(|| block_on(relay(from, to)));
    for value in 0..10 {
        sender.send(value).unwrap();
        assert_eq!(receiver.recv(), Ok(value * 2));
    }
    drop(sender);
    assert_eq!(relay.join().unwrap(), Ok(10));
}

#[test]
fn a_task_that_selects_may_move_between_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    // `Cell` is `Send` and not `Sync`.
    let (sender, receiver) = bounded(1);
    let sum = runtime.spawn(async move {
        let mut sum = 0;
        loop {
            select_async! {
                recv(receiver) -> value => match value {
                    Ok(value) => sum += Cell::into_inner(value),
                    Err(_) => break sum,
                },
                recv(never::<Cell<i32>>()) -> _ => unreachable!("nothing comes"),
            }
            tokio::task::yield_now().await;
        }
    });
    for value in 1..=100 {
        sender.send(Cell::new(value)).unwrap();
    }
    drop(sender);
    assert_eq!(runtime.block_on(sum).unwrap(), 5050);
}
