//! What the channel rows need from a peer: ends that send and receive, and a way to open them.
//! The workloads are in [`threads`] and [`tasks`]; the peers themselves are in [`crate::peer`].

mod tally;
pub(crate) mod tasks;
pub(crate) mod threads;

use std::future::Future;

/// How many ends a channel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One sender, one receiver.
    Spsc,
    /// Four senders, one receiver.
    Mpsc,
    /// Four senders, four receivers.
    Mpmc,
}

impl Shape {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spsc => "spsc",
            Self::Mpsc => "mpsc-4",
            Self::Mpmc => "mpmc-4x4",
        }
    }

    fn senders(self) -> usize {
        match self {
            Self::Spsc => 1,
            Self::Mpsc | Self::Mpmc => 4,
        }
    }

    fn receivers(self) -> usize {
        match self {
            Self::Spsc | Self::Mpsc => 1,
            Self::Mpmc => 4,
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

/// What to do with the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Senders send and receivers receive, as fast as they can.
    Throughput,
    /// A message there over one channel, an answer back over another.
    PingPong,
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
}

impl<S: Clone, R> Ends<S, R> {
    /// For a channel with exactly one receiver.
    pub(crate) fn one_receiver(shape: Shape, (sender, receiver): (S, R)) -> Self {
        Self {
            senders: vec![sender; shape.senders()],
            receivers: vec![receiver],
        }
    }
}

impl<S: Clone, R: Clone> Ends<S, R> {
    /// For a channel whose ends can all be cloned.
    pub(crate) fn cloned(shape: Shape, (sender, receiver): (S, R)) -> Self {
        Self {
            senders: vec![sender; shape.senders()],
            receivers: vec![receiver; shape.receivers()],
        }
    }
}

/// The plain blocking send of a peer; false if the channel refused the message.
pub(crate) trait BlockingSender: Send + 'static {
    fn put(&mut self, message: usize) -> bool;
}

/// The plain blocking receive of a peer; `None` once the channel is closed and empty.
pub(crate) trait BlockingReceiver: Send + 'static {
    fn take(&mut self) -> Option<usize>;
}

/// The awaited send of a peer. The future is the peer's own, as it comes: one more around it would
/// be paid for by every message.
pub(crate) trait TaskSender: Send + 'static {
    fn put(&mut self, message: usize) -> impl Future<Output: Sent> + Send;
}

/// The awaited receive of a peer. The future is the peer's own, as it comes.
pub(crate) trait TaskReceiver: Send + 'static {
    fn take(&mut self) -> impl Future<Output: Received> + Send;
}

/// What a peer says after a send.
pub(crate) trait Sent {
    fn accepted(self) -> bool;
}

impl<E> Sent for Result<(), E> {
    #[inline]
    fn accepted(self) -> bool {
        self.is_ok()
    }
}

/// What a peer says after a receive; nothing once the channel is closed and empty.
pub(crate) trait Received {
    fn message(self) -> Option<usize>;
}

impl<E> Received for Result<usize, E> {
    #[inline]
    fn message(self) -> Option<usize> {
        self.ok()
    }
}

impl Received for Option<usize> {
    #[inline]
    fn message(self) -> Option<usize> {
        self
    }
}
