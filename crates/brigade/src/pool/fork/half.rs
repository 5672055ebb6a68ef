//! The half of a join that may be taken by somebody else: a closure and its result on the stack of the joiner.
//!
//! # Who may touch it
//!
//! The joiner, until it has offered the half; again once it has taken it back, or once the state is `DONE`. In
//! between, whoever has taken it. That one's last touch is the read-modify-write that makes the state `DONE`: the joiner may
//! be gone right after it. Whom to wake it has read before.

use super::{Slot, Worker};
use crate::prim::Ordering::{AcqRel, Acquire};
use crate::prim::UnsafeCell;
use crate::prim::atomic::AtomicU8;
use crate::wait::Ambient;
use std::cell::Cell;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr;
use std::thread;

const PENDING: u8 = 0;
const DONE: u8 = 1;

/// What is known of a half without knowing its types.
#[derive(Debug)]
pub(super) struct Half {
    /// Runs it on whoever has taken it.
    run: unsafe fn(*const Self, &Worker),
    state: AtomicU8,
    /// Who waits for it. Written before it is offered, like the next.
    joiner: Cell<*const Slot>,
    /// The half that the joiner has been running: this one is a part of it. Null if it is part of no join.
    part_of: Cell<*const Self>,
    /// What ends the waits of the joiner, and so those of the half.
    ambient: Ambient,
    /// Where it was forked.
    site: &'static Location<'static>,
}

impl Half {
    /// Says who waits for it and what it is a part of.
    pub(super) fn describe(&self, joiner: *const Slot, part_of: *const Self) {
        self.joiner.set(joiner);
        self.part_of.set(part_of);
    }

    /// Who waits for it.
    pub(super) fn joiner(&self) -> *const Slot {
        self.joiner.get()
    }

    /// Where it was forked.
    pub(super) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// The half that it is a part of.
    pub(super) fn part_of(&self) -> *const Self {
        self.part_of.get()
    }

    /// Whether it is done. `synchronised` makes it the second look of the handshake.
    pub(super) fn is_done(&self, synchronised: bool) -> bool {
        let state = if synchronised {
            self.state.fetch_add(0, AcqRel)
        } else {
            self.state.load(Acquire)
        };
        state == DONE
    }

    /// Whether this half, which is not done, is a part of `whole`, or of a part of it.
    ///
    /// # Safety
    ///
    /// It has been offered, and is not done before this returns.
    pub(super) unsafe fn is_within(&self, whole: *const Self) -> bool {
        let mut part_of = self.part_of.get();
        while !part_of.is_null() {
            if ptr::eq(part_of, whole) {
                return true;
            }
            // SAFETY: a half is in place until it is done, which it is not while a part of it is not; it had been
            // offered, and so described, before there was a part of it.
            part_of = unsafe { (*part_of).part_of.get() };
        }
        false
    }

    /// Runs it, and says so to its joiner.
    ///
    /// # Safety
    ///
    /// The caller has taken it.
    pub(super) unsafe fn run_taken(half: *const Self, worker: &Worker) {
        // SAFETY: by the contract it is in place until it is done, and `run` fits it.
        unsafe { ((*half).run)(half, worker) };
    }
}

/// A half with its closure and its result.
#[repr(C)]
pub(super) struct StackHalf<F, R> {
    /// First, so that a pointer to it is one to the whole.
    half: Half,
    closure: UnsafeCell<ManuallyDrop<F>>,
    result: UnsafeCell<MaybeUninit<thread::Result<R>>>,
}

impl<F: FnOnce(&Worker) -> R, R> StackHalf<F, R> {
    #[inline(always)]
    pub(super) fn new(closure: F, site: &'static Location<'static>) -> Self {
        Self {
            half: Half {
                run: Self::run,
                state: AtomicU8::new(PENDING),
                joiner: Cell::new(ptr::null()),
                part_of: Cell::new(ptr::null()),
                ambient: Ambient::here(),
                site,
            },
            closure: UnsafeCell::new(ManuallyDrop::new(closure)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    #[inline(always)]
    pub(super) fn half(&self) -> *const Half {
        ptr::from_ref(self).cast()
    }

    /// The closure.
    ///
    /// # Safety
    ///
    /// Called once, by whoever may touch the half.
    #[inline(always)]
    pub(super) unsafe fn take(&self) -> F {
        self.closure
            // SAFETY: by the contract nobody else touches it, and it has not been taken out.
            .with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) })
    }

    /// The result of somebody else's run.
    ///
    /// # Safety
    ///
    /// It is done; called once, by the joiner.
    pub(super) unsafe fn result(&self) -> thread::Result<R> {
        self.result
            // SAFETY: by the contract it has been written, and whoever has written it does not touch it any more.
            .with_mut(|result| unsafe { (*result).assume_init_read() })
    }

    /// # Safety
    ///
    /// `half` is that of a `Self` that the caller has taken.
    unsafe fn run(half: *const Half, worker: &Worker) {
        // SAFETY: by the contract; the half is the first field.
        let this = unsafe { &*half.cast::<Self>() };
        // SAFETY: taken, and run once.
        let closure = unsafe { this.take() };
        let ambient = this.half.ambient;
        // SAFETY: the joiner made the half in the frame of its join, which waits until the half is done.
        let result = catch_unwind(AssertUnwindSafe(|| unsafe {
            ambient.cover(|| closure(worker))
        }));
        this.result.with_mut(|place| {
            // SAFETY: taken and not done: it is ours alone.
            unsafe { (*place).write(result) };
        });
        let joiner = this.half.joiner();
        // The last touch of the half.
        this.half.state.swap(DONE, AcqRel);
        // SAFETY: a slot lives as long as its crew, to which this worker belongs.
        unsafe { (*joiner).waiting.wake_one() };
    }
}

/// Goes on with what a run has thrown, or returns what it has yielded.
pub(super) fn unwrap<R>(result: thread::Result<R>) -> R {
    match result {
        Ok(result) => result,
        Err(payload) => resume_unwind(payload),
    }
}
