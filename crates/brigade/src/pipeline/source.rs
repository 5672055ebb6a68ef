//! Where items come from: an iterator, or a channel.

use super::bell::Bell;
use crate::channel::{Receiver, RecvError, TryRecvError};
use crate::select::Select;
use std::time::Instant;

/// What a source has given.
pub(super) enum Pulled<T> {
    Item(T),
    /// Nothing for now: somebody has rung, it is time, or another look will tell.
    Nothing,
    Ended,
}

/// What items are pulled from, by the thread that runs the pipeline: [`FromIter`] and [`FromReceiver`].
#[expect(private_interfaces, reason = "sealed: nobody else makes sources")]
pub trait Source {
    /// What it gives.
    type Item: Send;

    /// Whether `pull` may make the caller wait.
    #[doc(hidden)]
    const MAY_WAIT: bool;

    /// The next item. If there is none yet, an iterator makes the caller wait, and a channel says so.
    #[doc(hidden)]
    fn pull(&mut self) -> Pulled<Self::Item>;

    /// Waits for an item, but also for the bell and for the time.
    #[doc(hidden)]
    fn wait(&mut self, bell: &Bell, until: Option<Instant>) -> Pulled<Self::Item>;
}

/// The items of an iterator. See [`from_iter`](super::from_iter).
#[derive(Debug)]
pub struct FromIter<I>(pub(super) I);

#[expect(private_interfaces, reason = "sealed: nobody else makes sources")]
impl<I: Iterator<Item: Send>> Source for FromIter<I> {
    type Item = I::Item;

    const MAY_WAIT: bool = true;

    #[inline]
    fn pull(&mut self) -> Pulled<I::Item> {
        self.0.next().map_or(Pulled::Ended, Pulled::Item)
    }

    fn wait(&mut self, _: &Bell, _: Option<Instant>) -> Pulled<I::Item> {
        self.pull()
    }
}

/// The values of a channel. See [`from_receiver`](super::from_receiver).
#[derive(Debug)]
pub struct FromReceiver<T>(pub(super) Receiver<T>);

impl<T> FromReceiver<T> {
    fn received(&self, received: Result<T, RecvError>) -> Pulled<T> {
        match received {
            Ok(value) => Pulled::Item(value),
            Err(RecvError::Closed) => Pulled::Ended,
            Err(_) => Pulled::Nothing,
        }
    }
}

#[expect(private_interfaces, reason = "sealed: nobody else makes sources")]
impl<T: Send> Source for FromReceiver<T> {
    type Item = T;

    const MAY_WAIT: bool = false;

    fn pull(&mut self) -> Pulled<T> {
        match self.0.try_recv() {
            Ok(value) => Pulled::Item(value),
            Err(TryRecvError::Closed) => Pulled::Ended,
            Err(_) => Pulled::Nothing,
        }
    }

    fn wait(&mut self, bell: &Bell, until: Option<Instant>) -> Pulled<T> {
        let mut first = Select::new()
            .recv(&self.0, |received| self.received(received))
            .recv(bell.listener(), |_| {
                bell.answered();
                Pulled::Nothing
            });
        let waited = match until {
            None => first.wait().ok(),
            Some(deadline) => first.wait_deadline(deadline).ok(),
        };
        // Too late, or cancelled.
        waited.unwrap_or(Pulled::Nothing)
    }
}
