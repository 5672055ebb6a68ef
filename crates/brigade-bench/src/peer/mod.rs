//! The contestants, one file each. A file here shows how the users of that crate would write the
//! same program, and nothing else.

mod async_broadcast;
mod async_channel;
mod async_executor;
mod async_lock;
mod brigade;
mod brigade_pipeline;
mod brigade_pool;
mod brigade_sync;
mod brigade_task;
mod chains;
mod chili;
mod counters;
mod crossbeam;
mod crossfire;
mod flume;
mod futures;
mod kanal;
mod loole;
mod once_cell;
mod oneshot;
mod parking_lot;
mod rapidfire;
mod rayon;
mod rayon_fork;
mod sharded_lock;
mod spinning_lock;
mod spinning_ring;
mod std_mpsc;
mod std_sync;
mod thingbuf;
mod thread_alone;
mod threadpool;
mod tokio;
mod tokio_sync;
mod tokio_task;

use crate::channel::{Message, Size, Wide, Workload, broadcast::Broadcasting, select::Selecting};
use crate::fork::ForkTraffic;
use crate::fork::map::MapTraffic;
use crate::group::Grouping;
use crate::memory::Parker;
use crate::oneshot::OneshotTraffic;
use crate::pipeline::PipelineTraffic;
use crate::pool::PoolTraffic;
use crate::pool::scope::Scoping;
use crate::run::{Absent, Work};
use crate::shared::condvar::TakingTurns;
use crate::shared::counter::Counting;
use crate::shared::mutex::Locking;
use crate::shared::once::Getting;
use crate::shared::rwlock::Reading;
use crate::shared::semaphore::Permitting;
use crate::spawn::Spawning;

/// The name of ours. Names that begin with it are other ways to use ours.
pub(crate) const OURS: &str = "brigade";

/// The name of the ring that is no peer, but what is left of a channel when nobody ever sleeps.
pub(crate) const BARE_RING: &str = "spinning ring";

/// The name of the lock that is no peer, but what is left of a mutex when nobody ever sleeps.
pub(crate) const BARE_LOCK: &str = "spinning lock";

/// The name of the thread that is no peer, but what joins and maps take without a pool.
pub(crate) const THREAD_ALONE: &str = "thread alone";

/// Whether this is no peer, but a mark beside the row.
pub(crate) fn is_mark(name: &str) -> bool {
    [BARE_RING, BARE_LOCK, THREAD_ALONE].contains(&name)
}

const NO_ASYNC: Absent = Absent("its channels have no async side");
const NO_BLOCKING: Absent = Absent("its channels have no blocking calls");
const ONE_RECEIVER: Absent = Absent("its channels have one receiver");
const PANICS_ON_ZERO: Absent = Absent("it panics on a capacity of 0");
const THREADS_SELECT: Absent = Absent("it selects in threads only");
const TASKS_SELECT: Absent = Absent("it selects in tasks only");
const NO_UNBOUNDED: Absent = Absent("its channels are bounded");
const NO_ASYNC_LOCK: Absent = Absent("its locks have no async side");
const FOR_TASKS: Absent = Absent("its locks are made for tasks, and block a thread only besides");

/// A crate with channels.
trait Channels {
    const NAME: &'static str;

    /// The channels it would use, at work.
    fn work<M: Message>(workload: Workload) -> Result<Work, Absent>;
}

/// A crate with channels, for messages of every size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelPeer {
    pub(crate) name: &'static str,
    word: fn(Workload) -> Result<Work, Absent>,
    line: fn(Workload) -> Result<Work, Absent>,
    kibibyte: fn(Workload) -> Result<Work, Absent>,
}

impl ChannelPeer {
    const fn of<P: Channels>() -> Self {
        Self {
            name: P::NAME,
            word: P::work::<usize>,
            line: P::work::<Wide<8>>,
            kibibyte: P::work::<Wide<128>>,
        }
    }

    pub(crate) fn work(&self, size: Size, workload: Workload) -> Result<Work, Absent> {
        let work = match size {
            Size::Word => self.word,
            Size::Line => self.line,
            Size::Kibibyte => self.kibibyte,
        };
        work(workload)
    }
}

/// The ring that is no peer, at work in a row of the smallest messages, if it can run it.
pub(crate) fn bare_ring(workload: Workload) -> Option<Work> {
    spinning_ring::work(workload)
}

/// The lock that is no peer, at work in a row of a mutex, if it can run it.
pub(crate) fn bare_lock(locking: Locking) -> Option<Work> {
    spinning_lock::work(locking)
}

/// The thread that is no peer, at work in a row of joins.
pub(crate) fn forks_alone(traffic: ForkTraffic) -> Work {
    thread_alone::fork(traffic)
}

/// The thread that is no peer, at work in a row of maps.
pub(crate) fn maps_alone(traffic: MapTraffic) -> Work {
    thread_alone::map(traffic)
}

/// A crate, or one of the ways to use it, and its answer to the question of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<Q> {
    pub(crate) name: &'static str,
    pub(crate) work: fn(Q) -> Result<Work, Absent>,
}

/// Everybody with channels.
pub(crate) const CHANNELS: [ChannelPeer; 12] = [
    ChannelPeer::of::<brigade::Brigade>(),
    ChannelPeer::of::<brigade::Spsc>(),
    ChannelPeer::of::<crossbeam::Crossbeam>(),
    ChannelPeer::of::<flume::Flume>(),
    ChannelPeer::of::<kanal::Kanal>(),
    ChannelPeer::of::<crossfire::Crossfire>(),
    ChannelPeer::of::<loole::Loole>(),
    ChannelPeer::of::<rapidfire::Rapidfire>(),
    ChannelPeer::of::<thingbuf::Thingbuf>(),
    ChannelPeer::of::<async_channel::AsyncChannel>(),
    ChannelPeer::of::<tokio::TokioMpsc>(),
    ChannelPeer::of::<std_mpsc::StdMpsc>(),
];

/// Everybody who can take several messages at once, with a call for it or without.
pub(crate) const BATCHES: [Peer<Workload>; 11] = [
    brigade::BATCHES,
    crossbeam::BATCHES,
    flume::BATCHES,
    kanal::BATCHES,
    crossfire::BATCHES,
    loole::BATCHES,
    rapidfire::BATCHES,
    thingbuf::BATCHES,
    async_channel::BATCHES,
    tokio::BATCHES,
    std_mpsc::BATCHES,
];

/// Everybody with a channel for one message, and what their users take instead.
pub(crate) const ONESHOTS: [Peer<OneshotTraffic>; 6] = [
    brigade::ONESHOT,
    tokio::ONESHOT,
    crossfire::ONESHOT,
    oneshot::ONESHOT,
    crossbeam::ONESHOT,
    kanal::ONESHOT,
];

/// Everybody who can wait for several channels at once.
pub(crate) const SELECTS: [Peer<Selecting>; 15] = [
    brigade::SELECT,
    brigade::KEPT_SELECT,
    crossbeam::SELECT,
    crossbeam::SELECT_MACRO,
    crossfire::SELECT,
    crossfire::MULTIPLEX,
    flume::SELECTOR,
    crossfire::TOKIO_SELECT,
    flume::TOKIO_SELECT,
    kanal::TOKIO_SELECT,
    loole::TOKIO_SELECT,
    rapidfire::TOKIO_SELECT,
    thingbuf::TOKIO_SELECT,
    async_channel::TOKIO_SELECT,
    tokio::TOKIO_SELECT,
];

/// Everybody with a channel whose every message reaches every receiver.
pub(crate) const BROADCASTS: [Peer<Broadcasting>; 3] = [
    brigade::BROADCAST,
    tokio::BROADCAST,
    async_broadcast::BROADCAST,
];

/// Everybody with a pool.
pub(crate) const POOLS: [Peer<PoolTraffic>; 5] = [
    brigade_pool::POOL,
    rayon::POOL,
    tokio::SPAWN_POOL,
    tokio::BLOCKING_POOL,
    threadpool::POOL,
];

/// Everybody with a pool whose jobs may borrow.
pub(crate) const SCOPES: [Peer<Scoping>; 2] = [brigade_pool::SCOPE, rayon::SCOPE];

/// Everybody who forks and joins.
pub(crate) const FORKS: [Peer<ForkTraffic>; 3] =
    [brigade_pool::FORK, rayon_fork::FORK, chili::FORK];

/// Everybody who does the same for many items, with a call for it or by joins.
pub(crate) const MAPS: [Peer<MapTraffic>; 4] = [
    brigade_pool::MAP,
    rayon_fork::MAP,
    rayon_fork::MAP_BY_JOINS,
    chili::MAP,
];

/// Everybody with pipelines, or what is taken instead.
pub(crate) const LINES: [Peer<PipelineTraffic>; 3] =
    [brigade_pipeline::LINE, chains::CROSSBEAM, chains::RAYON];

/// Everybody with stages that are awaited.
pub(crate) const AWAITED: [Peer<()>; 4] = [
    brigade_pipeline::AWAITED,
    brigade_pipeline::AWAITED_IN_ORDER,
    chains::BUFFER_UNORDERED,
    chains::BUFFERED,
];

/// Everybody with groups of tasks.
pub(crate) const GROUPS: [Peer<Grouping>; 2] = [brigade_task::GROUP, tokio_task::GROUP];

/// Everybody whose tasks spawn others.
pub(crate) const SPAWNS: [Peer<Spawning>; 3] = [
    brigade_task::SPAWN,
    tokio_task::SPAWN,
    async_executor::SPAWN,
];

/// Everybody who runs tasks.
pub(crate) const PARKERS: [Parker; 5] = [
    Parker::of::<::brigade::pool::Pool>(),
    Parker::of::<brigade_task::GroupOnPool>(),
    Parker::of::<brigade_task::GroupOnTokio>(),
    Parker::of::<tokio_task::Spawn>(),
    Parker::of::<async_executor::AsyncExecutor>(),
];

/// Everybody with a mutex.
pub(crate) const MUTEXES: [Peer<Locking>; 7] = [
    brigade_sync::MUTEX,
    std_sync::MUTEX,
    parking_lot::MUTEX,
    parking_lot::FAIR_MUTEX,
    tokio_sync::MUTEX,
    async_lock::MUTEX,
    futures::MUTEX,
];

/// Everybody with a lock that many may read at once.
pub(crate) const RWLOCKS: [Peer<Reading>; 5] = [
    brigade_sync::RWLOCK,
    std_sync::RWLOCK,
    parking_lot::RWLOCK,
    tokio_sync::RWLOCK,
    async_lock::RWLOCK,
];

/// Everybody with a lock for what is seldom written, and what their users take instead.
pub(crate) const READ_MOSTLIES: [Peer<Reading>; 4] = [
    brigade_sync::READ_MOSTLY,
    sharded_lock::READ_MOSTLY,
    parking_lot::RWLOCK,
    std_sync::RWLOCK,
];

/// Everybody with a counter.
pub(crate) const COUNTERS: [Peer<Counting>; 4] = [
    brigade_sync::COUNTER,
    counters::FAST_COUNTER,
    counters::CONTATORI,
    std_sync::COUNTER,
];

/// Everybody with a semaphore for tasks.
pub(crate) const SEMAPHORES: [Peer<Permitting>; 3] = [
    brigade_sync::SEMAPHORE,
    tokio_sync::SEMAPHORE,
    async_lock::SEMAPHORE,
];

/// Everybody with a value that is set once.
pub(crate) const ONCES: [Peer<Getting>; 6] = [
    brigade_sync::CELL,
    brigade_sync::LAZY,
    std_sync::ONCE_LOCK,
    std_sync::LAZY_LOCK,
    once_cell::CELL,
    once_cell::LAZY,
];

/// Everybody with a condition variable.
pub(crate) const CONDVARS: [Peer<TakingTurns>; 3] = [
    brigade_sync::CONDVAR,
    std_sync::CONDVAR,
    parking_lot::CONDVAR,
];
