//! A future under the token of a group, from its first poll to its end, of whatever kind.
//!
//! The rules are in the module's documentation. It does not know whose future it is.

use crate::cancel::Keeper;
use crate::prim::{StdArc, discard_panic};
use crate::wait::{Door, Interrupts, begin_turn, under};
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future, and what ends it. Pinned before it is polled.
pub(super) struct Guided<F> {
    /// Dropped where it is, when it ends.
    future: Option<F>,
    /// Its place with the token, once it has had to wait.
    door: Option<Door>,
    keeper: Keeper,
    begun: bool,
}

/// How it ended. The future is gone by then.
pub(super) enum End<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    /// It was dropped before its end.
    Dropped,
}

impl<F: Future> Guided<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            future: Some(future),
            door: None,
            keeper: Keeper::new(),
            begun: false,
        }
    }

    /// Polls it under `source`, which is always the same. Not called any more after an end.
    pub(super) fn poll(
        self: Pin<&mut Self>,
        source: &StdArc<dyn Interrupts>,
        cx: &mut Context<'_>,
    ) -> Poll<End<F::Output>> {
        // SAFETY: future and door are never moved out of `self`, which has no drop of its own; the rest is not pinned.
        let (mut future, mut door, keeper, begun) = unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.future),
                Pin::new_unchecked(&mut this.door),
                &this.keeper,
                &mut this.begun,
            )
        };
        let is_called_off = source.interrupt().has_fired();
        if is_called_off && !*begun {
            return Poll::Ready(end(future, None));
        }
        *begun = true;
        if is_called_off {
            // What it does now is not to be cut off because its turn is over.
            begin_turn();
        }
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let running = future.as_mut().as_pin_mut();
            let running = running.expect("a future was polled after it was done");
            keeper.during(|| under(Some(source), || running.poll(cx)))
        }));
        let ended = match polled {
            Ok(Poll::Ready(output)) => Some(Ok(output)),
            Err(payload) => Some(Err(payload)),
            Ok(Poll::Pending) if !is_called_off => {
                watch(door, source, cx);
                return Poll::Pending;
            }
            Ok(Poll::Pending) if keeper.keeps() => return Poll::Pending,
            Ok(Poll::Pending) => None,
        };
        door.set(None);
        Poll::Ready(end(future, ended))
    }

    /// Drops the future; it is not polled any more.
    pub(super) fn discard(self: Pin<&mut Self>) {
        // SAFETY: as in `poll`.
        let mut future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        discard_panic(|| future.set(None));
    }
}

/// Has the task woken when the token is cancelled, or now if it has been meanwhile.
fn watch(mut door: Pin<&mut Option<Door>>, source: &StdArc<dyn Interrupts>, cx: &Context<'_>) {
    if door.is_none() {
        door.set(Some(Door::new(StdArc::clone(source))));
    }
    let door = door.as_ref().as_pin_ref();
    if door.is_some_and(|door| door.watch(cx.waker())) {
        cx.waker().wake_by_ref();
    }
}

/// Drops the future, and says how it ended: if its drop panics, by that.
fn end<F, T>(
    mut future: Pin<&mut Option<F>>,
    ended: Option<Result<T, Box<dyn Any + Send>>>,
) -> End<T> {
    let dropped = catch_unwind(AssertUnwindSafe(|| future.set(None)));
    match (ended, dropped) {
        (Some(Err(first)), dropped) => {
            discard_panic(|| drop(dropped));
            End::Panicked(first)
        }
        (Some(Ok(output)), Err(payload)) => {
            discard_panic(|| drop(output));
            End::Panicked(payload)
        }
        (None, Err(payload)) => End::Panicked(payload),
        (Some(Ok(output)), Ok(())) => End::Returned(output),
        (None, Ok(())) => End::Dropped,
    }
}
