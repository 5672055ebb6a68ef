//! The two drivers of `select`: a thread or a task waits at several objects for whichever is first.
//!
//! They are the drivers of one operation (`block.rs`, `task.rs`) with a node in each queue, all with the same
//! waker. A wake says only that it is worth looking: the waiter leaves all queues, and then tries. So nothing
//! is ever done but by the waiter itself, no two arms can be done at once, and no token is left over that
//! somebody could lose. The wakes of arms that were not done are passed on.

use super::arms::{Drive, Look};
use super::interrupt::{Door, Interrupt, Interrupts};
use super::patience::Spin;
use super::queue::Kind;
use super::timer::Timer;
use super::{Ended, Limit, Polling, ambient, turn};
use crate::prim::{MODEL, Parker, StdArc, hint, random, thread};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Second looks that one poll takes before it lets other tasks run.
const LOOKS: u32 = if MODEL { 1 } else { 8 };

/// Who is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Whoever chance says, so that a busy arm cannot keep the others out.
    Fair,
    /// As the arms were given.
    Biased,
}

/// How a select waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) order: Order,
    /// `None` is for ever.
    pub(crate) deadline: Option<Instant>,
    /// Whether it ends with what the thread or task is under.
    pub(crate) cancellable: bool,
    pub(crate) site: &'static Location<'static>,
}

/// Tries once whether an arm can be done. Returns whether one is.
#[inline]
pub(crate) fn try_any<R, A: Drive<R>>(arms: &mut A, order: Order) -> bool {
    let done = look(arms, order, Look::Last);
    arms.withdraw();
    done
}

/// Tries every arm once. Returns whether one is done.
#[inline]
fn look<R, A: Drive<R>>(arms: &mut A, order: Order, look: Look) -> bool {
    let count = arms.count();
    if order == Order::Biased || count < 2 {
        return arms.look(0..count, look);
    }
    // Steps of one odd length around a power of two meet every number once. Of any two, either comes first
    // as often as the other, whatever lies between them; a random start alone would favour those behind
    // arms that are seldom ready.
    let around = count.next_power_of_two();
    let random = random();
    let (step, start) = ((random >> 16) as usize | 1, random as usize);
    (0..around)
        .map(|turn| start.wrapping_add(turn.wrapping_mul(step)) & (around - 1))
        .any(|number| number < count && arms.look(number..number + 1, look))
}

/// Waits until an arm is done, or until the wait ends in another way. Sleeps in between and allocates nothing.
#[inline]
pub(crate) fn block_any<R, A: Drive<R>>(arms: &mut A, manner: Manner) -> Result<(), Ended> {
    // No glance: it sees no close, and an arm that is always busy would keep a closed one out for ever.
    let ended = if look(arms, manner.order, Look::Exact) {
        Ok(())
    } else {
        block_slow(arms, manner)
    };
    arms.withdraw();
    ended
}

#[cold]
#[inline(never)]
fn block_slow<R, A: Drive<R>>(arms: &mut A, manner: Manner) -> Result<(), Ended> {
    let limit = Limit::until(manner.deadline);
    let Manner { order, site, .. } = manner;
    if !manner.cancellable {
        return block_until(arms, order, limit, site);
    }
    ambient::with_current(|source| {
        let interrupt = source.map(|source| source.interrupt());
        block_until(arms, order, limit.under(interrupt), site)
    })
}

fn block_until<R, A: Drive<R>>(
    arms: &mut A,
    order: Order,
    limit: Limit<'_>,
    site: &'static Location<'static>,
) -> Result<(), Ended> {
    turn::waits(false);
    let places = pin!(arms.places(Kind::Thread));
    let places = places.as_ref();
    let ended = loop {
        if let Some(ended) = limit.reached() {
            break if look(arms, order, Look::Last) {
                Ok(())
            } else {
                Err(ended)
            };
        }
        if spin(arms, order, limit) {
            break Ok(());
        }
        Parker::with_current(|parker, waker| sleep(arms, limit, site, places, parker, waker));
        // The wakes, if there were any, came before these attempts and so are used by them, or passed on.
        if look(arms, order, Look::Exact) {
            break Ok(());
        }
    };
    arms.pass_on(places);
    ended
}

fn spin<R, A: Drive<R>>(arms: &mut A, order: Order, limit: Limit<'_>) -> bool {
    let moves = arms.moves();
    let Some(spin) = arms.patience().map(|patience| patience.begin_any(moves)) else {
        return false;
    };
    spin_for(arms, order, limit, spin)
}

fn spin_for<R, A: Drive<R>>(arms: &mut A, order: Order, limit: Limit<'_>, mut spin: Spin) -> bool {
    while limit.reached().is_none() && arms.patience().is_some_and(|patience| spin.step(patience)) {
        if look(arms, order, Look::Glance) {
            arms.patience()
                .into_iter()
                .for_each(|patience| spin.paid(patience));
            return true;
        }
    }
    false
}

/// Waits in all queues until woken, until the limit is reached or until an arm looks possible.
fn sleep<R, A: Drive<R>>(
    arms: &A,
    limit: Limit<'_>,
    site: &'static Location<'static>,
    places: Pin<&A::Places>,
    parker: &Parker,
    waker: &Waker,
) {
    let this_thread = thread::current();
    // SAFETY: the places are in no queue, and leave before this function ends: nothing from here to there
    // panics, as it is all ours, or calls of the system that report no errors. The arms are borrowed meanwhile.
    unsafe { arms.join(places, waker) };
    Interrupt::also_wakes(limit.interrupt(), waker, || {
        if !arms.has_chance() && limit.reached().is_none() {
            arms.list(places, site, Some(&this_thread));
            while !arms.is_woken(places) && limit.reached().is_none() {
                parker.park(limit.wakes_at());
            }
        }
    });
    // SAFETY: joined above and not left.
    unsafe { arms.leave(places) };
}

/// Arms of which one is being awaited. Dropping it gives up: wakes that it received are passed on.
#[must_use = "futures do nothing unless they are awaited"]
pub(crate) struct WaitAny<'a, R, A: Drive<R>> {
    arms: &'a mut A,
    manner: Manner,
    timer: Timer,
    /// Its place with what it is under, if it is under anything.
    door: Option<Door>,
    /// Made when it first has to wait.
    places: Option<A::Places>,
    /// Whether the places may be in their queues.
    joined: bool,
    /// Whether an end is missing: wakes may have to be passed on, and attempts taken back.
    owes: bool,
    result: PhantomData<fn() -> R>,
}

impl<'a, R, A: Drive<R>> WaitAny<'a, R, A> {
    pub(crate) fn new(arms: &'a mut A, manner: Manner) -> Self {
        Self {
            arms,
            manner,
            timer: Timer::new(),
            door: None,
            places: None,
            joined: false,
            owes: false,
            result: PhantomData,
        }
    }

    /// Whether no arm could ever be done.
    pub(crate) fn is_spent(&self) -> bool {
        self.arms.is_spent()
    }

    /// The arms, to finish what is done. Only once the wait is over.
    pub(crate) fn arms(self: Pin<&mut Self>) -> &mut A {
        // SAFETY: a reference may be moved; what it points to is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        debug_assert!(!this.joined, "the arms belong to the wait until it ends");
        this.arms
    }

    /// Goes on waiting. False if it is time to try.
    fn stay_queued(self: Pin<&mut Self>, cx: &Context<'_>) -> bool {
        // SAFETY: nothing is moved out of `self`.
        let this = unsafe { self.get_unchecked_mut() };
        let kind = Kind::Task;
        let places = this.places.get_or_insert_with(|| this.arms.places(kind));
        // SAFETY: pinned with `self`, and never moved out of it.
        let places = unsafe { Pin::new_unchecked(&*places) };
        if this.joined {
            // SAFETY: joined and not left.
            return unsafe { this.arms.refresh(places, cx.waker()) };
        }
        // Before it is true: cloning the waker is the application's code, and may panic half-way.
        this.joined = true;
        this.owes = true;
        // SAFETY: in no queue, and pinned with `self`, whose drop takes them out; the arms are borrowed for
        // longer.
        unsafe { this.arms.join(places, cx.waker()) };
        true
    }

    fn leave(self: Pin<&mut Self>) {
        // SAFETY: nothing is moved out of `self`.
        let this = unsafe { self.get_unchecked_mut() };
        if let (true, Some(places)) = (this.joined, &this.places) {
            // SAFETY: pinned with `self`, joined and not left.
            unsafe { this.arms.leave(Pin::new_unchecked(places)) };
            this.joined = false;
        }
    }

    fn list(&self) {
        if let Some(places) = &self.places {
            // SAFETY: `self` is pinned: it has joined.
            let places = unsafe { Pin::new_unchecked(places) };
            self.arms.list(places, self.manner.site, None);
        }
    }

    /// The door, in its place.
    fn door(self: Pin<&mut Self>) -> Pin<&mut Option<Door>> {
        // SAFETY: never moved out of `self`, which is pinned.
        unsafe { self.map_unchecked_mut(|this| &mut this.door) }
    }

    /// Has `source` wake the task too, and nothing else. Returns whether it has fired.
    fn watch(
        self: Pin<&mut Self>,
        source: Option<&StdArc<dyn Interrupts>>,
        cx: &Context<'_>,
    ) -> bool {
        let mut door = self.door();
        let Some(source) = source else {
            door.set(None);
            return false;
        };
        if !door
            .as_ref()
            .as_pin_ref()
            .is_some_and(|door| door.is_of(source))
        {
            door.set(Some(Door::new(StdArc::clone(source))));
        }
        let door = door.as_ref().as_pin_ref();
        door.is_some_and(|door| door.watch(cx.waker()))
    }

    /// It is over, whatever has come of it.
    fn end(mut self: Pin<&mut Self>) {
        self.as_mut().door().set(None);
        if let Some(places) = &self.places {
            // SAFETY: `self` is pinned: only a poll makes places.
            self.arms.pass_on(unsafe { Pin::new_unchecked(places) });
        }
        // SAFETY: nothing is moved out of `self`.
        unsafe { self.as_mut().get_unchecked_mut() }.owes = false;
        self.as_mut().arms().withdraw();
    }

    fn look(self: Pin<&mut Self>, how: Look) -> bool {
        let order = self.manner.order;
        look(self.arms(), order, how)
    }

    /// Looks at the arms that are due. The others stay in their queues.
    fn look_at_due(self: Pin<&mut Self>) -> bool {
        // SAFETY: as in `arms`. Joined operations are not touched.
        let this = unsafe { self.get_unchecked_mut() };
        this.arms.is_due() && look(this.arms, this.manner.order, Look::Due)
    }

    /// Looks again a few times, where that has paid.
    fn spin(self: Pin<&mut Self>) -> bool {
        let order = self.manner.order;
        let arms = self.arms();
        let moves = arms.moves();
        match arms
            .patience()
            .and_then(|patience| patience.begin_poll(moves))
        {
            Some(spin) => spin_for(arms, order, Limit::NONE, spin),
            None => false,
        }
    }
}

impl<R, A: Drive<R>> Future for WaitAny<'_, R, A> {
    type Output = Result<(), Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _task = Polling::of(cx);
        self.arms.called(cx.waker());
        if self.places.is_none() {
            if !turn::goes_on() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            // SAFETY: nothing is moved out of `self`.
            unsafe { self.as_mut().get_unchecked_mut() }.owes = true;
            // As in `block_any`.
            if self.as_mut().look(Look::Exact) {
                self.end();
                return Poll::Ready(Ok(()));
            }
            turn::waits(true);
            if self.as_mut().spin() {
                self.end();
                return Poll::Ready(Ok(()));
            }
        }
        if !self.manner.cancellable {
            return self.poll_under(None, cx);
        }
        ambient::with_current(|source| self.poll_under(source, cx))
    }
}

impl<R, A: Drive<R>> WaitAny<'_, R, A> {
    /// Waits in all queues, and with `source`.
    fn poll_under(
        mut self: Pin<&mut Self>,
        source: Option<&StdArc<dyn Interrupts>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Ended>> {
        let deadline = self.manner.deadline;
        let limit = Limit::until(deadline).under(source.map(|source| source.interrupt()));
        let mut looks = 0;
        loop {
            let queued = self.as_mut().stay_queued(cx);
            if queued && !self.arms.has_chance() && limit.reached().is_none() {
                if self.as_mut().look_at_due() {
                    self.as_mut().leave();
                    self.end();
                    return Poll::Ready(Ok(()));
                }
                self.list();
                if let Some(at) = deadline {
                    // SAFETY: never moved out of `self`, which is pinned.
                    unsafe { self.as_ref().map_unchecked(|this| &this.timer) }.set(at, cx.waker());
                }
                if !self.as_mut().watch(source, cx) {
                    return Poll::Pending;
                }
            }
            let ended = limit.reached();
            if !queued {
                turn::begins();
            }
            self.as_mut().leave();
            let how = if ended.is_some() {
                Look::Last
            } else {
                Look::Exact
            };
            if self.as_mut().look(how) {
                self.end();
                return Poll::Ready(Ok(()));
            }
            if let Some(ended) = ended {
                self.end();
                return Poll::Ready(Err(ended));
            }
            if looks == LOOKS {
                // Somebody has claimed a place and not finished with it. Let others run meanwhile.
                self.as_mut().stay_queued(cx);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            looks += 1;
            hint::spin_loop();
        }
    }
}

impl<R, A: Drive<R>> Drop for WaitAny<'_, R, A> {
    fn drop(&mut self) {
        // Also when an arm has panicked in a look.
        if self.joined || self.owes {
            // SAFETY: a drop is in place, and nothing is moved out of `self`.
            let mut this = unsafe { Pin::new_unchecked(self) };
            this.as_mut().leave();
            this.end();
        }
    }
}
