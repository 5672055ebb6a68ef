//! Shared state: locks, gates and counters that threads and tasks wait for in the same queue.
//!
//! This module does not know how anybody sleeps (`wait`), and knows no channel.

