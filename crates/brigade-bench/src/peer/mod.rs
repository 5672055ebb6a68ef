//! The contestants, one file each. A file here shows how the users of that crate would write the
//! same program, and nothing else.

mod async_channel;
mod brigade;
mod crossbeam;
mod crossfire;
mod flume;
mod kanal;
mod rayon;
mod std_mpsc;
mod threadpool;
mod tokio;

use crate::channel::{Route, Traffic, tasks::TaskTraffic};
use crate::pool::PoolTraffic;
use crate::run::{Absent, Work};

/// The name of ours.
pub(crate) const OURS: &str = "brigade";

/// A crate with channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelPeer {
    pub(crate) name: &'static str,
    pub(crate) threads: fn(Route, Traffic) -> Result<Work, Absent>,
    pub(crate) tasks: fn(Route, TaskTraffic) -> Result<Work, Absent>,
}

/// A crate with a pool, or one of the ways to use it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolPeer {
    pub(crate) name: &'static str,
    pub(crate) work: fn(PoolTraffic) -> Work,
}

/// Everybody with channels.
pub(crate) const CHANNELS: [ChannelPeer; 8] = [
    brigade::CHANNEL,
    crossbeam::CHANNEL,
    flume::CHANNEL,
    kanal::CHANNEL,
    crossfire::CHANNEL,
    async_channel::CHANNEL,
    tokio::CHANNEL,
    std_mpsc::CHANNEL,
];

/// Everybody with a pool.
pub(crate) const POOLS: [PoolPeer; 5] = [
    brigade::POOL,
    rayon::POOL,
    tokio::SPAWN_POOL,
    tokio::BLOCKING_POOL,
    threadpool::POOL,
];
