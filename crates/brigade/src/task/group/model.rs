//! Loom's proof for the room of a group: never more inside than there are places, and nobody waits for ever.

use super::room::Room;
use crate::prim::Ordering::{AcqRel, Relaxed};
use crate::prim::atomic::AtomicUsize;
use crate::prim::{Arc, StdArc, three_threads};
use crate::wait::{Limit, Wait, block};
use loom::future::block_on;
use loom::thread;
use std::panic::Location;

/// Enters the room, counts who is inside, and leaves.
fn visit(room: &Room, inside: &AtomicUsize, as_task: bool) {
    let entering = room.entering();
    let place = if as_task {
        block_on(Wait::new(entering, Location::caller()))
    } else {
        let mut entering = entering;
        block(&mut entering, Limit::NONE, Location::caller()).unwrap()
    };
    assert_eq!(inside.fetch_add(1, AcqRel), 0);
    inside.fetch_sub(1, AcqRel);
    drop(place.expect("nobody cancels it"));
}

fn visitors(sides: &'static [bool]) {
    let room = StdArc::new(Room::new(1));
    let inside = Arc::new(AtomicUsize::new(0));
    let others: Vec<_> = sides[1..]
        .iter()
        .map(|&as_task| {
            let (room, inside) = (StdArc::clone(&room), Arc::clone(&inside));
            thread::spawn(move || visit(&room, &inside, as_task))
        })
        .collect();
    visit(&room, &inside, sides[0]);
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(inside.load(Relaxed), 0);
    assert!(room.try_enter().is_some());
}

#[test]
fn two_tasks_share_one_place() {
    loom::model(|| visitors(&[true, true]));
}

#[test]
fn a_thread_and_a_task_share_one_place() {
    loom::model(|| visitors(&[false, true]));
}

#[test]
fn three_share_one_place() {
    three_threads(|| visitors(&[true, true, true]));
}
