//! The example of a deadlock says what the guide says it does. By itself, as it has the hook to itself.

#[path = "../examples/deadlock.rs"]
#[expect(dead_code, reason = "its main is for running it")]
mod deadlock;

#[test]
fn the_deadlock_is_reported_with_both_lines_of_both() {
    assert_eq!(
        deadlock::report(),
        "certain: true\n\
         salary waits for mutex lock at line 48, which has been held since line 46\n\
         savings waits for mutex lock at line 48, which has been held since line 46\n"
    );
}
