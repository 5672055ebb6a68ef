//! The task's driver: polls an operation and returns `Pending` while it cannot go on.

use super::interrupt::{Door, Interrupts};
use super::queue::{Kind, Node};
use super::registry::{self, Listing};
use super::timer::Timer;
use super::{Ended, Limit, Operation, Polling, ambient, turn};
use crate::prim::{MODEL, StdArc, hint};
use std::fmt;
use std::future::Future;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Second looks that one poll takes before it lets other tasks run.
const LOOKS: u32 = if MODEL { 1 } else { 8 };

/// An operation being awaited. Dropping it gives up: a wake that it received is passed on.
///
/// Most operations are done at once, and their futures only made, polled and dropped. So what a waiter
/// needs is written into place when it first has to wait, and costs the others nothing.
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct Wait<O: Operation> {
    operation: O,
    site: &'static Location<'static>,
    /// Whether `place` is initialised.
    placed: bool,
    /// Whether `door` is initialised: only while it is placed.
    watched: bool,
    place: MaybeUninit<Place>,
    /// Its place with what it is under, if it is under anything.
    door: MaybeUninit<Door>,
}

/// What a waiter needs.
#[derive(Debug)]
struct Place {
    node: Node,
    listing: Listing,
}

impl<O: Operation> Wait<O> {
    #[inline]
    pub(crate) fn new(operation: O, site: &'static Location<'static>) -> Self {
        let mut wait = MaybeUninit::<Self>::uninit();
        let at = wait.as_mut_ptr();
        // Field by field, because a struct expression fills `place` and `door` with zeros: that doubles what a future
        // costs which is done at once.
        //
        // SAFETY: `at` points to room for a `Wait` of our own, and every field but `place` and `door`,
        // which may be uninitialised, is written.
        unsafe {
            (&raw mut (*at).operation).write(operation);
            (&raw mut (*at).site).write(site);
            (&raw mut (*at).placed).write(false);
            (&raw mut (*at).watched).write(false);
            wait.assume_init()
        }
    }

    /// The operation, to take back what it holds. Only once the wait has been given up.
    pub(crate) fn operation(self: Pin<&mut Self>) -> &mut O {
        debug_assert!(
            !self.placed,
            "the operation belongs to the wait until it ends"
        );
        // SAFETY: the operation is not pinned: no `Pin` to it is ever made.
        unsafe { &mut self.get_unchecked_mut().operation }
    }

    /// Leaves the queue; passes on a wake that came.
    #[inline]
    pub(crate) fn give_up(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved out of `self`.
        let this = unsafe { self.get_unchecked_mut() };
        if this.placed {
            this.leave(false);
        }
    }

    /// Gives up, but not without having tried.
    fn end(mut self: Pin<&mut Self>, ended: Ended) -> Poll<Result<O::Output, Ended>> {
        if !self.placed {
            // It has only let others run, and comes back: else a loop of such waits would let nobody run.
            return self.operation().last_attempt().map(Ok);
        }
        // A wake that has come is for one who waits. This is one who comes by, and maybe had somebody in the way.
        self.as_mut().give_up();
        Poll::Ready(match self.operation().last_attempt() {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => Err(ended),
        })
    }

    #[cold]
    fn leave(&mut self, served: bool) {
        self.shut();
        self.placed = false;
        // SAFETY: it was placed, hence initialised and pinned since; nobody uses it after this.
        let place = unsafe { Pin::new_unchecked(self.place.assume_init_ref()) };
        place.leave(&self.operation, served);
        // SAFETY: as above; it has left the queue and the list.
        unsafe { self.place.assume_init_drop() };
    }

    /// Leaves what it is under.
    fn shut(&mut self) {
        if self.watched {
            self.watched = false;
            // SAFETY: it was watched, hence initialised; its drop leaves, where it is pinned with `self`.
            unsafe { self.door.assume_init_drop() };
        }
    }

    #[cold]
    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<O::Output> {
        let Some(cancelled) = O::CANCELLED else {
            return self.poll_queue(cx);
        };
        ambient::with_current(|source| self.poll_under(source, cancelled, cx))
    }

    /// `poll_queue`, for one who can be cancelled.
    fn poll_under(
        &mut self,
        source: Option<&StdArc<dyn Interrupts>>,
        cancelled: fn(&mut O) -> O::Output,
        cx: &mut Context<'_>,
    ) -> Poll<O::Output> {
        let Some(source) = source else {
            self.shut();
            return self.poll_queue(cx);
        };
        if self.placed || !source.interrupt().has_fired() {
            let polled = self.poll_queue(cx);
            if polled.is_ready() || !self.watch(source, cx) {
                return polled;
            }
            // A wake that has come is for one who waits, and goes on to the next. This is one who comes by.
            self.leave(false);
        }
        Poll::Ready(match self.operation.last_attempt() {
            Poll::Ready(output) => output,
            Poll::Pending => cancelled(&mut self.operation),
        })
    }

    /// Has `source` wake the task too. Returns whether it has fired.
    fn watch(&mut self, source: &StdArc<dyn Interrupts>, cx: &Context<'_>) -> bool {
        // SAFETY: it was watched, hence initialised.
        if self.watched && !unsafe { self.door.assume_init_ref() }.is_of(source) {
            self.shut();
        }
        if !self.watched {
            self.door.write(Door::new(StdArc::clone(source)));
            self.watched = true;
        }
        // SAFETY: initialised, and pinned with `self` (`poll` has a `Pin`), until `shut`.
        unsafe { Pin::new_unchecked(self.door.assume_init_ref()) }.watch(cx.waker())
    }

    fn poll_queue(&mut self, cx: &mut Context<'_>) -> Poll<O::Output> {
        let fresh = !self.placed;
        turn::waits(true);
        if fresh {
            if let Some(output) = self.spin() {
                return Poll::Ready(output);
            }
            self.place.write(Place {
                node: Node::wanting(Kind::Task, self.operation.wants()),
                listing: Listing::new(),
            });
            self.placed = true;
        }
        // SAFETY: initialised, and pinned with `self` (`poll` has a `Pin`), until `leave`.
        let place = unsafe { Pin::new_unchecked(self.place.assume_init_ref()) };
        let polled = place.poll(&mut self.operation, fresh, self.site, cx);
        if polled.is_ready() {
            // A wake that arrives from here on finds us served, and is passed on.
            self.leave(true);
        }
        polled
    }

    /// Looks again a few times, where that has paid.
    fn spin(&mut self) -> Option<O::Output> {
        let moves = self.operation.moves();
        let mut spin = self.operation.patience().begin_poll(moves)?;
        while spin.step(self.operation.patience()) {
            if let Poll::Ready(output) = self.operation.glance() {
                spin.paid(self.operation.patience());
                return Some(output);
            }
        }
        None
    }
}

impl Place {
    fn node(self: Pin<&Self>) -> Pin<&Node> {
        // SAFETY: never moved out of a place, which is pinned.
        unsafe { self.map_unchecked(|place| &place.node) }
    }

    fn listing(self: Pin<&Self>) -> Pin<&Listing> {
        // SAFETY: as above.
        unsafe { self.map_unchecked(|place| &place.listing) }
    }

    fn leave<O: Operation>(self: Pin<&Self>, operation: &O, served: bool) {
        self.listing().leave();
        let queue = operation.queue();
        // SAFETY: if it is joined, it joined this queue and has not left.
        let woken = self.node.is_joined() && unsafe { queue.leave(self.node()) };
        // Who is not served may have spent a wake on an attempt that came too early, before the mover in
        // front had finished; what it looked for is there by now, for somebody else.
        if woken || (!served && operation.chances() > 0) {
            operation.hand_on(1);
        }
    }

    /// `tried` says that an attempt has just been in vain.
    fn poll<O: Operation>(
        self: Pin<&Self>,
        operation: &mut O,
        mut tried: bool,
        site: &'static Location<'static>,
        cx: &mut Context<'_>,
    ) -> Poll<O::Output> {
        let mut looks = 0;
        let mut attempt: fn(&mut O) -> Poll<O::Output> = O::glance;
        loop {
            if !tried {
                // A wake taken before the attempt is used by it.
                if self.node.is_notified() {
                    operation.patience().note_wake(self.node.distance_of_wake());
                    operation.note_woken(Kind::Task);
                    turn::begins();
                    self.node.reset();
                }
                let awake = !self.node.is_joined();
                if awake && operation.dozes() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                if let Poll::Ready(output) = attempt(operation) {
                    return Poll::Ready(output);
                }
                if awake && self.node.was_woken_from_afar() && operation.lingers() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
            tried = false;
            // A glance will do until the second look has seen a chance.
            attempt = O::attempt;
            if !self.stay_queued(operation, cx) {
                continue;
            }
            if operation.chances() == 0 {
                self.listing().enter(registry::Wait {
                    what: O::WAITS_FOR,
                    object: operation.queue(),
                    site,
                    thread: None,
                    held: operation.held(),
                    timed: false,
                });
                return Poll::Pending;
            }
            if looks == LOOKS {
                // Somebody has claimed a place and not finished with it. Let others run meanwhile.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            looks += 1;
            hint::spin_loop();
        }
    }

    /// Joins the queue, or keeps the place in it. False if a wake came first.
    fn stay_queued<O: Operation>(self: Pin<&Self>, operation: &O, cx: &Context<'_>) -> bool {
        let queue = operation.queue();
        if self.node.is_joined() {
            // SAFETY: joined and not left.
            return unsafe { queue.refresh(self.node(), cx.waker()) };
        }
        // SAFETY: in no queue, and pinned with the `Wait`, whose drop takes it out; the queue lives
        // as long as the operation, which is dropped after the node has left.
        unsafe { queue.join_as(self.node(), cx.waker().clone(), operation.rank()) };
        true
    }
}

impl<O: Operation> Future for Wait<O> {
    type Output = O::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved out of `self`.
        let this = unsafe { self.get_unchecked_mut() };
        let _task = Polling::of(cx);
        if !this.placed {
            if !turn::goes_on() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Poll::Ready(output) = this.operation.glance() {
                return Poll::Ready(output);
            }
        }
        this.poll_slow(cx)
    }
}

impl<O: Operation> Drop for Wait<O> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: if it is placed, `self` has been pinned since, and a drop is in place.
        unsafe { Pin::new_unchecked(self) }.give_up();
    }
}

impl<O: Operation> fmt::Debug for Wait<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("waits_for", O::WAITS_FOR)
            .field("at", &self.site)
            .finish()
    }
}

/// An operation being awaited until a deadline; `None` is for ever.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct WaitUntil<O: Operation> {
    wait: Wait<O>,
    timer: Timer,
    deadline: Option<Instant>,
}

impl<O: Operation> WaitUntil<O> {
    pub(crate) fn new(
        operation: O,
        deadline: Option<Instant>,
        site: &'static Location<'static>,
    ) -> Self {
        Self {
            wait: Wait::new(operation, site),
            timer: Timer::new(),
            deadline,
        }
    }

    /// The wait itself.
    pub(crate) fn wait(self: Pin<&mut Self>) -> Pin<&mut Wait<O>> {
        self.project().0
    }

    fn project(self: Pin<&mut Self>) -> (Pin<&mut Wait<O>>, Pin<&Timer>, Option<Instant>) {
        // SAFETY: wait and timer are never moved out of `self`, which has no drop of its own.
        unsafe {
            let this = self.get_unchecked_mut();
            (
                Pin::new_unchecked(&mut this.wait),
                Pin::new_unchecked(&this.timer),
                this.deadline,
            )
        }
    }
}

impl<O: Operation> Future for WaitUntil<O> {
    type Output = Result<O::Output, Ended>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (mut wait, timer, deadline) = self.project();
        if let Poll::Ready(output) = wait.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match (Limit::until(deadline).reached(), deadline) {
            (Some(ended), _) => wait.end(ended),
            (None, Some(at)) => {
                timer.set(at, cx.waker());
                Poll::Pending
            }
            (None, None) => Poll::Pending,
        }
    }
}
