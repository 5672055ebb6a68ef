//! How often, how fast and for how long: small pieces that work is governed by.
//!
//! - [`Backoff`] says how long to wait before something is tried again, and how often. [`retry`] and [`retry_async`]
//!   do so.
//! - [`RateLimit`] allows so many in every period, for threads and tasks that share it.
//! - [`RestartWindow`] says whether something that fails again and again is started once more.
//!
//! Each stands alone. Waits in them end when they are [cancelled](crate::cancel), and need no runtime.
//!
//! # Examples
//!
//! ```
//! use brigade::policy::{Backoff, RateLimit, retry};
//! use std::time::Duration;
//!
//! let limit = RateLimit::per(1000, Duration::from_secs(1))?;
//! let backoff = Backoff::exponential(Duration::from_millis(1)).attempts(4);
//! let mut asked = 0;
//! let answer = retry(&backoff, || {
//!     limit.acquire().map_err(|error| error.to_string())?;
//!     asked += 1;
//!     if asked < 3 { Err("busy".to_owned()) } else { Ok(42) }
//! })?;
//! assert_eq!((answer, asked), (42, 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Inside, whatever counts takes the time as an argument. This module starts no thread, and knows neither pools nor
//! tasks.

mod backoff;
mod pause;
mod rate;
mod restart;
mod retry;

pub use backoff::{Backoff, Delays, Jitter};
pub use rate::{BadRate, RateError, RateLimit};
pub use restart::{Exhausted, RestartWindow};
pub(crate) use retry::Course;
pub use retry::{RetryError, Stopped, retry, retry_async, retry_if, retry_if_async};
