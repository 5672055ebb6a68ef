//! What a tree of tokens keeps, and what it does not.

use super::CancelToken;

#[test]
fn a_child_that_is_dropped_is_gone_from_its_parent() {
    let parent = CancelToken::new();
    let kept = parent.child();
    for _ in 0..100_000 {
        let child = parent.child();
        let clone = child.clone();
        drop(child);
        assert_eq!(parent.branch().children(), 2);
        drop(clone);
        assert_eq!(parent.branch().children(), 1);
    }
    drop(kept);
    assert_eq!(parent.branch().children(), 0);
}

#[test]
fn a_child_of_a_cancelled_token_is_not_listed() {
    let parent = CancelToken::new();
    let before = parent.child();
    parent.cancel();
    let after = parent.child();
    assert!(before.is_cancelled() && after.is_cancelled());
    assert_eq!(parent.branch().children(), 0);
}
