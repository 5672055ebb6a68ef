//! What may cross threads, in one table.

use brigade::channel::spsc;
use brigade::channel::watch;
use brigade::channel::{
    Drain, IntoIter, Iter, Receiver, RecvDeadlineFuture, RecvFuture, RecvStream,
    SendDeadlineFuture, SendFuture, SendSink, Sender, TryIter, WeakReceiver, WeakSender, bounded,
};
use brigade::pipeline::{PipelineError, Report, Stage};
use brigade::policy::{Backoff, Delays, RateLimit, RestartWindow, retry_async, retry_if_async};
use brigade::pool::{self, Job, JobError, JobFuture, Pool, ScopedJob, Unfinished};
use brigade::scope::{Failure, Panic, RaceError, ScopeError};
use brigade::select::Select;
use brigade::select_async;
use brigade::sync::{
    Condvar, Mutex, MutexGuard, OwnedMutexGuard, OwnedRwLockReadGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableGuard, Semaphore, SemaphorePermit, Shared,
};
use brigade::task::{
    Child, ChildFuture, Group, GroupOptions, Local, NoRoom, Results, Sleep, Task, TaskFuture,
    Timeout,
};
use brigade::thread::{
    JoinError, PlainScope, Scope, ScopeOptions, ScopedThread, SpawnError, Thread, ThreadFuture,
};
use brigade::wait::Waiter;
use std::cell::Cell;
use std::time::Duration;

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn unpin<T: Unpin>() {}

#[test]
fn handles_of_values_that_are_send_are_send_and_sync() {
    // `Cell` is `Send` and not `Sync`: no handle may ask for more than `Send`.
    type Value = Cell<u8>;
    send::<Sender<Value>>();
    sync::<Sender<Value>>();
    unpin::<Sender<Value>>();
    send::<Receiver<Value>>();
    sync::<Receiver<Value>>();
    unpin::<Receiver<Value>>();
    send::<WeakSender<Value>>();
    sync::<WeakSender<Value>>();
    send::<WeakReceiver<Value>>();
    sync::<WeakReceiver<Value>>();
    send::<spsc::Sender<Value>>();
    sync::<spsc::Sender<Value>>();
    send::<spsc::Receiver<Value>>();
    sync::<spsc::Receiver<Value>>();
    send::<Job<Value>>();
    sync::<Job<Value>>();
    send::<Pool>();
    sync::<Pool>();
    send::<Thread<Value>>();
    sync::<Thread<Value>>();
    send::<ScopedThread<'_, Value, Value>>();
    sync::<ScopedThread<'_, Value, Value>>();
    send::<Scope<'_, '_, Value>>();
    sync::<Scope<'_, '_, Value>>();
    send::<PlainScope<'_, '_>>();
    sync::<PlainScope<'_, '_>>();
    send::<ScopedJob<'_, Value, Value>>();
    sync::<ScopedJob<'_, Value, Value>>();
    send::<pool::Scope<'_, '_, Value>>();
    sync::<pool::Scope<'_, '_, Value>>();
    send::<pool::PlainScope<'_, '_>>();
    sync::<pool::PlainScope<'_, '_>>();
}

#[test]
fn futures_of_values_that_are_send_are_send() {
    type Value = Cell<u8>;
    send::<SendFuture<'_, Value>>();
    send::<SendDeadlineFuture<'_, Value>>();
    send::<RecvFuture<'_, Value>>();
    send::<RecvDeadlineFuture<'_, Value>>();
    send::<RecvStream<Value>>();
    unpin::<RecvStream<Value>>();
    send::<SendSink<Value>>();
    unpin::<SendSink<Value>>();
    send::<spsc::SendFuture<'_, Value>>();
    send::<spsc::SendDeadlineFuture<'_, Value>>();
    send::<spsc::SendManyFuture<'_, Value>>();
    send::<spsc::RecvFuture<'_, Value>>();
    send::<spsc::RecvDeadlineFuture<'_, Value>>();
    send::<spsc::RecvManyFuture<'_, Value>>();
    send::<spsc::RecvStream<Value>>();
    unpin::<spsc::RecvStream<Value>>();
    send::<JobFuture<Value>>();
    send::<ThreadFuture<Value>>();
    send::<Iter<'_, Value>>();
    send::<TryIter<'_, Value>>();
    send::<Drain<'_, Value>>();
    send::<IntoIter<Value>>();
}

/// The receivers of a watch channel look at one value together, so it must be `Sync` too.
#[test]
fn watch_handles_of_values_that_are_send_and_sync_are_both() {
    type Value = Box<u8>;
    send::<watch::Sender<Value>>();
    sync::<watch::Sender<Value>>();
    unpin::<watch::Sender<Value>>();
    send::<watch::Receiver<Value>>();
    sync::<watch::Receiver<Value>>();
    unpin::<watch::Receiver<Value>>();
    send::<watch::ChangedFuture<'_, Value>>();
    send::<watch::ChangedDeadlineFuture<'_, Value>>();
    send::<watch::ClosedFuture<'_, Value>>();
    send::<watch::ChangedStream<Value>>();
    unpin::<watch::ChangedStream<Value>>();
}

/// Does not compile if the type is `Send` or `Sync`: then there are two implementations to choose from.
macro_rules! neither_send_nor_sync {
    ($($type:ty),* $(,)?) => {{
        trait Ambiguous<Which> {
            fn one() {}
        }
        struct IfSend;
        struct IfSync;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + Send> Ambiguous<IfSend> for T {}
        impl<T: ?Sized + Sync> Ambiguous<IfSync> for T {}
        $(<$type as Ambiguous<_>>::one();)*
    }};
}

#[test]
fn what_is_not_send_is_not_handed_over_by_a_thread() {
    use std::rc::Rc;
    neither_send_nor_sync!(
        Thread<Rc<u8>>,
        ThreadFuture<Rc<u8>>,
        ScopedThread<'_, Rc<u8>, u8>,
        ScopedThread<'_, u8, Rc<u8>>,
        Scope<'_, '_, Rc<u8>>,
        ScopedJob<'_, Rc<u8>, u8>,
        ScopedJob<'_, u8, Rc<u8>>,
        pool::Scope<'_, '_, Rc<u8>>,
        ScopeError<Rc<u8>>,
    );
}

#[test]
fn watch_handles_of_other_values_stay_on_their_thread() {
    use std::sync::MutexGuard;
    neither_send_nor_sync!(
        watch::Sender<Cell<u8>>, // not `Sync`
        watch::Receiver<Cell<u8>>,
        watch::ChangedFuture<'_, Cell<u8>>,
        watch::ClosedFuture<'_, Cell<u8>>,
        watch::ChangedStream<Cell<u8>>,
        watch::Sender<MutexGuard<'_, u8>>, // not `Send`
        watch::Receiver<MutexGuard<'_, u8>>,
        watch::ChangedFuture<'_, MutexGuard<'_, u8>>,
        watch::ClosedFuture<'_, MutexGuard<'_, u8>>,
        watch::ChangedStream<MutexGuard<'_, u8>>,
    );
}

#[test]
fn errors_and_reports_are_send_and_sync() {
    send::<JobError>();
    sync::<JobError>();
    send::<Panic>();
    sync::<Panic>();
    send::<Unfinished>();
    sync::<Unfinished>();
    send::<JoinError>();
    sync::<JoinError>();
    send::<SpawnError<fn()>>();
    sync::<SpawnError<fn()>>();
    send::<Failure<Cell<u8>>>();
    send::<ScopeError<Cell<u8>>>();
    sync::<ScopeError<u8>>();
    send::<RaceError<Cell<u8>>>();
    sync::<RaceError<u8>>();
    send::<ScopeOptions>();
    sync::<ScopeOptions>();
    send::<watch::ChangedError>();
    sync::<watch::ChangedError>();
    send::<watch::TryChangedError>();
    sync::<watch::TryChangedError>();
    send::<watch::ChangedTimeoutError>();
    sync::<watch::ChangedTimeoutError>();
    send::<Waiter>();
    sync::<Waiter>();
}

/// `Cell` again: nothing asks for more than `Send`.
#[test]
fn a_select_of_values_that_are_send_and_its_futures_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let (to_first, first) = bounded(1);
    let (to_second, second) = bounded(1);
    let list = [first.clone()];
    let select = Select::new()
        .recv(&first, |received| received.map(Cell::into_inner).ok())
        .recv_any(&list, |_, received| received.map(Cell::into_inner).ok())
        .send(&to_second, Cell::new(1), |_| None);
    let mut select = is_send(select);
    drop(is_send(select.wait_async()));
    drop(is_send(select.wait_timeout_async(Duration::ZERO)));
    drop(is_send(async {
        let mut select =
            Select::new().recv(&second, |received| received.map(Cell::into_inner).ok());
        select.wait_async().await
    }));
    drop(is_send(async {
        select_async! {
            recv(second) -> received => received.map(Cell::into_inner).ok(),
            send(to_first, Cell::new(2)) -> _ => None,
        }
    }));
}

/// Nothing is bound to a thread, and no more is asked of a value than has to be.
#[test]
fn locks_and_what_waits_for_them() {
    type Value = Cell<u8>;
    send::<Mutex<Value>>();
    sync::<Mutex<Value>>();
    send::<Shared<Value>>();
    sync::<Shared<Value>>();
    send::<OwnedMutexGuard<Value>>();
    send::<RwLock<Value>>();
    sync::<RwLock<u8>>();
    sync::<MutexGuard<'_, u8>>();
    sync::<RwLockReadGuard<'_, u8>>();
    send::<OwnedRwLockReadGuard<u8>>();
    sync::<Condvar>();
    send::<SemaphorePermit<'_>>();
    sync::<Semaphore>();
    let (mutex, lock, condvar) = (Mutex::new(Value::new(1)), RwLock::new(1), Condvar::new());
    let semaphore = Semaphore::new(1);
    is_send(mutex.lock_async());
    is_send(mutex.lock_timeout_async(Duration::ZERO));
    is_send(lock.read_async());
    is_send(lock.write_async());
    is_send(lock.read_upgradable_timeout_async(Duration::ZERO));
    is_send(RwLockUpgradableGuard::upgrade_async(lock.read_upgradable()));
    is_send(semaphore.acquire_async());
    is_send(condvar.wait_async(mutex.lock()));
    is_send(condvar.wait_while_timeout_async(mutex.lock(), Duration::ZERO, |_| true));
    is_send(async {
        let guard = mutex.lock_async().await;
        let guard = condvar.wait_async(guard).await;
        guard.set(2);
    });
}

fn is_send(_: impl Send) {}

/// Whatever they hold: what goes with a token to other threads are callbacks, which are `Send`.
#[test]
fn tokens_and_what_comes_of_them() {
    use brigade::cancel::{
        CancelToken, Cancelled, DropGuard, Reason, Registration, RunFuture, WaitFuture,
        WithinFuture,
    };
    type Ready = std::future::Ready<Box<u8>>;
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    fn any<T: Send + Sync + Unpin>() {
        send::<T>();
        sync::<T>();
        unpin::<T>();
    }
    any::<CancelToken>();
    any::<Registration>();
    any::<DropGuard>();
    any::<Reason>();
    any::<Cancelled>();
    unwind_safe::<CancelToken>();
    unwind_safe::<Registration>();
    unwind_safe::<DropGuard>();
    send::<WaitFuture>();
    sync::<WaitFuture>();
    send::<WithinFuture<Ready>>();
    sync::<WithinFuture<Ready>>();
    send::<RunFuture<Ready>>();
    sync::<RunFuture<Ready>>();
}

/// A value that stays on its thread may be awaited under a token there.
#[test]
fn a_future_under_a_token_is_send_only_if_it_is() {
    use brigade::cancel::{RunFuture, WithinFuture};
    type Bound = std::future::Ready<std::rc::Rc<u8>>;
    neither_send_nor_sync!(WithinFuture<Bound>, RunFuture<Bound>);
}

#[test]
fn tasks_and_groups_of_values_that_are_send_are_send() {
    type Value = Cell<u8>;
    send::<Task<Value>>();
    sync::<Task<Value>>();
    unpin::<Task<Value>>();
    send::<TaskFuture<Value>>();
    send::<Child<Value, Value>>();
    sync::<Child<Value, Value>>();
    unpin::<Child<Value, Value>>();
    send::<ChildFuture<Value, Value>>();
    send::<Group<Value>>();
    sync::<Group<Value>>();
    unpin::<Group<Value>>();
    send::<Local<'_, Value>>();
    sync::<Local<'_, Value>>();
    unpin::<Local<'_, Value>>();
    send::<Results<Value, Value, Local<'_, Value>>>();
    send::<Results<Value, Value>>();
    sync::<Results<Value, Value>>();
    send::<GroupOptions>();
    sync::<GroupOptions>();
    send::<NoRoom<Value>>();
    send::<Sleep>();
    sync::<Sleep>();
    send::<Timeout<Value>>();
}

#[test]
fn tasks_of_a_pool_whose_results_are_send_are_send() {
    use brigade::pool::{Pool, Spawned, SpawnedFuture};
    type Value = Cell<u8>;
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    send::<Pool>();
    sync::<Pool>();
    send::<Spawned<Value>>();
    sync::<Spawned<Value>>();
    unpin::<Spawned<Value>>();
    unwind_safe::<Spawned<Value>>();
    send::<SpawnedFuture<Value>>();
}

#[test]
fn what_a_group_of_one_thread_shares_stays_there() {
    use brigade::task::OneThread;
    type Bound = std::rc::Rc<u8>;
    type OnThread = Local<'static, u8, OneThread>;
    neither_send_nor_sync!(OnThread, Local<'static, Bound, OneThread>, Results<u8, u8, OnThread>);
    neither_send_nor_sync!(Child<Bound, u8>, Child<u8, Bound>);
    // A handle of a child is not bound, if its result is not.
    send::<Child<u8, u8>>();
}

#[test]
fn policies_and_their_futures_go_anywhere() {
    fn of<T: Send + Sync + Unpin>() {}
    fn is_send<T: Send>(_: &T) {}
    of::<Backoff>();
    of::<Delays>();
    of::<RateLimit>();
    of::<RestartWindow>();
    of::<(Stage, Report, PipelineError)>();
    let limit = RateLimit::per(1, Duration::from_secs(1)).unwrap();
    is_send(&limit.acquire_async());
    is_send(&limit.acquire_many_timeout_async(1, Duration::ZERO));
    // A result and an error that are `Send` and not `Sync` will do.
    type Value = Cell<u8>;
    let backoff = Backoff::constant(Duration::ZERO);
    let operation = || std::future::ready(Err::<Value, Value>(Cell::new(1)));
    is_send(&retry_async(&backoff, operation));
    is_send(&retry_if_async(&backoff, |_| true, operation));
}
