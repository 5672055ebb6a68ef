//! What the application says of its runtime of tokio. Only in builds with the cargo feature.

use super::Builder;
use crate::runtime::Runtime;
use tokio::runtime::Handle;

impl Builder {
    /// Has `runtime` be around everything that the pool runs: its jobs and tasks, and what [`Pool::block_on`] runs. Needs the
    /// cargo feature `tokio`, which is on by default.
    ///
    /// Then sockets, files and timers of tokio work in them, and `tokio::spawn` starts tasks on that runtime. The pool polls
    /// its own tasks all the same, and [`task::spawn`](crate::task::spawn) in them starts tasks of the pool; but in the
    /// `block_on` of another runtime inside a job, it starts them on that one. Each thread of the pool enters the runtime
    /// once, so it costs jobs and tasks nothing.
    ///
    /// The pool does not keep the runtime going. A runtime of several workers drives sockets and timers by itself; one of the
    /// current thread does it only while it is in its own `block_on`. If the runtime ends before the pool, tokio has
    /// what waits for it fail or panic.
    ///
    /// [`Pool::block_on`]: super::Pool::block_on
    ///
    /// # Examples
    ///
    /// ```
    /// use brigade::pool::Pool;
    /// use std::time::Duration;
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    /// let pool = Pool::builder().threads(2).tokio(runtime.handle().clone()).build()?;
    /// let task = pool.spawn(async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     "slept"
    /// });
    /// assert_eq!(task.join()?, "slept");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tokio(self, runtime: Handle) -> Self {
        self.with(|description| description.runtime = Some(Runtime::of(runtime)))
    }
}
