//! What goes wrong in code of the application, and in the system.

use super::*;

#[test]
fn a_result_that_nobody_wants_and_that_panics_when_dropped_is_a_failure() {
    let (go, gate) = bounded::<()>(1);
    let error = scope(|scope| {
        drop(scope.spawn(|| gate.recv().map(|()| Bomb)));
        go.send(()).unwrap();
        Ok(())
    });
    let (first, _) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::Panicked(panic) if panic.message() == "dropped"));
}

#[test]
fn what_a_closure_owned_may_panic_when_dropped() {
    let bomb = Bomb;
    let error = scope(|scope| {
        scope.spawn(move || {
            let _bomb = &bomb;
            Ok::<_, Infallible>(())
        });
        Ok(())
    });
    assert!(matches!(error.unwrap_err().first(), Failure::Panicked(_)));
}

#[test]
fn a_payload_may_panic_when_dropped() {
    let error = scope(|scope| {
        scope.spawn(|| -> Result<(), Infallible> { panic_any(Bomb) });
        Ok(())
    });
    drop(error);
    let said = unwound(|| {
        collecting().run(|scope| -> Result<(), Infallible> {
            let child = scope.spawn(|| -> Result<(), Infallible> { panic_any(Bomb) });
            until(|| child.is_finished());
            panic!("the body")
        })
    });
    assert_eq!(said, "the body");
}

#[test]
fn errors_that_panic_when_dropped_do_not_stop_the_panic_of_the_body() {
    let said = unwound(|| {
        collecting().run(|scope| -> Result<(), Bomb> {
            let children = [(); 2].map(|()| scope.spawn(|| Err::<(), _>(Bomb)));
            until(|| children.iter().all(|child| child.is_finished()));
            panic!("the body")
        })
    });
    assert_eq!(said, "the body");
}

#[test]
fn a_panic_while_a_handle_is_dropped_is_a_panic_of_the_body() {
    let said = unwound(|| {
        scope(|scope| {
            let child = scope.spawn(|| Ok::<_, Infallible>(Bomb));
            // Dropping the handle could leave it to the thread, which lets go a little later than it is finished.
            drop(child.join());
            Ok(())
        })
    });
    assert_eq!(said, "dropped");
}

#[test]
fn a_thread_that_is_refused_is_a_failure_and_the_others_end() {
    let (_sender, receiver) = silence();
    let dropped = AtomicUsize::new(0);
    let error = scope(|scope| {
        scope.spawn(|| receiver.recv());
        until_waiting("channel recv", file!(), 1);
        let owned = Counted(&dropped);
        let refused = Builder::new()
            .stack_size(usize::MAX / 2)
            .spawn_scoped(scope, move || {
                let _owned = owned;
                Ok(1)
            });
        assert_eq!(dropped.load(Relaxed), 1);
        assert!(refused.is_finished() && refused.name().is_none());
        Ok(())
    });
    let (first, suppressed) = error.unwrap_err().into_parts();
    assert!(matches!(first, Failure::NotStarted(_)));
    assert!(matches!(
        suppressed[..],
        [Failure::Failed(RecvError::Cancelled)]
    ));
    let joined = collecting().run(|scope| {
        let refused = Builder::new()
            .name("a\0b")
            .spawn_scoped(scope, || Ok::<_, Infallible>(1));
        Ok(matches!(refused.join(), Err(Failure::NotStarted(_))))
    });
    assert!(joined.unwrap());
}

#[test]
fn a_join_with_a_deadline_gives_the_handle_back() {
    let (go, gate) = bounded(1);
    let value = scope(|scope| {
        let child = scope.spawn(|| gate.recv());
        let child = child.join_timeout(Duration::ZERO).unwrap_err();
        let child = child.join_deadline(std::time::Instant::now()).unwrap_err();
        go.send(4).unwrap();
        Ok(child.join_timeout(Duration::MAX).unwrap().unwrap())
    });
    assert_eq!(value.unwrap(), 4);
}

#[test]
fn threads_of_a_scope_are_numbered_if_they_are_named() {
    let names = ScopeOptions::new().name("digger").run(|scope| {
        let children = [(); 3].map(|()| scope.spawn(|| Ok(())));
        Ok::<_, Infallible>(children.map(|child| child.name().unwrap().to_owned()))
    });
    assert_eq!(names.unwrap(), ["digger-0", "digger-1", "digger-2"]);
}
