//! Scopes without errors, and races.

use super::*;

#[test]
fn a_plain_scope_returns_values() {
    let litres = [3, 1, 4, 1];
    let sum = scope_plain(|scope| {
        let left = scope.spawn(|| litres[..2].iter().sum::<i32>());
        let right = scope.spawn(|| litres[2..].iter().sum::<i32>());
        left.join().unwrap() + right.join().unwrap()
    });
    assert_eq!(sum, 9);
}

#[test]
fn a_plain_scope_goes_on_with_the_panic_of_a_child() {
    let (_sender, receiver) = silence();
    let said = unwound(|| {
        scope_plain(|scope| {
            scope.spawn(|| receiver.recv());
            scope.spawn(|| panic!("rock"));
        })
    });
    assert_eq!(said, "rock");
    let value = scope_plain(|scope| {
        let joined = scope.spawn(|| -> i32 { panic!("rock") }).join();
        joined.unwrap_or(7)
    });
    assert_eq!(value, 7);
}

#[test]
fn a_plain_scope_that_was_cancelled_still_tells_of_a_panic() {
    let said = unwound(|| {
        scope_plain(|scope| {
            scope.token().cancel();
            scope.spawn(|| panic!("rock"));
        })
    });
    assert_eq!(said, "rock");
}

#[test]
fn a_plain_scope_panics_at_its_end_if_a_thread_was_refused() {
    let ended = AtomicBool::new(false);
    let refused = catch_unwind(AssertUnwindSafe(|| {
        ScopeOptions::new()
            .stack_size(usize::MAX / 2)
            .run_plain(|scope| {
                scope.spawn(|| ());
                ended.store(true, Relaxed);
            });
    }));
    assert!(refused.is_err() && ended.load(Relaxed));
}

#[test]
fn the_first_success_wins_and_cancels_the_others() {
    let (_sender, receiver) = silence();
    let (go, gate) = bounded(1);
    let losers = AtomicUsize::new(0);
    let wait = |line: &Receiver<i32>| {
        let received = line.recv();
        if received == Err(RecvError::Cancelled) {
            losers.fetch_add(1, Relaxed);
        }
        received
    };
    go.send(7).unwrap();
    // Nobody can win before the last of them is started.
    let lines = [receiver.clone(), receiver, gate];
    let won = race(lines.iter().map(|line| move || wait(line)));
    assert_eq!(won.unwrap(), 7);
    assert_eq!(losers.load(Relaxed), 2);
}

#[test]
fn a_race_without_a_winner_tells_all_failures() {
    type Runner = Box<dyn FnOnce() -> Result<(), &'static str> + Send>;
    let (go, gate) = bounded::<()>(1);
    let runners: [Runner; 3] = [
        Box::new(move || {
            drop(go);
            Err("first")
        }),
        Box::new(move || {
            gate.recv().unwrap_err();
            panic!("second")
        }),
        Box::new(|| Err("third")),
    ];
    let error = race(runners).unwrap_err();
    assert_eq!(error.failures().len(), 3);
    assert!(error.to_string().ends_with("(and 2 more after it)"));
    let nobody = race::<(), Infallible, [fn() -> Result<(), Infallible>; 0]>([]).unwrap_err();
    assert!(nobody.failures().is_empty());
    assert_eq!(nobody.to_string(), "nobody took part in the race");
}

#[test]
fn a_success_that_comes_late_is_dropped() {
    let (started, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let winner = race([1, 2].map(|_| {
        || {
            started.fetch_add(1, Relaxed);
            until(|| started.load(Relaxed) == 2);
            Ok::<_, Infallible>(Counted(&dropped))
        }
    }));
    assert_eq!(dropped.load(Relaxed), 1);
    drop(winner);
    assert_eq!(dropped.load(Relaxed), 2);
}

#[test]
fn a_race_has_a_deadline_and_panics_with_its_iterator() {
    let (_sender, receiver) = silence();
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(1));
    let error = hasty.race([|| receiver.recv()]).unwrap_err();
    assert!(matches!(
        error.into_failures()[..],
        [
            Failure::Cancelled(Reason::Deadline),
            Failure::Failed(RecvError::Cancelled)
        ]
    ));
    let said = unwound(|| {
        race((0..2).map(|n| {
            assert!(n == 0, "no more runners");
            || receiver.recv()
        }))
    });
    assert_eq!(said, "no more runners");
}
