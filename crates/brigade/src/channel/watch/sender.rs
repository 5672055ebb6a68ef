//! The sending handle.

use super::Receiver;
use super::future::ClosedFuture;
use super::operation::Closed;
use super::shared::Shared;
use crate::channel::SendError;
use crate::prim::{self, StdArc as Arc, discard_panic};
use crate::wait::{Limit, block};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

/// Replaces the value of a watch channel. Clones write to the same channel.
///
/// No method but [`closed`](Self::closed) waits for anybody. When the last sender is dropped the channel is
/// closed.
pub struct Sender<T> {
    shared: prim::Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn first(shared: prim::Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Puts `value` in the place of the latest, and wakes all who wait for a change.
    ///
    /// # Errors
    ///
    /// If there is no receiver, the value comes back and the latest stays.
    /// [`send_replace`](Self::send_replace) does not ask for receivers.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::watch("red");
    /// sender.send("green")?;
    /// assert_eq!(*receiver.get(), "green");
    /// drop(receiver);
    /// assert_eq!(sender.send("blue").unwrap_err().into_inner(), "blue");
    /// assert_eq!(*sender.get(), "green");
    /// # Ok::<(), brigade::channel::SendError<&str>>(())
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError::Closed(value));
        }
        let old = self.send_replace(value);
        // The receivers have been told; how the old value ends is not this sender's business.
        discard_panic(|| drop(old));
        Ok(())
    }

    /// Puts `value` in the place of the latest, which is returned, and wakes all who wait for a change.
    ///
    /// Works without receivers too: those who [`subscribe`](Self::subscribe) later find it.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _) = brigade::channel::watch(1);
    /// assert_eq!(*sender.send_replace(2), 1);
    /// assert_eq!(*sender.subscribe().get(), 2);
    /// ```
    pub fn send_replace(&self, value: T) -> Arc<T> {
        self.shared.replace(Arc::new(value))
    }

    /// Makes the next value from the latest and sends it, unless `next` returns `None`. Returns whether it
    /// was sent.
    ///
    /// Nothing is locked while `next` runs. If another value is sent meanwhile, what `next` has made is
    /// dropped and `next` is asked again about that one: no update is lost, and `next` may run more than
    /// once. If it panics, nothing is sent. Works without receivers.
    ///
    /// # Examples
    ///
    /// ```
    /// let (highest, receiver) = brigade::channel::watch(3);
    /// let raise = |to| highest.update(|highest| (to > *highest).then_some(to));
    /// assert!(!raise(2));
    /// assert!(raise(5));
    /// assert_eq!(*receiver.get(), 5);
    /// ```
    pub fn update(&self, mut next: impl FnMut(&T) -> Option<T>) -> bool {
        let mut latest = self.get();
        while let Some(value) = next(&latest) {
            let replaced = self.shared.replace_if(&latest, Arc::new(value));
            // It may have been replaced, and then we are its last owner.
            discard_panic(|| drop(latest));
            match replaced {
                Ok(()) => return true,
                Err(newer) => latest = newer,
            }
        }
        false
    }

    /// Changes a copy of the latest value and sends it.
    ///
    /// As with [`update`](Self::update), nothing is locked while `change` runs, and it may run more than
    /// once, each time on a fresh copy.
    ///
    /// # Examples
    ///
    /// ```
    /// let (names, receiver) = brigade::channel::watch(vec!["Ada"]);
    /// names.modify(|names| names.push("Grace"));
    /// assert_eq!(*receiver.get(), ["Ada", "Grace"]);
    /// ```
    pub fn modify(&self, mut change: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.modify_if(|copy| {
            change(copy);
            true
        });
    }

    /// Changes a copy of the latest value and sends it if `change` returns true. Returns whether it was
    /// sent.
    ///
    /// As with [`update`](Self::update), nothing is locked while `change` runs, and it may run more than
    /// once, each time on a fresh copy. Where copies are dear and changes rare, `update` can look first.
    ///
    /// # Examples
    ///
    /// ```
    /// let (names, mut receiver) = brigade::channel::watch(vec!["Ada"]);
    /// assert!(!names.modify_if(|names| names.pop() == Some("Grace")));
    /// assert!(!receiver.has_changed());
    /// assert_eq!(*receiver.get(), ["Ada"]);
    /// ```
    pub fn modify_if(&self, mut change: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        self.update(|latest| {
            let mut copy = latest.clone();
            change(&mut copy).then_some(copy)
        })
    }

    /// The latest value.
    ///
    /// It is a snapshot: it stays as it is, and is kept alive, for as long as it is held.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.shared.get()
    }

    /// Makes a receiver. It has seen the value of this moment and waits for the next.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.add_receiver();
        Receiver::first(prim::Arc::clone(&self.shared))
    }

    /// How many receivers there are at this moment.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receiver_count()
    }

    /// Whether no receiver is left at this moment. [`subscribe`](Self::subscribe) makes a new one.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Blocks the thread until no receiver is left. Returns whether that is so: not if the wait is
    /// [cancelled](crate::cancel).
    ///
    /// If a receiver is made at the very moment when the last one goes, it may go on waiting for that.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = brigade::channel::watch(0);
    /// let reader = std::thread::spawn(move || *receiver.get());
    /// assert!(sender.closed()); // nobody will ask for it any more
    /// assert!(sender.is_closed());
    /// # reader.join().unwrap();
    /// ```
    #[track_caller]
    #[must_use = "the wait may have been cancelled"]
    pub fn closed(&self) -> bool {
        match block(&mut Closed(&self.shared), Limit::NONE, Location::caller()) {
            Ok(closed) => closed,
            Err(_) => unreachable!("a wait without a limit ends with the operation"),
        }
    }

    /// Suspends the task until no receiver is left. As [`closed`](Self::closed).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing has happened.
    #[track_caller]
    pub fn closed_async(&self) -> ClosedFuture<'_, T> {
        ClosedFuture::new(Closed(&self.shared), Location::caller())
    }
}

// No code of the application runs while a channel is between two states. But what a value looks like after a
// panic can be seen through its channel.
impl<T: RefUnwindSafe> UnwindSafe for Sender<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for Sender<T> {}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Self {
            shared: prim::Arc::clone(&self.shared),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.remove_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("receivers", &self.receiver_count())
            .finish()
    }
}
