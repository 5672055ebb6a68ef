//! Receivers as iterators.

use super::Receiver;
use std::iter::FusedIterator;

/// Takes values until the channel is closed and empty, or the wait is [cancelled](crate::cancel); blocks in between.
/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T>(pub(super) &'a Receiver<T>);

/// Takes values until the channel is empty, without blocking. See [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(pub(super) &'a Receiver<T>);

/// Takes as many values as were in the channel, without blocking. See [`Receiver::drain`].
#[derive(Debug)]
#[must_use = "nothing is taken unless the iterator is used"]
pub struct Drain<'a, T> {
    receiver: &'a Receiver<T>,
    /// How many more values it may take.
    left: usize,
}

/// Takes values until the channel is closed and empty, or the wait is [cancelled](crate::cancel); blocks in between.
/// Made by `for value in receiver`.
#[derive(Debug)]
pub struct IntoIter<T>(pub(super) Receiver<T>);

impl<'a, T> Drain<'a, T> {
    pub(super) fn new(receiver: &'a Receiver<T>) -> Self {
        Self {
            receiver,
            left: receiver.len(),
        }
    }
}

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

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let left = self.left.checked_sub(1)?;
        let value = self.receiver.try_recv().ok();
        // Others have taken the rest. What is sent from here on was not in the channel.
        self.left = if value.is_some() { left } else { 0 };
        value
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<T> FusedIterator for Drain<'_, T> {}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}
