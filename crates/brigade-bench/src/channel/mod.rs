//! What the channel rows need from a peer: ends that send and receive, and a way to open them.
//! The programs they run have a file each, from [`throughput`] to [`select`]; [`workload`] is what
//! a peer is asked with; the peers themselves are in [`crate::peer`].

pub(crate) mod batches;
pub(crate) mod broadcast;
mod ends;
mod message;
mod ping_pong;
pub(crate) mod select;
mod throughput;
mod workload;

pub(crate) use message::{Message, Size, Wide};
pub(crate) use workload::{Between, Traffic, Workload};

use std::future::Future;

/// How many ends a channel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
}

impl Shape {
    pub(crate) const SPSC: Self = Self::new(1, 1);
    pub(crate) const MPSC: Self = Self::new(4, 1);
    pub(crate) const SPMC: Self = Self::new(1, 4);
    pub(crate) const MPMC: Self = Self::new(4, 4);
    pub(crate) const MPSC_16: Self = Self::new(16, 1);
    pub(crate) const MPSC_32: Self = Self::new(32, 1);

    const fn new(senders: usize, receivers: usize) -> Self {
        Self { senders, receivers }
    }

    /// The name in the rows.
    pub(crate) fn name(self) -> String {
        let Self { senders, receivers } = self;
        match (senders, receivers) {
            (1, 1) => "spsc".to_owned(),
            (_, 1) => format!("mpsc-{senders}"),
            (1, _) => format!("spmc-{receivers}"),
            _ => format!("mpmc-{senders}x{receivers}"),
        }
    }
}

/// Which channel to open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) shape: Shape,
    /// `None` is unbounded.
    pub(crate) capacity: Option<usize>,
}

/// Every end of one channel.
#[derive(Debug)]
pub(crate) struct Ends<S, R> {
    pub(crate) senders: Vec<S>,
    pub(crate) receivers: Vec<R>,
}

impl<S, R> Ends<S, R> {
    /// For a channel with exactly one end on each side.
    pub(crate) fn single((sender, receiver): (S, R)) -> Self {
        Self {
            senders: vec![sender],
            receivers: vec![receiver],
        }
    }

    /// The ends together with who uses them.
    fn used<P, C>(self, by_senders: fn(S) -> P, by_receivers: fn(R) -> C) -> Ends<P, C> {
        Ends {
            senders: self.senders.into_iter().map(by_senders).collect(),
            receivers: self.receivers.into_iter().map(by_receivers).collect(),
        }
    }
}

impl<S: Clone, R> Ends<S, R> {
    /// For a channel with exactly one receiver.
    pub(crate) fn one_receiver(shape: Shape, (sender, receiver): (S, R)) -> Self {
        Self {
            senders: vec![sender; shape.senders],
            receivers: vec![receiver],
        }
    }
}

impl<S: Clone, R: Clone> Ends<S, R> {
    /// For a channel whose ends can all be cloned.
    pub(crate) fn cloned(shape: Shape, (sender, receiver): (S, R)) -> Self {
        Self {
            senders: vec![sender; shape.senders],
            receivers: vec![receiver; shape.receivers],
        }
    }
}

/// The plain blocking send of a peer; false if the channel refused the message.
pub(crate) trait BlockingSender: Send + 'static {
    type Message: Message;

    fn put(&mut self, message: Self::Message) -> bool;
}

/// The plain blocking receive of a peer; `None` once the channel is closed and empty.
pub(crate) trait BlockingReceiver: Send + 'static {
    type Message: Message;

    fn take(&mut self) -> Option<Self::Message>;
}

/// The awaited send of a peer. The future is the peer's own, as it comes: one more around it would
/// be paid for by every message.
pub(crate) trait TaskSender: Send + 'static {
    type Message: Message;

    fn put(&mut self, message: Self::Message) -> impl Future<Output: Sent> + Send;
}

/// The awaited receive of a peer. The future is the peer's own, as it comes.
pub(crate) trait TaskReceiver: Send + 'static {
    type Message: Message;

    fn take(&mut self) -> impl Future<Output: Received<Self::Message>> + Send;
}

/// What a peer says after a send.
pub(crate) trait Sent {
    fn accepted(self) -> bool;
}

impl<T, E> Sent for Result<T, E> {
    #[inline]
    fn accepted(self) -> bool {
        self.is_ok()
    }
}

/// What a peer says after a receive; nothing once the channel is closed and empty.
pub(crate) trait Received<M> {
    fn message(self) -> Option<M>;
}

impl<M, E> Received<M> for Result<M, E> {
    #[inline]
    fn message(self) -> Option<M> {
        self.ok()
    }
}

impl<M> Received<M> for Option<M> {
    #[inline]
    fn message(self) -> Option<M> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn a_shape_is_named_after_its_ends() {
        let shapes = [
            (Shape::SPSC, "spsc"),
            (Shape::MPSC, "mpsc-4"),
            (Shape::SPMC, "spmc-4"),
            (Shape::MPMC, "mpmc-4x4"),
            (Shape::MPSC_16, "mpsc-16"),
        ];
        for (shape, name) in shapes {
            assert_eq!(shape.name(), name);
        }
    }
}
