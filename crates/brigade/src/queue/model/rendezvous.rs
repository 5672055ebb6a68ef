//! The queue without places of its own: questions, and senders that are short of slots.

use super::super::Rendezvous;
use super::*;

/// As many values in as there are slots, and two more questions than that.
fn full() -> Rendezvous<i32> {
    let rendezvous = Rendezvous::new();
    for value in 1..=2 {
        rendezvous.ask();
        until_moved(|| rendezvous.push(&mut Some(value)));
    }
    rendezvous.ask();
    rendezvous.ask();
    rendezvous
}

/// Two wait for slots at the same time. Whoever of them is the first to say so, a receiver that frees one
/// sees each who sleeps.
#[test]
fn each_sender_about_to_sleep_and_a_pop_see_each_other() {
    loom::model(|| {
        let object = Arc::new((full(), [(); 2].map(|()| AtomicBool::new(false))));
        let senders = [0, 1].map(|index| {
            let object = Arc::clone(&object);
            thread::spawn(move || {
                object.1[index].store(true, Release);
                object.0.look_for_room()
            })
        });
        until_moved(|| object.0.pop());
        let looks = object.0.is_crowded();
        let seen = [0, 1].map(|index| looks && object.1[index].load(Relaxed));
        for (sender, seen) in senders.into_iter().zip(seen) {
            assert!(sender.join().unwrap() > 0 || seen);
        }
    });
}

/// How many values are let in.
fn open(rendezvous: &Rendezvous<i32>) -> usize {
    let let_in = |_: &i32| rendezvous.push(&mut Some(0)).is_ok();
    (0..3).take_while(let_in).count()
}

/// Asks, hears that a sender is on its way, and does not wait.
fn look(rendezvous: &Rendezvous<i32>) {
    rendezvous.ask();
    rendezvous.withdraw(true);
}

#[test]
fn a_question_that_stands_is_taken_over_or_asked_beside() {
    race(
        Rendezvous::new,
        look,
        Rendezvous::ask,
        |rendezvous, (), took_over| {
            assert_eq!(open(rendezvous), 2 - usize::from(took_over));
        },
    );
}

#[test]
fn one_question_stands_and_no_two() {
    race(Rendezvous::new, look, look, |rendezvous, (), ()| {
        assert_eq!(open(rendezvous), 1);
        assert!(rendezvous.ask(), "a sender is expected");
    });
}
