//! The processor time this process has used, over all its threads.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

pub(crate) fn process() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).expect("processor time is not negative");
    let nanoseconds = u32::try_from(time.tv_nsec).expect("nanoseconds are below 10^9");
    Duration::new(seconds, nanoseconds)
}
