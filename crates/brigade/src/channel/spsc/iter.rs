//! Receivers as iterators.

use super::Receiver;

/// Takes values until the channel is closed and empty, or the wait is [cancelled](crate::cancel); blocks in between.
/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T>(pub(super) &'a mut Receiver<T>);

/// Takes values until the channel is empty, without blocking. See [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(pub(super) &'a mut Receiver<T>);

/// Takes values until the channel is closed and empty, or the wait is [cancelled](crate::cancel); blocks in between.
/// Made by `for value in receiver`.
#[derive(Debug)]
pub struct IntoIter<T>(pub(super) Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}
