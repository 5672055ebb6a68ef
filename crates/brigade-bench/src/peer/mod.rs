//! The contestants, one file each. A file here shows how the users of that crate would write the
//! same program, and nothing else.

mod async_broadcast;
mod async_channel;
mod brigade;
mod crossbeam;
mod crossfire;
mod flume;
mod kanal;
mod loole;
mod oneshot;
mod rapidfire;
mod rayon;
mod spinning_ring;
mod std_mpsc;
mod thingbuf;
mod threadpool;
mod tokio;

use crate::channel::{Message, Size, Wide, Workload, broadcast::Broadcasting, select::Selecting};
use crate::oneshot::OneshotTraffic;
use crate::pool::PoolTraffic;
use crate::run::{Absent, Work};

/// The name of ours. Names that begin with it are other ways to use ours.
pub(crate) const OURS: &str = "brigade";

/// The name of the ring that is no peer, but what is left of a channel when nobody ever sleeps.
pub(crate) const BARE_RING: &str = "spinning ring";

const NO_ASYNC: Absent = Absent("its channels have no async side");
const NO_BLOCKING: Absent = Absent("its channels have no blocking calls");
const ONE_RECEIVER: Absent = Absent("its channels have one receiver");
const PANICS_ON_ZERO: Absent = Absent("it panics on a capacity of 0");
const THREADS_SELECT: Absent = Absent("it selects in threads only");
const TASKS_SELECT: Absent = Absent("it selects in tasks only");
const NO_UNBOUNDED: Absent = Absent("its channels are bounded");

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
    brigade::POOL,
    rayon::POOL,
    tokio::SPAWN_POOL,
    tokio::BLOCKING_POOL,
    threadpool::POOL,
];
