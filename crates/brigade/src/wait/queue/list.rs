//! The doubly linked list of a queue. Every function needs the queue's lock, and nodes that are alive.
//!
//! It knows neither the word nor who is woken.

use super::{Links, Node};
use std::ptr;
use std::task::Waker;

/// # Safety
///
/// `node` is alive; `edit` runs under the lock of its queue and touches no second node's links.
unsafe fn edit<R>(node: *const Node, edit: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: the caller vouches for the node, and for the lock that makes this the only access.
    unsafe { &*node }
        .links
        .with_mut(|links| edit(unsafe { &mut *links }))
}

/// Whether none comes after it.
///
/// # Safety
///
/// The lock is held and `node` is in the list.
pub(super) unsafe fn is_last(node: *const Node) -> bool {
    // SAFETY: by the contract.
    unsafe { edit(node, |links| links.next.is_null()) }
}

/// How many nodes the list has.
///
/// # Safety
///
/// The lock is held and `node` (or null) is the list's head.
pub(super) unsafe fn count(mut node: *const Node) -> usize {
    let mut count = 0;
    while !node.is_null() {
        count += 1;
        // SAFETY: by the contract.
        node = unsafe { edit(node, |links| links.next) };
    }
    count
}

/// Appends; returns the head.
///
/// # Safety
///
/// The lock is held; `head` (or null) is the list's head; `node` is alive, in no list, and its
/// links are those of a list of one.
pub(super) unsafe fn push(head: *const Node, node: *const Node) -> *const Node {
    if head.is_null() {
        return node;
    }
    // SAFETY: by the contract, here and below; each edit touches one node only.
    let last = unsafe { edit(head, |links| std::mem::replace(&mut links.previous, node)) };
    // SAFETY: as above.
    unsafe { edit(last, |links| links.next = node) };
    // SAFETY: as above.
    unsafe { edit(node, |links| links.previous = last) };
    head
}

/// Puts in front; returns the head, which is the node.
///
/// # Safety
///
/// As for [`push`].
pub(super) unsafe fn push_first(head: *const Node, node: *const Node) -> *const Node {
    if head.is_null() {
        return node;
    }
    // SAFETY: by the contract, here and below; each edit touches one node only.
    let youngest = unsafe { edit(head, |links| std::mem::replace(&mut links.previous, node)) };
    // SAFETY: as above.
    unsafe {
        edit(node, |links| {
            links.previous = youngest;
            links.next = head;
        });
    }
    node
}

/// Takes `node` out; returns the new head and the node's waker.
///
/// # Safety
///
/// The lock is held, `head` is the list's head and `node` is in the list.
pub(super) unsafe fn unlink(head: *const Node, node: *const Node) -> (*const Node, Option<Waker>) {
    debug_assert!(
        !head.is_null(),
        "a node to take out is in a list that has a head"
    );
    // SAFETY: by the contract, here and below; each edit touches one node only.
    let (previous, next, waker) = unsafe {
        edit(node, |links| {
            let waker = links.waker.take();
            let previous = std::mem::replace(&mut links.previous, ptr::null());
            (
                previous,
                std::mem::replace(&mut links.next, ptr::null()),
                waker,
            )
        })
    };
    let rest = if node == head {
        next
    } else {
        // SAFETY: as above.
        unsafe { edit(previous, |links| links.next = next) };
        head
    };
    // Whoever comes after the node gets its `previous`: the next younger, or else the head, whose
    // `previous` is the youngest. Nobody comes after the only one.
    let follower = if next.is_null() { rest } else { next };
    if !follower.is_null() {
        // SAFETY: as above.
        unsafe { edit(follower, |links| links.previous = previous) };
    }
    (rest, waker)
}
