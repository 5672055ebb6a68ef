//! A closure of any type that is called once at most, kept in place if it is small.
//!
//! Most jobs own a pointer or two. A box for each of them is made by the thread that submits and freed by the worker
//! that runs it, which is the slowest way there is to use an allocator; it takes several times as long as all else about a
//! small job. So [`WORDS`] words of the closure are in place, wherever it is moved; what is larger, or aligned to more than
//! a word, goes into a box.
//!
//! It does not know what is called, nor where.

use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ptr;

/// Words that are kept in place.
const WORDS: usize = 3;

/// The bytes of a closure, or a pointer to it. Pointers, so that what is copied keeps what it points to.
type Place = MaybeUninit<[*const (); WORDS]>;

pub(super) struct Closure {
    place: Place,
    /// What fits the closure that is in the place.
    table: &'static Table,
}

struct Table {
    /// Moves the closure out of its place and calls it.
    call: unsafe fn(*mut Place),
    /// Drops the closure in its place.
    drop: unsafe fn(*mut Place),
}

// SAFETY: `new` takes nothing but closures that are `Send`; the table is of functions.
unsafe impl Send for Closure {}

/// Whether an `F` is kept in place.
const fn fits<F>() -> bool {
    size_of::<F>() <= size_of::<Place>() && align_of::<F>() <= align_of::<Place>()
}

struct Of<F>(F);

impl<F: FnOnce()> Of<F> {
    const TABLE: Table = Table {
        call: Self::call,
        drop: Self::drop,
    };

    /// # Safety
    ///
    /// The place holds what `Closure::new` has written for an `F`; after this it holds nothing.
    unsafe fn take(place: *mut Place) -> F {
        if fits::<F>() {
            // SAFETY: by the contract there is an `F` in the place; it is moved out once.
            unsafe { place.cast::<F>().read() }
        } else {
            // SAFETY: by the contract there is a pointer that `Box::into_raw` gave; it is used up once.
            *unsafe { Box::from_raw(place.cast::<*mut F>().read()) }
        }
    }

    unsafe fn call(place: *mut Place) {
        // SAFETY: as for `take`.
        let closure = unsafe { Self::take(place) };
        closure();
    }

    unsafe fn drop(place: *mut Place) {
        if fits::<F>() {
            // SAFETY: as for `take`.
            unsafe { ptr::drop_in_place(place.cast::<F>()) };
        } else {
            // SAFETY: as for `take`.
            drop(unsafe { Box::from_raw(place.cast::<*mut F>().read()) });
        }
    }
}

impl Closure {
    #[inline]
    pub(super) fn new<F: FnOnce() + Send + 'static>(closure: F) -> Self {
        let mut place = Place::uninit();
        if fits::<F>() {
            // SAFETY: the place is large enough and aligned for it.
            unsafe { place.as_mut_ptr().cast::<F>().write(closure) };
        } else {
            let boxed = Box::into_raw(Box::new(closure));
            // SAFETY: the place has room for a pointer.
            unsafe { place.as_mut_ptr().cast::<*mut F>().write(boxed) };
        }
        Self {
            place,
            table: &Of::<F>::TABLE,
        }
    }

    #[inline]
    pub(super) fn call(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: the table fits what is in the place, and nobody uses it after this.
        unsafe { (this.table.call)(&raw mut this.place) };
    }

    /// The closure it was made of.
    ///
    /// # Safety
    ///
    /// It was made of an `F`.
    pub(super) unsafe fn into_inner<F: FnOnce() + Send>(self) -> F {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: by the contract there is an `F`, or a pointer to one; nobody uses it after this.
        unsafe { Of::<F>::take(&raw mut this.place) }
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        // SAFETY: neither called nor taken, so the closure is in its place, and the table fits it.
        unsafe { (self.table.drop)(&raw mut self.place) };
    }
}

const _: () = assert!(mem::size_of::<Option<Closure>>() == (WORDS + 1) * size_of::<usize>());

#[cfg(all(test, not(any(brigade_loom, brigade_shuttle))))]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// What is called, taken back or dropped is so once, whatever its size.
    fn is_used_once<const LEN: usize>() {
        let (count, calls) = (Arc::new(()), Arc::new(AtomicUsize::new(0)));
        let make = || {
            let (owned, calls, rest) = (Arc::clone(&count), Arc::clone(&calls), [7_u8; LEN]);
            move || {
                assert_eq!(rest, [7; LEN]);
                drop(owned);
                calls.fetch_add(1, Relaxed);
            }
        };
        /// A closure made of one that names its type.
        fn back<F: FnOnce() + Send + 'static>(closure: F) -> F {
            // SAFETY: made of an `F`.
            unsafe { Closure::new(closure).into_inner() }
        }
        Closure::new(make()).call();
        assert_eq!((Arc::strong_count(&count), calls.load(Relaxed)), (1, 1));
        drop(Closure::new(make()));
        assert_eq!((Arc::strong_count(&count), calls.load(Relaxed)), (1, 1));
        let closure = back(make());
        assert_eq!((Arc::strong_count(&count), calls.load(Relaxed)), (2, 1));
        closure();
        assert_eq!((Arc::strong_count(&count), calls.load(Relaxed)), (1, 2));
    }

    #[test]
    fn a_closure_of_any_size_is_used_once() {
        is_used_once::<0>();
        is_used_once::<8>();
        is_used_once::<9>();
        is_used_once::<200>();
        Closure::new(|| ()).call();
    }

    #[test]
    fn a_closure_that_is_aligned_to_more_than_a_word_stays_so() {
        #[repr(align(64))]
        struct Aligned(u8);
        let aligned = Aligned(3);
        let check = move || assert_eq!((ptr::from_ref(&aligned).addr() % 64, aligned.0), (0, 3));
        Closure::new(check).call();
    }

    #[test]
    fn a_panic_drops_what_the_closure_owns_once() {
        let count = Arc::new(());
        let owned = Arc::clone(&count);
        let closure = Closure::new(move || {
            let _owned = owned;
            panic!("called");
        });
        assert!(catch_unwind(AssertUnwindSafe(|| closure.call())).is_err());
        assert_eq!(Arc::strong_count(&count), 1);
    }
}
