//! The examples of deadlocks say what the guide says they do. By themselves, as they have the hooks to themselves.

#[path = "../examples/deadlock.rs"]
#[expect(dead_code, reason = "its main is for running it")]
mod deadlock;

#[cfg(debug_assertions)]
#[path = "../examples/lock_order.rs"]
#[expect(dead_code, reason = "its main is for running it")]
mod lock_order;

#[test]
fn the_deadlock_is_reported_with_both_lines_of_both() {
    assert_eq!(
        deadlock::report(),
        "certain: true\n\
         salary waits for mutex lock at line 48, which has been held since line 46\n\
         savings waits for mutex lock at line 48, which has been held since line 46\n"
    );
}

#[test]
#[cfg(debug_assertions)]
fn the_order_of_locks_is_reported_with_all_four_lines() {
    assert_eq!(
        lock_order::report(),
        "line 25, then line 27\n\
         line 20, then line 22\n"
    );
}
