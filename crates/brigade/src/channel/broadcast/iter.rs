//! Receivers as iterators.

use super::{Lagged, Receiver, RecvError, TryRecvError};

/// Receives values until the channel is closed and everything was received, or the wait is
/// [cancelled](crate::cancel); blocks in between.
/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T>(pub(super) &'a mut Receiver<T>);

/// Receives values until there are none, without blocking. See [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(pub(super) &'a mut Receiver<T>);

/// Receives values until the channel is closed and everything was received, or the wait is
/// [cancelled](crate::cancel); blocks in between.
/// Made by `for value in receiver`.
#[derive(Debug)]
pub struct IntoIter<T>(pub(super) Receiver<T>);

/// What an iterator or a stream makes of what was received.
pub(super) fn item<T>(received: Result<T, RecvError>) -> Option<Result<T, Lagged>> {
    match received {
        Ok(value) => Some(Ok(value)),
        Err(RecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
        Err(RecvError::Closed | RecvError::Cancelled) => None,
    }
}

impl<T: Clone> Iterator for Iter<'_, T> {
    type Item = Result<T, Lagged>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        item(self.0.recv())
    }
}

impl<T: Clone> Iterator for TryIter<'_, T> {
    type Item = Result<T, Lagged>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.try_recv() {
            Ok(value) => Some(Ok(value)),
            Err(TryRecvError::Lagged(lost)) => Some(Err(Lagged(lost))),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl<T: Clone> Iterator for IntoIter<T> {
    type Item = Result<T, Lagged>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        item(self.0.recv())
    }
}
