//! One value per processor, each on cache lines of its own, and which of them a thread uses.
//!
//! A thread has one place for all such sets, so finding it costs one look at a thread-local. Threads get their
//! places in turn, and one that meets another in a place moves on: so threads that run at the same time end up
//! apart, as far as there are places. Where a thread is never matters for what is true, only for what is fast.
//!
//! This module does not know what the values are.

use crate::prim::Ordering::Relaxed;
use crate::prim::{MODEL, PlainAtomicUsize, cpus, random, thread_local};
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::slice;

/// More places than this cost whoever has to visit them all more than they spare the others.
const MOST: usize = 64;

/// The place of a thread that has not needed one.
const NONE: usize = usize::MAX;

/// Meetings after which a thread moves on that cannot tell a thread at work from one that has lost its processor.
const MEETINGS: u8 = if MODEL { 1 } else { 64 };

thread_local! {
    static PLACE: Cell<usize> = const { Cell::new(NONE) };
}

thread_local! {
    static MET: Cell<u8> = const { Cell::new(0) };
}

/// The same for the life of the process, as the number of processors is read once.
fn count() -> usize {
    cpus().next_power_of_two().min(MOST)
}

/// The calling thread's place. Less than `count()`.
#[inline(always)]
fn here() -> usize {
    let place = PLACE.with(Cell::get);
    if place == NONE { first() } else { place }
}

#[cold]
fn first() -> usize {
    /// A hint like the places themselves, so models need not see it; and it would outlast them.
    static NEXT: PlainAtomicUsize = PlainAtomicUsize::new(0);
    let next = if MODEL { 0 } else { NEXT.fetch_add(1, Relaxed) };
    let place = next & (count() - 1);
    PLACE.with(|cell| cell.set(place));
    place
}

/// The calling thread has found somebody in its place, at work or not: if that happens often, it moves on.
#[inline]
pub(super) fn meet() {
    let met = MET.with(Cell::get) + 1;
    if met < MEETINGS {
        MET.with(|cell| cell.set(met));
    } else {
        MET.with(|cell| cell.set(0));
        move_on();
    }
}

/// Gives the calling thread another place: it has met somebody in this one.
#[cold]
pub(super) fn move_on() {
    // By an odd number, so never to where it is; a random one, so that two who move together come apart.
    let step = random() as usize | 1;
    let place = here().wrapping_add(step) & (count() - 1);
    PLACE.with(|cell| cell.set(place));
}

/// A value in each place. As thin as a pointer to the first.
#[derive(Debug)]
pub(super) struct Places<T>(NonNull<CachePadded<T>>);

/// Borrowed [`Places`].
#[derive(Debug)]
pub(super) struct View<'a, T> {
    first: NonNull<CachePadded<T>>,
    _borrowed: PhantomData<&'a [CachePadded<T>]>,
}

// SAFETY: it owns its values as a box does.
unsafe impl<T: Send> Send for Places<T> {}
// SAFETY: shared, it gives out shared references only.
unsafe impl<T: Sync> Sync for Places<T> {}

impl<T> Places<T> {
    pub(super) fn new(make: impl Fn() -> T) -> Self {
        let values: Box<[_]> = (0..count()).map(|_| CachePadded::new(make())).collect();
        Self(NonNull::from(Box::leak(values)).cast())
    }

    #[inline(always)]
    pub(super) fn view(&self) -> View<'_, T> {
        View {
            first: self.0,
            _borrowed: PhantomData,
        }
    }

    /// Gives them away as a pointer, to keep in an atomic one.
    pub(super) fn into_raw(self) -> *mut CachePadded<T> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// Takes back what `into_raw` has given away.
    ///
    /// # Safety
    ///
    /// `first` comes from `into_raw`, and from here on nobody else uses it or what was borrowed from it.
    pub(super) unsafe fn from_raw(first: *mut CachePadded<T>) -> Self {
        // SAFETY: `into_raw` has made it of one that is not null.
        Self(unsafe { NonNull::new_unchecked(first) })
    }
}

impl<'a, T> View<'a, T> {
    /// Looks at what `into_raw` has given away; nothing if `first` is null.
    ///
    /// # Safety
    ///
    /// If it is not null, `first` comes from `into_raw` and is not taken back while `'a` lasts.
    #[inline(always)]
    pub(super) unsafe fn of_raw(first: *mut CachePadded<T>) -> Option<Self> {
        NonNull::new(first).map(|first| Self {
            first,
            _borrowed: PhantomData,
        })
    }

    /// The value in the calling thread's place.
    #[inline(always)]
    pub(super) fn here(&self) -> &'a T {
        // SAFETY: there are `count()` values from the first on (`Places::new`), which is constant, and `here()`
        // is less. They live as long as what is borrowed.
        unsafe { self.first.add(here()).as_ref() }
    }

    /// All values; at least one.
    #[inline]
    pub(super) fn all(&self) -> &'a [CachePadded<T>] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), count()) }
    }
}

impl<T> Drop for Places<T> {
    fn drop(&mut self) {
        let values = NonNull::slice_from_raw_parts(self.0, count());
        // SAFETY: leaked by `new` with that length, and nobody uses it after this.
        drop(unsafe { Box::from_raw(values.as_ptr()) });
    }
}
