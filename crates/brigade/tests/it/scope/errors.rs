//! Who is cancelled by whom, and what a scope tells of it.

use super::*;

#[test]
fn the_first_error_cancels_siblings_that_wait_and_they_are_suppressed() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(BoxError::from));
        scope.spawn(|| receiver.recv().map_err(BoxError::from));
        until_waiting("channel recv", file!(), 2);
        scope.spawn(|| Err::<(), _>("the bucket leaks".into()));
        Ok(())
    })
    .unwrap_err();
    assert!(
        matches!(error.first(), Failure::Failed(first) if first.to_string() == "the bucket leaks")
    );
    assert_eq!(error.suppressed().len(), 2);
    for other in error.suppressed() {
        let Failure::Failed(other) = other else {
            panic!("{other:?}")
        };
        assert_eq!(other.downcast_ref(), Some(&RecvError::Cancelled));
    }
    assert_eq!(
        error.to_string(),
        "the bucket leaks (and 2 more failures after it)"
    );
    // As `main` would return it.
    let _: Box<dyn Error> = error.into();
}

#[test]
fn an_error_cancels_the_body_that_waits() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| Err::<(), BoxError>("the bucket leaks".into()));
        Ok(receiver.recv()?)
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.to_string(), "the bucket leaks");
    assert!(matches!(&suppressed[..], [Failure::Failed(error)] if error.is::<RecvError>()));
}

#[test]
fn the_error_of_the_body_cancels_the_children() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(|_| "cancelled"));
        Err::<(), _>("no rope")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("no rope")));
    assert!(matches!(suppressed[..], [Failure::Failed("cancelled")]));
}

#[test]
fn a_join_of_another_is_cancelled_by_the_first_error() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        let waits = scope.spawn(|| receiver.recv().map_err(BoxError::from));
        scope.spawn(|| Err::<(), BoxError>("the bucket leaks".into()));
        let joined = waits.join();
        // Its own failure, if the cancelled wait was over sooner; else this wait is the one that ends.
        assert!(matches!(
            joined,
            Err(Failure::Cancelled(Reason::Sibling) | Failure::Failed(_))
        ));
        Ok(joined?)
    });
    assert_eq!(error.unwrap_err().first().to_string(), "the bucket leaks");
}

#[test]
fn a_joined_failure_is_the_joiners_and_what_the_body_makes_of_it_is_the_first() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(io::Error::other));
        let fails = scope.spawn(|| Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)));
        Ok(fails.join()?)
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.into_error().unwrap().kind(), io::ErrorKind::NotFound);
    assert_eq!(suppressed.len(), 1, "the one who was cancelled");
}

#[test]
fn a_joined_failure_that_is_dealt_with_is_none_of_the_scopes() {
    let value = collecting().run(|scope| {
        let fails = scope.spawn(|| Err::<i32, _>("a leak"));
        Ok(fails.join().unwrap_or(7))
    });
    assert_eq!(value.unwrap(), 7);
}

#[test]
fn children_that_were_cancelled_are_told_of_if_nobody_tells_why() {
    let (_sender, receiver) = silence();
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv().map_err(|_| "cancelled"));
        let fails = scope.spawn(|| Err::<(), _>("a leak"));
        let taken = fails.join();
        assert!(matches!(taken, Err(Failure::Failed("a leak"))));
        Ok(())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("cancelled")));
    assert!(suppressed.is_empty());
}

#[test]
fn a_panic_of_a_child_cancels_the_others_and_is_told() {
    let (_sender, receiver) = silence();
    let error = ScopeOptions::new().name("digger").run(|scope| {
        scope.spawn(|| -> Result<(), RecvError> { panic!("rock") });
        receiver.recv().map(drop)
    });
    let error = error.unwrap_err();
    let Failure::Panicked(panic) = error.first() else {
        panic!("{error:?}")
    };
    assert_eq!(panic.message(), "rock");
    assert_eq!(panic.thread_name(), Some("digger-0"));
    assert!(panic.spawned_at().file().ends_with("errors.rs"));
    let text = error.to_string();
    assert!(text.starts_with("what was spawned at "), "{text}");
    assert!(text.contains(" panicked: rock (and 1 more"), "{text}");
}

#[test]
fn a_panic_of_the_body_cancels_the_children_under_every_policy_and_goes_on() {
    for policy in [OnError::CancelAll, OnError::CollectAll, OnError::Ignore] {
        let (_sender, receiver) = silence();
        let ended = AtomicBool::new(false);
        let options = ScopeOptions::new().on_error(policy);
        let said = unwound(|| {
            options.run(|scope| -> Result<(), RecvError> {
                scope.spawn(|| {
                    let received = receiver.recv();
                    ended.store(true, Relaxed);
                    received
                });
                panic!("the body")
            })
        });
        assert_eq!(said, "the body");
        assert!(ended.load(Relaxed), "{policy:?}");
    }
}

#[test]
fn nobody_is_cancelled_where_all_failures_are_collected() {
    let (go, gate) = bounded(1);
    let error = collecting().run(|scope| {
        let first = scope.spawn(|| Err::<(), _>("first"));
        until(|| first.is_finished());
        let second = scope.spawn(|| -> Result<(), _> { panic!("second") });
        until(|| second.is_finished());
        assert!(!scope.token().is_cancelled());
        let third = scope.spawn(|| gate.recv().map_err(|_| "cancelled"));
        go.send(3).unwrap();
        assert_eq!(third.join().unwrap(), 3);
        Err::<(), _>("body")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("first")));
    assert!(matches!(
        &suppressed[..],
        [Failure::Panicked(panic), Failure::Failed("body")] if panic.message() == "second"
    ));
}

#[test]
fn failures_are_ignored_where_they_are_the_joiners_business() {
    let (go, gate) = bounded(1);
    let ignoring = ScopeOptions::new().on_error(OnError::Ignore);
    let value = ignoring.clone().run(|scope| {
        let fails = scope.spawn(|| Err::<(), _>("a leak"));
        scope.spawn(|| -> Result<(), _> { panic!("rock") });
        let waits = scope.spawn(|| gate.recv().map_err(|_| "cancelled"));
        assert!(matches!(fails.join(), Err(Failure::Failed("a leak"))));
        assert!(!scope.token().is_cancelled());
        go.send(3).unwrap();
        Ok(waits.join().unwrap())
    });
    assert_eq!(value.unwrap(), 3);
    let error = ignoring.run(|scope| {
        scope.spawn(|| gate.recv().map(drop).map_err(|_| "cancelled"));
        Err::<(), _>("body")
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Failed("body")));
    assert!(suppressed.is_empty());
}

#[test]
fn a_scope_is_cancelled_from_outside_and_says_so() {
    let token = CancelToken::new();
    let (_sender, receiver) = silence();
    let owner = {
        let token = token.clone();
        thread::spawn(move || {
            ScopeOptions::new().token(&token).run(|scope| {
                scope.spawn(|| receiver.recv());
                scope.spawn(|| receiver.recv());
                Ok(())
            })
        })
    };
    until_waiting("channel recv", file!(), 2);
    token.cancel();
    let error = owner.join().unwrap().unwrap_err();
    assert!(matches!(error.first(), Failure::Cancelled(Reason::Parent)));
    assert_eq!(error.suppressed().len(), 2);
}

#[test]
fn a_scope_is_under_the_token_of_its_caller() {
    let token = CancelToken::new();
    token.cancel();
    let (_sender, receiver) = silence();
    let ended = token.within(|| {
        scope(|scope| {
            scope
                .spawn(|| receiver.recv())
                .join()
                .map_err(|_| RecvError::Closed)
        })
    });
    assert!(matches!(
        ended.unwrap_err().first(),
        Failure::Cancelled(Reason::Parent)
    ));
    let free = cancel::shield(|| token.within(cancel::current));
    assert_eq!(free, Some(token));
}

#[test]
fn the_first_error_reaches_into_scopes_inside() {
    let (_sender, receiver) = silence();
    let error = scope(|outer| {
        outer.spawn(|| {
            scope(|inner| {
                inner.spawn(|| receiver.recv());
                inner.spawn(|| receiver.recv());
                Ok(())
            })
            .map_err(BoxError::from)
        });
        until_waiting("channel recv", file!(), 2);
        Err::<(), _>("no rope".into())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert_eq!(first.to_string(), "no rope");
    let [Failure::Failed(inner)] = &suppressed[..] else {
        panic!("{suppressed:?}")
    };
    let inner: &ScopeError<RecvError> = inner.downcast_ref().unwrap();
    assert!(matches!(inner.first(), Failure::Cancelled(Reason::Parent)));
}

#[test]
fn a_scope_is_cancelled_at_its_deadline() {
    let (_sender, receiver) = silence();
    let hasty = ScopeOptions::new().timeout(Duration::from_millis(2));
    let error = hasty
        .deadline(std::time::Instant::now() + LONG)
        .run(|scope| {
            scope.spawn(|| receiver.recv().map(drop).map_err(BoxError::from));
            Ok(sleep(LONG)?)
        });
    let error = error.unwrap_err();
    assert!(matches!(
        error.first(),
        Failure::Cancelled(Reason::Deadline)
    ));
    assert_eq!(error.suppressed().len(), 2);
}

#[test]
fn a_scope_that_was_cancelled_and_has_all_it_wanted_succeeds() {
    let value = scope(|scope| {
        let (_sender, receiver) = silence();
        let helper = scope.spawn(move || {
            // A helper that is to run until it is told to stop.
            Ok(receiver.recv() == Err(RecvError::Cancelled))
        });
        scope.token().cancel();
        Ok::<_, Infallible>(cancel::shield(|| helper.join()).unwrap())
    });
    assert!(value.unwrap());
}

#[test]
fn children_and_body_are_under_the_token_of_the_scope() {
    scope(|scope| {
        let theirs = scope.spawn(|| Ok::<_, Infallible>(cancel::current()));
        assert_eq!(cancel::current().as_ref(), Some(scope.token()));
        assert_eq!(theirs.join().unwrap().as_ref(), Some(scope.token()));
        Ok(())
    })
    .unwrap();
    assert_eq!(cancel::current(), None);
}
