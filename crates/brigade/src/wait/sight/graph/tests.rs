//! The bounds of the graph, which only show when it is full, and circles through locks that one thread cannot take.

use super::*;

/// The record of locks that nobody has waited for alone; none is that of the lock in the graph.
fn record() -> &'static Record {
    Box::leak(Box::new(Record::new()))
}

/// Takes the last of these with the others in hand; returns how many circles are new. Each call is a line of its own.
#[track_caller]
fn take(graph: &mut Graph, locks: &[usize]) -> usize {
    let (record, site) = (record(), Location::caller());
    let entries: Vec<Entry> = locks
        .iter()
        .map(|&lock| Entry {
            record,
            lock,
            who: 0,
            holds: Holds::Alone,
            site,
        })
        .collect();
    let (inner, outer) = entries.split_last().expect("one is taken");
    graph.nested(outer, inner, Asks::Alone).len()
}

#[test]
fn the_oldest_edges_are_forgotten() {
    let mut graph = Graph::new();
    let before = epoch();
    for lock in 0..EDGES {
        take(&mut graph, &[2 * lock, 2 * lock + 1]);
    }
    assert_eq!((graph.count, epoch()), (EDGES, before));
    take(&mut graph, &[2 * EDGES, 2 * EDGES + 1]);
    assert!(graph.count <= EDGES - EDGES / 4 + 1 && graph.into.len() == graph.count);
    assert_ne!(epoch(), before);
    assert_eq!(take(&mut graph, &[1, 0]), 0, "the first is forgotten");
    assert_eq!(take(&mut graph, &[2 * EDGES + 1, 2 * EDGES]), 1);
    assert_eq!(take(&mut graph, &[2 * EDGES - 1, 2 * EDGES - 2]), 1);
}

#[test]
fn ways_with_many_gates_make_room_for_one_with_few() {
    let mut graph = Graph::new();
    for gate in 10..20 {
        take(&mut graph, &[3, gate, 1, 2]);
    }
    assert_eq!(graph.ways[&(1, 2)].len(), WAYS);
    assert_eq!(take(&mut graph, &[3, 2, 1]), 0, "all have the same gate");
    take(&mut graph, &[30, 1, 2]);
    assert_eq!(graph.ways[&(1, 2)].len(), WAYS);
    assert_eq!(
        take(&mut graph, &[3, 40, 2, 1]),
        0,
        "known with fewer gates"
    );
    take(&mut graph, &[1, 2]);
    assert_eq!(
        graph.ways[&(1, 2)].len(),
        1,
        "it goes with all that they go with"
    );
}

#[test]
fn nothing_is_left_of_a_lock_that_is_gone() {
    let mut graph = Graph::new();
    take(&mut graph, &[1, 2]);
    take(&mut graph, &[2, 3]);
    take(&mut graph, &[1, 3]);
    graph.forget(2);
    assert_eq!((graph.count, graph.ways.len(), graph.into.len()), (1, 1, 1));
    assert_eq!(take(&mut graph, &[3, 2]), 0);
    assert_eq!(take(&mut graph, &[3, 1]), 1);
}

#[test]
fn a_search_in_a_crowd_ends() {
    let mut graph = Graph::new();
    let many: Vec<usize> = (0..60).collect();
    for last in 1..=many.len() {
        // All below are gates of each pair.
        take(&mut graph, &many[..last]);
    }
    let gated = take(&mut graph, &[59, 0]);
    assert_eq!(gated, 1, "the shortest is found first");
}

#[test]
fn who_is_in_whose_way() {
    use Asks::{Again, Upgrade};
    let all = [Holds::Alone, Holds::Upgradable, Holds::Shared];
    let table = |asks| all.map(|holds| meeting(asks, holds));
    let (no, maybe, yes) = (Meeting::Never, Meeting::WithWriter, Meeting::Always);
    assert_eq!(table(Asks::Alone), [yes, yes, yes]);
    assert_eq!(table(Asks::Upgradable), [yes, yes, maybe]);
    assert_eq!(table(Asks::Shared), [yes, maybe, maybe]);
    assert_eq!(table(Again), [yes, no, no]);
    assert_eq!(table(Upgrade), [no, no, yes]);
}
