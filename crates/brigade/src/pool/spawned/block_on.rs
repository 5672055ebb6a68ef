//! A future on a thread that sleeps while it waits.
//!
//! Its waker rings a bell, and the thread waits for that like for anything else. It does not know what the future is.

use crate::pool::blocking;
use crate::prim::Ordering::AcqRel;
use crate::prim::StdArc;
use crate::prim::atomic::AtomicBool;
use crate::wait::{Limit, Operation, Patience, WaitQueue, What, block};
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

struct Bell {
    rung: AtomicBool,
    waiting: WaitQueue,
    patience: Patience,
}

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        if !self.rung.swap(true, AcqRel) {
            self.waiting.wake_one();
        }
    }
}

/// The operation of waiting until it is rung.
struct Rung<'a>(&'a Bell);

// SAFETY: the queue is a field of what is borrowed for as long as the operation lives.
unsafe impl Operation for Rung<'_> {
    type Output = ();
    const WAITS_FOR: &'static What = &"future";

    fn attempt(&mut self) -> Poll<()> {
        if self.0.rung.swap(false, AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn chances(&self) -> usize {
        usize::from(self.0.rung.fetch_or(false, AcqRel))
    }

    fn queue(&self) -> &WaitQueue {
        &self.0.waiting
    }

    fn patience(&self) -> &Patience {
        &self.0.patience
    }
}

pub(in crate::pool) fn block_on<F: Future>(
    future: F,
    site: &'static Location<'static>,
) -> F::Output {
    let bell = StdArc::new(Bell {
        rung: AtomicBool::new(false),
        waiting: WaitQueue::new(),
        patience: Patience::new(),
    });
    let waker = Waker::from(StdArc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut rung = Rung(&bell);
        if rung.attempt().is_pending() {
            let waited = blocking(|| block(&mut rung, Limit::NONE, site));
            debug_assert!(
                waited.is_ok(),
                "a wait without a limit ends with the operation"
            );
        }
    }
}
