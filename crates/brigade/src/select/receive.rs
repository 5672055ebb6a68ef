//! Receivers as arms: what every kind of them has to offer.

use super::{Arm, Arms, Select, of_one};
use crate::wait::Operation;

/// A borrow of a receiver, of any kind of channel: what [`Select::recv`] takes.
///
/// | receiver | borrowed | yields what is yielded by |
/// |---|---|---|
/// | [`channel::Receiver`](crate::channel::Receiver) | `&` | `recv` |
/// | [`spsc::Receiver`](crate::channel::spsc::Receiver) | `&mut` | `recv` |
/// | [`oneshot::Receiver`](crate::channel::oneshot::Receiver) | `&mut` | `recv`, once: then the arm takes no part any more |
/// | [`broadcast::Receiver`](crate::channel::broadcast::Receiver) | `&mut` | `recv` |
/// | [`watch::Receiver`](crate::channel::watch::Receiver) | `&mut` | `changed` |
///
/// Only receivers of this library have it: nobody else can name what waits.
#[expect(
    private_bounds,
    reason = "sealed: how receivers wait is the library's business"
)]
pub trait Receive: Begin<<Self as Receive>::Received> {
    /// What a receive yields: a value, or why there will be none.
    type Received;

    /// The borrow itself: lets [`select!`](crate::select!) borrow a receiver as its kind needs it.
    #[doc(hidden)]
    fn borrowed(self) -> Self {
        self
    }
}

/// What a receiver does to receive a `T`, and nobody else sees.
pub(crate) trait Begin<T>: Sized {
    /// A receive that may have to wait.
    fn begin(self) -> impl Operation<Output = T>;
}

impl<A> Select<A> {
    /// Adds an arm that receives from `receiver`, and makes of the result what `finish` makes of it.
    ///
    /// It takes `&receiver` of a channel for many, and `&mut receiver` of the other kinds: see [`Receive`].
    /// It can be done again and again, but for a oneshot's. Once the channel is closed and empty it is done at
    /// once, with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::channel;
    /// use brigade::select::Select;
    ///
    /// let (sender, numbers) = channel::bounded(1);
    /// let (_quiet, mut word) = channel::oneshot::<&str>();
    /// sender.send(12)?;
    /// let mut select = Select::new()
    ///     .recv(&numbers, |number| number.map(|number: i32| number.to_string()))
    ///     .recv(&mut word, |word| word.map(str::to_owned));
    /// assert_eq!(select.wait()?, Ok("12".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv<S: Receive, R>(
        self,
        receiver: S,
        finish: impl FnMut(S::Received) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
    {
        let recv = [receiver.begin()];
        self.with(|before| Arm::new(before, recv, of_one(finish)))
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
    /// let (mut senders, mut answers): (Vec<_>, Vec<_>) = (0..3).map(|_| channel::oneshot()).unzip();
    /// senders.remove(1).send("hello")?;
    /// let mut first = Select::new().recv_any(&mut answers, |index, word| (index, word));
    /// assert_eq!(first.wait()?, (1, Ok("hello")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_any<I, R>(
        self,
        receivers: I,
        finish: impl FnMut(usize, <I::Item as Receive>::Received) -> R,
    ) -> Select<impl Arms<R>>
    where
        A: Arms<R>,
        I: IntoIterator<Item: Receive>,
    {
        let recvs: Vec<_> = receivers.into_iter().map(Begin::begin).collect();
        self.with(|before| Arm::new(before, recvs, finish))
    }
}
