//! Sending and receiving as arms of a select.

#[cfg(all(test, brigade_loom))]
mod model;

use super::operation::Recv;
use super::{Receiver, RecvError, SendError, Sender};
use crate::select::{Arm, Arms, Select, of_one};

impl<A> Select<A> {
    /// Adds an arm that receives from `receiver`, and makes of the result what `finish` makes of it.
    ///
    /// It can be done again and again. Once the channel is closed and empty it is done at once, with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// let (sender, numbers) = channel::bounded(1);
    /// let (_quiet, words) = channel::bounded::<&str>(1);
    /// sender.send(12)?;
    /// let mut select = Select::new()
    ///     .recv(&numbers, |number| number.map(|number: i32| number.to_string()))
    ///     .recv(&words, |word| word.map(str::to_owned));
    /// assert_eq!(select.wait()?, Ok("12".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv<T, R>(
        self,
        receiver: &Receiver<T>,
        finish: impl FnMut(Result<T, RecvError>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let recv = [Recv::new(&*receiver.shared)];
        self.with(|before| Arm::again(before, recv, of_one(finish)))
    }

    /// Adds an arm for each of `receivers`; `finish` is told the index of the one that has received.
    ///
    /// For lists that are made at run time. Building it allocates room for the list, and so does a wait that has
    /// to sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::bounded(1)).unzip();
    /// senders[1].send("hello")?;
    /// let mut select = Select::new().recv_any(&receivers, |index, word| (index, word));
    /// assert_eq!(select.wait()?, (1, Ok("hello")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_any<'a, T, R>(
        self,
        receivers: impl IntoIterator<Item = &'a Receiver<T>>,
        finish: impl FnMut(usize, Result<T, RecvError>) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
        T: 'a,
    {
        let receivers = receivers.into_iter();
        let recvs: Vec<_> = receivers
            .map(|receiver| Recv::new(&*receiver.shared))
            .collect();
        self.with(|before| Arm::again(before, recvs, finish))
    }

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
        self.with(|before| Arm::once(before, send, of_one(finish)))
    }
}
