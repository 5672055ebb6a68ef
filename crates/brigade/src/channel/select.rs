//! Sending and receiving as arms of a select.

#[cfg(all(test, brigade_loom))]
mod model;

use super::operation::Recv;
use super::{Receiver, RecvError, SendError, Sender};
use crate::select::{Arm, Arms, Begin, Receive, Select, of_one};
use crate::wait::Operation;

impl<T> Receive for &Receiver<T> {
    type Received = Result<T, RecvError>;
}

impl<T> Begin<Result<T, RecvError>> for &Receiver<T> {
    fn begin(self) -> impl Operation<Output = Result<T, RecvError>> {
        Recv::new(&*self.shared)
    }
}

impl<A> Select<A> {
    /// Adds an arm that sends `value`, and makes of the result what `finish` makes of it.
    ///
    /// It is done once; from then on it takes no part. If the channel is closed it is done at once, and the
    /// value comes back in the error. A select that is dropped before drops the value.
    ///
    /// At a channel of capacity 0, a select that also receives there counts as a receiver that has asked: it may
    /// meet itself, and its value goes to the next receive.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// let (sender, receiver) = channel::bounded(1);
    /// let (_quiet, other) = channel::bounded::<i32>(1);
    /// let mut select = Select::new()
    ///     .send(&sender, 5, |sent| sent.is_ok())
    ///     .recv(&other, |received| received.is_ok());
    /// assert!(select.wait()?);
    /// assert_eq!(receiver.recv(), Ok(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send<T, R>(
        self,
        sender: &Sender<T>,
        value: T,
        finish: impl FnMut(Result<(), SendError<T>>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let send = [sender.operation(value)];
        self.with(|before| Arm::new(before, send, of_one(finish)))
    }
}
