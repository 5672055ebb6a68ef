//! The results of many children, one by one: as they come, or in the order of the children.

use super::child::{Joining, Sink, settled};
use super::{Core, Group, Local, OneThread, Site};
use crate::prim::StdArc;
use crate::queue::Blocks;
use crate::scope::{Cell, Failure, Outcome, Whose};
use crate::wait::{Operation, Patience, Wait, WaitQueue, What};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::task::Poll;

/// Children whose results are received one by one. Made by [`Group::results`] and [`Group::results_in_order`].
///
/// Results wait here until they are received: with a [`limit`](super::GroupOptions::limit), those of children that have
/// ended do not count.
pub struct Results<T, E, G = Group<E>> {
    group: G,
    core: StdArc<Core<E>>,
    order: Order<T, E>,
}

enum Order<T, E> {
    AsTheyCome {
        bag: StdArc<Bag<T, E>>,
        /// How many have been spawned and not received.
        missing: usize,
    },
    InOrder(VecDeque<Joining<T, E>>),
}

impl<E: Send + 'static> Group<E> {
    /// For children whose results are received as they come.
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::scope::ScopeError;
    /// use brigade::task;
    /// use std::convert::Infallible;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), ScopeError<Infallible>> {
    /// let sum = task::group(async |group| {
    ///     let mut results = group.results();
    ///     for number in 1..=10 {
    ///         results.spawn(async move { Ok(number) }).await;
    ///     }
    ///     let mut sum = 0;
    ///     while let Some(Ok(number)) = results.next().await {
    ///         sum += number;
    ///     }
    ///     Ok::<_, Infallible>(sum)
    /// });
    /// assert_eq!(sum.await?, 55);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "it is for spawning children"]
    pub fn results<T: Send + 'static>(&self) -> Results<T, E> {
        Results::as_they_come(self.clone(), &self.core)
    }

    /// For children whose results are received in the order in which they were spawned.
    #[must_use = "it is for spawning children"]
    pub fn results_in_order<T: Send + 'static>(&self) -> Results<T, E> {
        Results::in_order(self.clone(), &self.core)
    }
}

impl<T, E, G> Results<T, E, G> {
    pub(super) fn as_they_come(group: G, core: &StdArc<Core<E>>) -> Self {
        let bag = StdArc::new(Bag {
            outcomes: Blocks::new(),
            waiting: WaitQueue::new(),
            patience: Patience::new(),
        });
        Self {
            group,
            core: StdArc::clone(core),
            order: Order::AsTheyCome { bag, missing: 0 },
        }
    }

    pub(super) fn in_order(group: G, core: &StdArc<Core<E>>) -> Self {
        Self {
            group,
            core: StdArc::clone(core),
            order: Order::InOrder(VecDeque::new()),
        }
    }
}

impl<T: Send + 'static, E: Send + 'static> Results<T, E> {
    /// Starts a child, once there is room for it. As [`Group::spawn`], but its result is received here.
    ///
    /// # Cancel safety
    ///
    /// As that of [`Group::spawn`].
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> impl Future<Output = ()> + use<'_, T, E, F>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let site = Location::caller();
        async move {
            let place = self.core.place(site).await;
            match self.order.sink(site) {
                Into::Bag(bag) => self.group.start(future, bag, place, site),
                Into::Cell(cell) => self.group.start(future, cell, place, site),
            }
        }
    }
}

impl<'a, T: Send + 'a, E: Send + 'a> Results<T, E, Local<'a, E>> {
    /// Starts a child, once there is room for it. As [`Local::spawn`], but its result is received here.
    ///
    /// # Cancel safety
    ///
    /// As that of [`Group::spawn`].
    #[track_caller]
    pub fn spawn<'s, F>(&'s mut self, future: F) -> impl Future<Output = ()> + use<'s, 'a, T, E, F>
    where
        F: Future<Output = Result<T, E>> + Send + 'a,
    {
        let site = Location::caller();
        async move {
            let place = self.core.place(site).await;
            match self.order.sink(site) {
                Into::Bag(bag) => self.group.start(future, bag, place, site),
                Into::Cell(cell) => self.group.start(future, cell, place, site),
            }
        }
    }
}

impl<'a, T: 'a, E: 'a> Results<T, E, Local<'a, E, OneThread>> {
    /// Starts a child, once there is room for it. As [`Local::spawn`], but its result is received here.
    ///
    /// # Cancel safety
    ///
    /// As that of [`Group::spawn`].
    #[track_caller]
    pub fn spawn<'s, F>(&'s mut self, future: F) -> impl Future<Output = ()> + use<'s, 'a, T, E, F>
    where
        F: Future<Output = Result<T, E>> + 'a,
    {
        let site = Location::caller();
        async move {
            let place = self.core.place(site).await;
            match self.order.sink(site) {
                Into::Bag(bag) => self.group.start_here(future, bag, place, site),
                Into::Cell(cell) => self.group.start_here(future, cell, place, site),
            }
        }
    }
}

impl<T, E, G> Results<T, E, G> {
    /// The next result; `None` if there are no more children, or the wait is [cancelled](crate::cancel).
    ///
    /// A failure that is received is the receiver's, as with [`Child`](super::Child); but it has cancelled the others, if that is the
    /// policy. If the wait ends because the group was cancelled, the group returns an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the result comes next time.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is awaited, and named as in every stream"
    )]
    #[track_caller]
    pub fn next(
        &mut self,
    ) -> impl Future<Output = Option<Result<T, Failure<E>>>> + use<'_, T, E, G> {
        let site = Location::caller();
        async move {
            let received = self.order.receive(site).await?;
            if received.is_none() && self.core.ledger.token().is_cancelled() {
                // What is missing must not pass for the whole.
                self.core.ledger.note_dropped(Whose::Child);
            }
            received.map(settled)
        }
    }
}

/// Where the next child leaves its outcome.
enum Into<T, E> {
    Bag(StdArc<Bag<T, E>>),
    Cell(StdArc<Cell<Outcome<T, E>>>),
}

impl<T, E> Order<T, E> {
    /// Counts one more child.
    fn sink(&mut self, site: Site) -> Into<T, E> {
        match self {
            Self::AsTheyCome { bag, missing } => {
                *missing += 1;
                Into::Bag(StdArc::clone(bag))
            }
            Self::InOrder(waiting) => {
                let (joining, cell) = Joining::pair(site);
                waiting.push_back(joining);
                Into::Cell(cell)
            }
        }
    }

    /// `None` if nothing is missing, `Some(None)` if the wait was cancelled.
    async fn receive(&mut self, site: Site) -> Option<Option<Outcome<T, E>>> {
        match self {
            Self::AsTheyCome { missing: 0, .. } => None,
            Self::AsTheyCome { bag, missing } => {
                let outcome = Wait::new(Receiving(bag), site).await;
                *missing -= usize::from(outcome.is_some());
                Some(outcome)
            }
            Self::InOrder(waiting) => {
                let outcome = Wait::new(First(waiting.front_mut()?), site).await;
                if outcome.is_some() {
                    waiting.pop_front();
                }
                Some(outcome)
            }
        }
    }
}

impl<T, E, G> fmt::Debug for Results<T, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = match &self.order {
            Order::AsTheyCome { missing, .. } => *missing,
            Order::InOrder(waiting) => waiting.len(),
        };
        f.debug_struct("Results")
            .field("missing", &missing)
            .finish_non_exhaustive()
    }
}

/// Outcomes as they come. Children put them in, the one owner of the results takes them out.
struct Bag<T, E> {
    outcomes: Blocks<Outcome<T, E>>,
    waiting: WaitQueue,
    patience: Patience,
}

impl<T, E> Sink<T, E> for StdArc<Bag<T, E>> {
    fn fill(self, outcome: Outcome<T, E>) {
        let pushed = self.outcomes.push(&mut Some(outcome));
        debug_assert!(pushed.is_ok(), "it is never closed");
        self.waiting.wake_one();
    }
}

/// Waiting for the next outcome, whosever it is.
struct Receiving<'a, T, E>(&'a Bag<T, E>);

// SAFETY: the queue is a field of the bag, which is borrowed for as long as the operation lives, and on the heap.
unsafe impl<T, E> Operation for Receiving<'_, T, E> {
    /// `None` if the wait was cancelled.
    type Output = Option<Outcome<T, E>>;
    const WAITS_FOR: &'static What = &"group results";
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| None);

    fn attempt(&mut self) -> Poll<Self::Output> {
        self.0
            .outcomes
            .pop()
            .map_or(Poll::Pending, |outcome| Poll::Ready(Some(outcome)))
    }

    fn chances(&self) -> usize {
        self.0.outcomes.look_for_values()
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.patience
    }
}

/// Waiting for one child, whose handle stays where it is.
struct First<'a, T, E>(&'a mut Joining<T, E>);

// SAFETY: it is the queue of the operation that is borrowed, which keeps the same promise.
unsafe impl<T, E> Operation for First<'_, T, E> {
    type Output = Option<Outcome<T, E>>;
    const WAITS_FOR: &'static What = Joining::<T, E>::WAITS_FOR;
    const CANCELLED: Option<fn(&mut Self) -> Self::Output> = Some(|_| None);

    fn attempt(&mut self) -> Poll<Self::Output> {
        self.0.attempt()
    }

    fn chances(&self) -> usize {
        self.0.chances()
    }

    fn queue(&self) -> &WaitQueue {
        self.0.queue()
    }

    fn patience(&self) -> &Patience {
        self.0.patience()
    }
}
