//! A value that is made when it is first wanted: a cell, and the one initialiser that everybody has.

use super::OnceCell;
use crate::prim::const_new;
use std::fmt;
use std::future::{Future, ready};
use std::ops::Deref;

/// A value that is made by whoever wants it first.
///
/// The initialiser is an `Fn`: if it panics, nothing is poisoned, and whoever comes next calls it again. It must not
/// ask for the value that it makes: a thread that would wait for itself panics.
///
/// For an initialiser that has to be awaited there is
/// [`OnceCell::get_or_init_async`]: a cell beside the function that makes the value.
///
/// # Examples
///
/// ```
/// use brigade::sync::Lazy;
///
/// static SQUARES: Lazy<Vec<u32>> = Lazy::new(|| (0..5).map(|n| n * n).collect());
/// assert_eq!(SQUARES[3], 9);
/// ```
///
/// Between threads it is shared only if its value may be:
///
/// ```compile_fail,E0277
/// use brigade::sync::Lazy;
/// use std::rc::Rc;
///
/// static SHARED: Lazy<Rc<u8>> = Lazy::new(|| Rc::new(1));
/// ```
pub struct Lazy<T, F = fn() -> T> {
    cell: OnceCell<T>,
    init: F,
}

impl<T, F> Lazy<T, F> {
    const_new! {
        /// A value that `init` will make.
        ///
        /// # Examples
        ///
        /// ```
        /// use brigade::sync::Lazy;
        ///
        /// let base = 40;
        /// let lazy = Lazy::new(|| base + 2); // nothing is called yet
        /// assert_eq!(*lazy, 42);
        /// ```
        #[must_use]
        pub fn new(init: F) -> Self {
            Self { cell: OnceCell::new(), init }
        }
    }

    /// The value, if it has been made.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Lazy;
    ///
    /// let lazy = Lazy::new(|| 1);
    /// assert_eq!(Lazy::get(&lazy), None);
    /// assert_eq!((*lazy, Lazy::get(&lazy)), (1, Some(&1)));
    /// ```
    #[inline]
    #[must_use]
    pub fn get(this: &Self) -> Option<&T> {
        this.cell.get()
    }

    /// The value, if it has been made, to be changed by the owner.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Lazy;
    ///
    /// let mut lazy = Lazy::new(|| 1);
    /// Lazy::force(&lazy);
    /// if let Some(value) = Lazy::get_mut(&mut lazy) {
    ///     *value += 1;
    /// }
    /// assert_eq!(*lazy, 2);
    /// ```
    #[must_use]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.cell.get_mut()
    }

    /// The value, if it has been made, and else the initialiser.
    ///
    /// # Errors
    ///
    /// If the value has not been made.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Lazy;
    ///
    /// let lazy = Lazy::new(|| 1);
    /// Lazy::force(&lazy);
    /// assert_eq!(Lazy::into_inner(lazy).ok(), Some(1));
    /// ```
    pub fn into_inner(this: Self) -> Result<T, F> {
        this.cell.into_inner().ok_or(this.init)
    }
}

impl<T, F: Fn() -> T> Lazy<T, F> {
    /// The value, which is made now if it has not been. Blocks the thread while somebody else makes it.
    ///
    /// To dereference does the same. In a task use [`force_async`](Self::force_async).
    ///
    /// # Panics
    ///
    /// If the initialiser does: then whoever comes next calls it again. If this thread is at work on the same value
    /// already.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Lazy;
    ///
    /// let lazy = Lazy::new(|| String::from("made"));
    /// assert_eq!(Lazy::force(&lazy), "made");
    /// assert_eq!(lazy.len(), 4);
    /// ```
    #[inline]
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.cell.get_or_init(&this.init)
    }

    /// The value, which is made now if it has not been. Suspends the task while somebody else makes it.
    ///
    /// The initialiser itself is called by the poll of this task, and runs to its end in it.
    ///
    /// # Panics
    ///
    /// If the initialiser does: then whoever comes next calls it again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing for anybody else.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::sync::Lazy;
    ///
    /// # futures::executor::block_on(async {
    /// let lazy = Lazy::new(|| 1);
    /// assert_eq!(Lazy::force_async(&lazy).await, &1);
    /// # });
    /// ```
    #[track_caller]
    pub fn force_async(this: &Self) -> impl Future<Output = &T> + use<'_, T, F> {
        this.cell.get_or_init_async(move || ready((this.init)()))
    }
}

impl<T, F: Fn() -> T> Deref for Lazy<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: Default> Default for Lazy<T> {
    /// A value that will be the default of its type.
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Lazy<T, F> {
    /// Does not make the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lazy").field(&self.cell.get()).finish()
    }
}
