//! Where the actors of a measurement run: threads, tasks of a runtime, or both; and the gate that
//! holds them until all have started. Knows nothing of what they do.

use crate::cpu_time;
use crate::tally::Tally;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;
use std::{future::Future, pin::pin};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

/// Workers of the runtime under the task rows.
const WORKERS: usize = 2;

/// Where actors run. Clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    runtime: Option<Arc<Runtime>>,
    one_processor: bool,
}

impl Stage {
    /// Threads only, wherever the system puts them.
    pub(crate) fn threads() -> Self {
        Self {
            runtime: None,
            one_processor: false,
        }
    }

    /// Threads only, all on the first processor this process may use.
    pub(crate) fn threads_on_one_processor() -> Self {
        Self {
            runtime: None,
            one_processor: true,
        }
    }

    /// Tasks on tokio with two workers, and threads beside them.
    pub(crate) fn two_workers() -> io::Result<Self> {
        Ok(Self::on(
            Builder::new_multi_thread()
                .worker_threads(WORKERS)
                .build()?,
        ))
    }

    /// Tasks on a runtime that runs in the thread that measures.
    pub(crate) fn current_thread() -> io::Result<Self> {
        Ok(Self::on(Builder::new_current_thread().build()?))
    }

    fn on(runtime: Runtime) -> Self {
        Self {
            runtime: Some(Arc::new(runtime)),
            one_processor: false,
        }
    }

    /// Starts a thread that passes `gate` and then acts.
    pub(crate) fn thread<T: Send + 'static>(
        &self,
        gate: &Arc<Gate>,
        act: impl FnOnce(Tally) -> T + Send + 'static,
    ) -> Running<T> {
        let gate = Arc::clone(gate);
        let one_processor = self.one_processor;
        Running::Thread(thread::spawn(move || {
            if one_processor {
                stay_on_the_first_processor();
            }
            block_on(gate.pass());
            act(Tally::start())
        }))
    }

    /// Starts a task that passes `gate` and then acts.
    pub(crate) fn task<T, A>(
        &self,
        gate: &Arc<Gate>,
        act: impl FnOnce(Tally) -> A + Send + 'static,
    ) -> Running<T>
    where
        T: Send + 'static,
        A: Future<Output = T> + Send,
    {
        let gate = Arc::clone(gate);
        let runtime = self.runtime.as_ref().expect("task rows have a runtime");
        Running::Task(runtime.spawn(async move {
            gate.pass().await;
            act(Tally::start()).await
        }))
    }

    /// Waits until every actor is at the gate and lets them go; returns the processor time used
    /// so far, which is not theirs.
    pub(crate) fn open(&self, gate: &Gate) -> Duration {
        self.block_on(gate.ready.wait());
        let cpu = cpu_time::process();
        self.block_on(gate.go.wait());
        cpu
    }

    /// What the actors return, in their order.
    pub(crate) fn join<T>(&self, actors: Vec<Running<T>>) -> Result<Vec<T>, String> {
        let mut results = Vec::with_capacity(actors.len());
        for actor in actors {
            results.push(match actor {
                Running::Thread(thread) => {
                    thread.join().map_err(|_| "a thread panicked".to_owned())?
                }
                Running::Task(task) => self
                    .block_on(task)
                    .map_err(|_| "a task panicked".to_owned())?,
            });
        }
        Ok(results)
    }

    /// Runs one task, and returns what it returns.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let runtime = self.runtime.as_ref().expect("task rows have a runtime");
        let task = self.block_on(runtime.spawn(task));
        task.map_err(|_| "a task panicked".to_owned())
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match &self.runtime {
            Some(runtime) => runtime.block_on(future),
            None => block_on(future),
        }
    }
}

/// An actor at work.
pub(crate) enum Running<T> {
    Thread(thread::JoinHandle<T>),
    Task(tokio::task::JoinHandle<T>),
}

/// Holds every actor until all have started. Two steps, so that the processor time can be read
/// when all are there and none has begun.
pub(crate) struct Gate {
    ready: Barrier,
    go: Barrier,
}

impl Gate {
    pub(crate) fn new(actors: usize) -> Arc<Self> {
        Arc::new(Self {
            ready: Barrier::new(actors + 1),
            go: Barrier::new(actors + 1),
        })
    }

    async fn pass(&self) {
        self.ready.wait().await;
        self.go.wait().await;
    }
}

fn stay_on_the_first_processor() {
    let allowed = sched_getaffinity(None).expect("the system says where this thread may run");
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu));
    let mut only = CpuSet::new();
    only.set(first.expect("a running thread has a processor"));
    sched_setaffinity(None, &only).expect("a thread may stay on a processor it may run on");
}

/// Runs `meanwhile` on one of the processors this thread may use, another for every index as far as
/// they go. Then the system may move it again.
pub(crate) fn on_processor_of(index: usize, meanwhile: impl FnOnce()) {
    let allowed = sched_getaffinity(None).expect("the system says where this thread may run");
    let usable: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|cpu| allowed.is_set(*cpu))
        .collect();
    let mut only = CpuSet::new();
    only.set(usable[index % usable.len()]);
    sched_setaffinity(None, &only).expect("a thread may stay on a processor it may run on");
    meanwhile();
    sched_setaffinity(None, &allowed).expect("a thread may run where it could before");
}

/// Awaits in a thread without a runtime. `thread::park` is left to the contestants.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => alarm.wait(),
        }
    }
}

#[derive(Default)]
struct Alarm {
    rang: Mutex<bool>,
    changed: Condvar,
}

impl Alarm {
    fn wait(&self) {
        let rang = self.rang.lock().expect("nobody panics here");
        let mut rang = self
            .changed
            .wait_while(rang, |rang| !*rang)
            .expect("nobody panics here");
        *rang = false;
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.rang.lock().expect("nobody panics here") = true;
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, Stage, on_processor_of};
    use rustix::thread::sched_getaffinity;

    #[test]
    fn threads_and_tasks_pass_one_gate() {
        let stage = Stage::two_workers().unwrap();
        let gate = Gate::new(2);
        let actors = vec![
            stage.thread(&gate, |_| "thread"),
            stage.task(&gate, |_| async { "task" }),
        ];
        stage.open(&gate);
        assert_eq!(stage.join(actors).unwrap(), ["thread", "task"]);
    }

    #[test]
    fn tasks_of_the_current_thread_run_while_they_are_joined() {
        let stage = Stage::current_thread().unwrap();
        let gate = Gate::new(2);
        let actors = [1, 2].map(|number| stage.task(&gate, move |_| async move { number }));
        stage.open(&gate);
        assert_eq!(stage.join(actors.into()).unwrap(), [1, 2]);
    }

    #[test]
    fn threads_of_one_processor_stay_there() {
        let stage = Stage::threads_on_one_processor();
        let gate = Gate::new(1);
        let actor = stage.thread(&gate, |_| sched_getaffinity(None).unwrap().count());
        stage.open(&gate);
        assert_eq!(stage.join(vec![actor]).unwrap(), [1]);
    }

    #[test]
    fn a_thread_is_on_one_processor_only_meanwhile() {
        let usable = || sched_getaffinity(None).unwrap().count();
        let before = usable();
        on_processor_of(3, || assert_eq!(usable(), 1));
        assert_eq!(usable(), before);
    }

    #[test]
    fn a_panic_of_an_actor_is_an_error() {
        let stage = Stage::threads();
        let gate = Gate::new(1);
        let actor = stage.thread::<()>(&gate, |_| panic!("on purpose"));
        stage.open(&gate);
        assert!(stage.join(vec![actor]).is_err());
    }
}
