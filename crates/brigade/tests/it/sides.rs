//! One body for threads and tasks: an actor runs as either, and its operations block or await.

use brigade::channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, bounded,
};
use brigade::pool::Pool;
use brigade::select::{Arms, Select, SelectError, SelectTimeoutError};
use brigade::wait::{Waiter, waiters};
use std::future::Future;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How an actor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Thread,
    Task,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime of two workers")
});

/// A running actor.
pub(crate) enum Actor<T> {
    Thread(thread::JoinHandle<T>),
    Task(tokio::task::JoinHandle<T>),
}

impl<T> Actor<T> {
    pub(crate) fn join(self) -> T {
        match self {
            Self::Thread(thread) => thread.join().expect("the actor does not panic"),
            Self::Task(task) => RUNTIME.block_on(task).expect("the actor does not panic"),
        }
    }
}

impl Side {
    pub(crate) fn spawn<T: Send + 'static>(
        self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> Actor<T> {
        match self {
            Self::Thread => Actor::Thread(thread::spawn(|| futures::executor::block_on(body))),
            Self::Task => Actor::Task(RUNTIME.spawn(body)),
        }
    }

    /// Runs the body as an actor, and waits for it.
    pub(crate) fn run<T: Send + 'static>(
        self,
        body: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.spawn(body).join()
    }

    pub(crate) async fn send<T>(self, sender: &Sender<T>, value: T) -> Result<(), SendError<T>> {
        match self {
            Self::Thread => sender.send(value),
            Self::Task => sender.send_async(value).await,
        }
    }

    pub(crate) async fn send_timeout<T>(
        self,
        sender: &Sender<T>,
        value: T,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match self {
            Self::Thread => sender.send_timeout(value, timeout),
            Self::Task => sender.send_timeout_async(value, timeout).await,
        }
    }

    pub(crate) async fn recv<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        match self {
            Self::Thread => receiver.recv(),
            Self::Task => receiver.recv_async().await,
        }
    }

    pub(crate) async fn recv_timeout<T>(
        self,
        receiver: &Receiver<T>,
        timeout: Duration,
    ) -> Result<T, RecvTimeoutError> {
        match self {
            Self::Thread => receiver.recv_timeout(timeout),
            Self::Task => receiver.recv_timeout_async(timeout).await,
        }
    }

    pub(crate) async fn select<R, A: Arms<R>>(
        self,
        select: &mut Select<A>,
    ) -> Result<R, SelectError> {
        match self {
            Self::Thread => select.wait(),
            Self::Task => select.wait_async().await,
        }
    }

    pub(crate) async fn select_timeout<R, A: Arms<R>>(
        self,
        select: &mut Select<A>,
        timeout: Duration,
    ) -> Result<R, SelectTimeoutError> {
        match self {
            Self::Thread => select.wait_timeout(timeout),
            Self::Task => select.wait_timeout_async(timeout).await,
        }
    }
}

/// Returns once somebody waits at line `line` of `file`: asleep, not merely on the way.
pub(crate) fn until_waiting(waits_for: &str, file: &str, count: usize) {
    let waiting = || {
        waiters()
            .iter()
            .filter(|waiter| waiter.waits_for() == waits_for && waiter.site().file() == file)
            .count()
    };
    while waiting() < count {
        thread::yield_now();
    }
}

/// Has a worker of the pool wait until the sender has sent something or is dropped. Returns once it does.
pub(crate) fn hold_worker(pool: &Pool) -> Sender<()> {
    let (open, gate) = bounded(1);
    let (began, begun) = bounded(1);
    let holds = move || {
        began.send(()).unwrap();
        let _ = gate.recv();
    };
    pool.execute(holds).unwrap();
    begun.recv().unwrap();
    open
}

/// Returns once so many wait at `object`, which is where they wait or contains it.
pub(crate) fn until_waiting_at<T: ?Sized>(object: &T, count: usize) {
    let start = std::ptr::from_ref(object).addr();
    let inside = start..start + size_of_val(object);
    let waiting = || {
        waiters()
            .iter()
            .filter(|waiter| inside.contains(&waiter.object()))
            .count()
    };
    while waiting() < count {
        thread::yield_now();
    }
}

/// Puts this thread to sleep, and has it woken. It has its parker then, which is made once for all its waits; a short timeout
/// may be over before the thread comes to sleep.
pub(crate) fn sleep_once() {
    let (wake, woken) = bounded(1);
    let sleeper = thread::current().id();
    let waker = thread::spawn(move || {
        let is_it = |waiter: &Waiter| waiter.thread_id() == Some(sleeper);
        while !waiters().iter().any(is_it) {
            thread::yield_now();
        }
        wake.send(()).unwrap();
    });
    woken.recv().unwrap();
    waker.join().unwrap();
}
