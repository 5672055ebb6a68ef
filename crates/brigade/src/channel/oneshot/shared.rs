//! What the two ends share: the value, the state, who waits. And which end frees it.
//!
//! # The state
//!
//! One byte, with the same three bits for each side. Bits are set and never cleared, and by
//! read-modify-writes only.
//!
//! | bit | of the sender | of the receiver |
//! |---|---|---|
//! | `ENDED` | has sent, or was dropped without | wants nothing more: closed or dropped |
//! | `WAITS` | has waited for the receiver's end, and may be asleep | has waited for the sender's end, and may be asleep |
//! | `OUT` | never touches the memory again | never touches the memory again |
//!
//! An end sets `ENDED` and `OUT` in one step if the other side does not wait. Else it sets `ENDED`, wakes the
//! other side, and then sets `OUT`: who wakes needs the queue.
//!
//! Whose the value's place is, and who frees the memory:
//!
//! | sender | receiver | the place belongs to | what follows |
//! |---|---|---|---|
//! | – | – | the sender | |
//! | `ENDED` | – | the receiver | the sender is about to wake |
//! | `ENDED` `OUT` | – or `ENDED` | the receiver | the receiver frees when it leaves |
//! | `ENDED` | `ENDED` | the receiver | whoever is the second to be out frees |
//! | – | `ENDED` | the sender, who may not send any more | the receiver was closed, or is about to wake |
//! | – | `ENDED` `OUT` | the sender | the sender frees when it leaves |
//! | `ENDED` | `ENDED` `OUT` | whoever frees | the sender frees when it has woken |
//!
//! So the place changes hands with the sender's `ENDED`, and not with the receiver's: the sender sets it only
//! if the receiver's is not set, in one compare-exchange, or when it leaves a place that is empty. The place
//! is empty again once the value is taken, and a second receive finds that nothing will come.
//!
//! **Exactly one end frees.** An end leaves by setting its `OUT`, unless it finds the other's set; then it
//! frees and sets nothing. Both are set by read-modify-writes on one byte, so one is first, and who is first
//! did not find the other's. An end that wakes sets `OUT` in any case, and frees if the other's was set
//! before. Each `OUT` is a release and is acquired by who frees, so every access comes before the free.
//!
//! # The handshake
//!
//! As in `wait/README.md`: the move `M` is the read-modify-write that sets `ENDED`, and the second look `R` is
//! the one that sets `WAITS`. If `M` is before `R`, the look sees `ENDED`. If `R` is before `M`, then `M` sees
//! `WAITS` and acquires what `R` released: the waiter is in the queue by then, and is woken.
//!
//! All are woken, not one. At the receiver's queue there is one waiter at most, beside futures that were
//! leaked: those stay in the queue, and a single wake might be theirs. Waking all also locks the queue, which
//! alone would order `J` and `M`; the argument above does not lean on it.

use super::super::SendError;
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::atomic::AtomicU8;
use crate::prim::{UnsafeCell, discard_panic};
use crate::wait::WaitQueue;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::NonNull;

/// The sides: by how much the bits of each are shifted.
pub(super) const SENDER: u8 = 0;
/// The other one.
pub(super) const RECEIVER: u8 = 3;

const ENDED: u8 = 1;
const WAITS: u8 = 2;
const OUT: u8 = 4;

/// Neither side has done anything.
const NEW: u8 = 0;
const SENDER_ENDED: u8 = ENDED << SENDER;
const RECEIVER_ENDED: u8 = ENDED << RECEIVER;

pub(super) struct Shared<T> {
    state: AtomicU8,
    /// Those wait here who hold the sender.
    senders: WaitQueue,
    receivers: WaitQueue,
    place: UnsafeCell<Place<T>>,
    /// Reports memory that is never freed.
    #[cfg(all(test, brigade_loom))]
    _audit: loom::alloc::Track<()>,
}

/// Room for the value.
///
/// Not an `Option`, and `take` returns none: those may keep their tag in the bytes of the value. Who looks for
/// it there reads these in other pieces than they were written in, and the processor waits until they have
/// reached the cache. For a `String` that was a quarter of all that a pair costs.
struct Place<T> {
    full: bool,
    value: MaybeUninit<T>,
}

impl<T> Place<T> {
    const EMPTY: Self = Self {
        full: false,
        value: MaybeUninit::uninit(),
    };

    #[inline]
    fn put(&mut self, value: T) {
        self.value.write(value);
        self.full = true;
    }

    /// What `there` makes of the value, or what `absent` yields for none.
    #[inline]
    fn take<R>(&mut self, there: impl FnOnce(T) -> R, absent: impl FnOnce() -> R) -> R {
        if !self.full {
            return absent();
        }
        self.full = false;
        // SAFETY: it was full and no longer says so: the value is there, and is not read again.
        there(unsafe { self.value.assume_init_read() })
    }
}

/// One of the two ends. Dropping it ends its side.
pub(super) struct End<T, const SIDE: u8> {
    shared: NonNull<Shared<T>>,
}

pub(super) type SendingEnd<T> = End<T, SENDER>;
pub(super) type ReceivingEnd<T> = End<T, RECEIVER>;

// SAFETY: an end reaches the value only as its side may (the table above), which moves it from thread to
// thread: `T: Send`. The rest of what is shared is made to be shared.
unsafe impl<T: Send, const SIDE: u8> Send for End<T, SIDE> {}
// SAFETY: a shared reference to an end does not reach the value.
unsafe impl<T: Send, const SIDE: u8> Sync for End<T, SIDE> {}

/// What became of an end that was to leave.
enum Left {
    /// It is out, and the other end is not.
    Gone,
    /// The other end is out: this one has to free what was shared.
    Last,
    /// Nothing: the state forbade it.
    Stayed,
}

impl<T> Shared<T> {
    fn queue_of(&self, side: u8) -> &WaitQueue {
        if side == SENDER {
            &self.senders
        } else {
            &self.receivers
        }
    }
}

/// The only two ends of something new to share.
#[inline]
pub(super) fn ends<T>() -> (SendingEnd<T>, ReceivingEnd<T>) {
    let shared = NonNull::from(Box::leak(Box::new(Shared {
        state: AtomicU8::new(NEW),
        senders: WaitQueue::new(),
        receivers: WaitQueue::new(),
        place: UnsafeCell::new(Place::EMPTY),
        #[cfg(all(test, brigade_loom))]
        _audit: loom::alloc::Track::new(()),
    })));
    (End { shared }, End { shared })
}

impl<T> SendingEnd<T> {
    /// Sends, and is gone; the value comes back if the receiver has ended.
    #[inline]
    pub(super) fn send(self, value: T) -> Result<(), SendError<T>> {
        self.place.with_mut(|place| {
            // SAFETY: the place is the sender's, which has not ended.
            unsafe { (*place).put(value) }
        });
        // Most send before anybody waits; if it is otherwise, the exchange tells.
        let this = ManuallyDrop::new(self);
        match this.leave(NEW, RECEIVER_ENDED) {
            Left::Gone => Ok(()),
            Left::Last => {
                // SAFETY: the other end is out, and this one is never dropped.
                unsafe { free(this.shared) };
                Ok(())
            }
            Left::Stayed => Err(ManuallyDrop::into_inner(this).take_back()),
        }
    }

    #[cold]
    fn take_back(self) -> SendError<T> {
        self.place.with_mut(|place| {
            // SAFETY: the place is still the sender's, which has not ended.
            unsafe { &mut *place }.take(SendError::Closed, || {
                unreachable!("what was not sent is still here")
            })
        })
    }
}

impl<T> ReceivingEnd<T> {
    /// What `there` makes of the value, or what `absent` yields if it is not there.
    ///
    /// Only if [`is_over`](End::is_over), that it is not there is final.
    #[inline]
    pub(super) fn take<R>(&mut self, there: impl FnOnce(T) -> R, absent: impl FnOnce() -> R) -> R {
        if self.state.load(Acquire) & SENDER_ENDED == 0 {
            return absent();
        }
        self.place.with_mut(|place| {
            // SAFETY: the sender has ended, so the place is the receiver's, and there is one receiver.
            unsafe { &mut *place }.take(there, absent)
        })
    }

    /// Wants nothing more. Returns whether anything could have been sent until now.
    pub(super) fn close(&mut self) -> bool {
        let state = self.state.fetch_or(RECEIVER_ENDED, AcqRel);
        if state & (Self::OTHER_WAITS | RECEIVER_ENDED) == Self::OTHER_WAITS {
            self.queue_of(SENDER).wake_all();
        }
        state & (SENDER_ENDED | RECEIVER_ENDED) == 0
    }
}

impl<T, const SIDE: u8> End<T, SIDE> {
    const OTHER_WAITS: u8 = WAITS << (RECEIVER - SIDE);
    const OTHER_OUT: u8 = OUT << (RECEIVER - SIDE);

    /// Whether there is nothing to wait for on this side: the other has ended, or this one has.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.state.load(Acquire) & (SENDER_ENDED | RECEIVER_ENDED) != 0
    }

    /// The same, for the second look of one who waits: says so to the other side.
    pub(super) fn is_over_for_waiter(&self) -> bool {
        let state = self.state.fetch_or(WAITS << SIDE, AcqRel);
        state & (SENDER_ENDED | RECEIVER_ENDED) != 0
    }

    /// Where this side waits.
    pub(super) fn queue(&self) -> &WaitQueue {
        self.queue_of(SIDE)
    }

    /// Ends this side and leaves, unless a bit of `unless` is set. `state` is what the state may be.
    ///
    /// Unless it stayed, this end must not be used any more.
    #[inline]
    fn leave(&self, mut state: u8, unless: u8) -> Left {
        let ended = ENDED << SIDE;
        loop {
            if state & unless != 0 {
                return Left::Stayed;
            }
            if state & Self::OTHER_OUT != 0 {
                return Left::Last;
            }
            // Who had ended before has woken the other side then.
            let wakes = state & (Self::OTHER_WAITS | ended) == Self::OTHER_WAITS;
            let out = if wakes { 0 } else { OUT << SIDE };
            match self
                .state
                .compare_exchange(state, state | ended | out, AcqRel, Acquire)
            {
                Ok(_) if wakes => return self.wake_and_leave(),
                Ok(_) => return Left::Gone,
                Err(now) => state = now,
            }
        }
    }

    #[cold]
    fn wake_and_leave(&self) -> Left {
        self.queue_of(RECEIVER - SIDE).wake_all();
        let state = self.state.fetch_or(OUT << SIDE, AcqRel);
        if state & Self::OTHER_OUT != 0 {
            Left::Last
        } else {
            Left::Gone
        }
    }
}

/// Frees what was shared, and drops a value that nobody has received.
///
/// # Safety
///
/// The caller is an end that found the other out, and is not used any more.
#[inline]
unsafe fn free<T>(shared: NonNull<Shared<T>>) {
    // SAFETY: made of a box by `ends`. Both ends are through with it, and only the last of them frees.
    let shared = unsafe { Box::from_raw(shared.as_ptr()) };
    shared.place.with_mut(|place| {
        // SAFETY: nobody else is left.
        unsafe { &mut *place }.take(discard, || ())
    });
}

/// Drops a value for whom it was not sent.
#[cold]
fn discard<T>(value: T) {
    discard_panic(|| drop(value));
}

/// Reports an access by the other end that the free does not come after.
#[cfg(all(test, brigade_loom))]
impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.state.with_mut(|_| ());
    }
}

impl<T, const SIDE: u8> Deref for End<T, SIDE> {
    type Target = Shared<T>;

    #[inline]
    fn deref(&self) -> &Shared<T> {
        // SAFETY: freed only after both ends have left, and who has this one has not left.
        unsafe { self.shared.as_ref() }
    }
}

impl<T, const SIDE: u8> Drop for End<T, SIDE> {
    #[inline]
    fn drop(&mut self) {
        let state = self.state.load(Acquire);
        if let Left::Last = self.leave(state, 0) {
            // SAFETY: the other end is out, and this is the drop of this one.
            unsafe { free(self.shared) };
        }
    }
}
