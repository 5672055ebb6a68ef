//! A guard that is narrowed to a part of its value: one type for the guards of every lock.
//!
//! It knows no lock: it keeps the guard, and a pointer to the part.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A guard whose value stays in place while the guard moves.
///
/// # Safety
///
/// What it derefs to is not part of the guard, and stays in place and accessible as long as the guard lives.
pub(crate) unsafe trait Guard: Deref {
    /// [`Reads`] or [`Changes`].
    type Access;
}

/// The access of a guard beside which there may be others.
#[derive(Debug)]
pub(crate) enum Reads {}

/// The access of a guard that is alone.
#[derive(Debug)]
pub(crate) enum Changes {}

/// A guard, narrowed to a part of what it guards. Made by the `map` of each guard.
///
/// It can be changed through if the guard can: a mapped read guard only reads.
#[must_use = "the lock is released at once if the guard is not kept"]
pub struct Mapped<G, U: ?Sized> {
    /// A pointer that is invariant, as what can be written through has to be.
    part: *mut U,
    guard: G,
}

// SAFETY: it is the guard, and a reference to the part, which for an exclusive guard is one to change it through.
unsafe impl<G: Send, U: ?Sized + Send + Sync> Send for Mapped<G, U> {}
// SAFETY: a shared one gives shared access to the part, and the guard is not handed out.
unsafe impl<G: Sync, U: ?Sized + Sync> Sync for Mapped<G, U> {}

#[expect(
    private_bounds,
    reason = "sealed: which guards can be narrowed is settled here"
)]
impl<G: Guard<Access = Reads>, U: ?Sized> Mapped<G, U> {
    pub(crate) fn reading(guard: G, part: impl FnOnce(&G::Target) -> &U) -> Self {
        let part = std::ptr::from_ref(part(&guard)).cast_mut();
        Self { part, guard }
    }

    /// Narrows a guard that reads once more.
    pub fn map<V: ?Sized>(mapped: Self, part: impl FnOnce(&U) -> &V) -> Mapped<Self, V> {
        Mapped::reading(mapped, part)
    }
}

#[expect(
    private_bounds,
    reason = "sealed: which guards can be narrowed is settled here"
)]
impl<G: Guard<Access = Changes> + DerefMut, U: ?Sized> Mapped<G, U> {
    pub(crate) fn changing(mut guard: G, part: impl FnOnce(&mut G::Target) -> &mut U) -> Self {
        let part = std::ptr::from_mut(part(&mut guard));
        Self { part, guard }
    }

    /// Narrows a guard that changes the value once more.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::{Mapped, Mutex, MutexGuard};
    ///
    /// let nested = Mutex::new(((1, 2), 3));
    /// let pair = MutexGuard::map(nested.lock(), |nested| &mut nested.0);
    /// let mut second = Mapped::map_mut(pair, |pair| &mut pair.1);
    /// *second = 7;
    /// drop(second);
    /// assert_eq!(*nested.lock(), ((1, 7), 3));
    /// ```
    pub fn map_mut<V: ?Sized>(
        mapped: Self,
        part: impl FnOnce(&mut U) -> &mut V,
    ) -> Mapped<Self, V> {
        Mapped::changing(mapped, part)
    }
}

impl<G, U: ?Sized> Mapped<G, U> {
    /// Gives up the narrowing: the guard of the whole value.
    pub fn into_guard(mapped: Self) -> G {
        mapped.guard
    }
}

impl<G, U: ?Sized> Deref for Mapped<G, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the part was borrowed from what the guard keeps in place (`Guard`), for as long as the guard
        // lives: shared by `reading`, exclusively by `changing`.
        unsafe { &*self.part }
    }
}

impl<G: Guard<Access = Changes>, U: ?Sized> DerefMut for Mapped<G, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: as above. With this access it was made by `changing`, from a guard that is alone.
        unsafe { &mut *self.part }
    }
}

impl<G, U: ?Sized + fmt::Debug> fmt::Debug for Mapped<G, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<G, U: ?Sized + fmt::Display> fmt::Display for Mapped<G, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

// SAFETY: the part is in what the guard keeps in place.
unsafe impl<G: Guard, U: ?Sized> Guard for Mapped<G, U> {
    type Access = G::Access;
}
