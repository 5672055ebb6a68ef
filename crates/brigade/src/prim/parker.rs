//! One thread's place to sleep: a word that the thread waits on and others set.
//!
//! The token belongs to Brigade alone. `std::thread::park` has one token per thread which the
//! application may be using; a library that parks on it swallows the application's wake-ups.
//!
//! # State
//!
//! | value | meaning | who may change it |
//! |---|---|---|
//! | `EMPTY` | no token, the owner runs | owner to `PARKED`, anyone to `NOTIFIED` |
//! | `PARKED` | no token, the owner sleeps or is about to | anyone to `NOTIFIED`, owner to `EMPTY` on timeout |
//! | `NOTIFIED` | a token lies here | owner to `EMPTY`: it takes the token |
//!
//! A token may be stale (its reason is long gone), so a sleeper always checks its condition again.

use super::atomic::AtomicU32;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Wake, Waker};
use std::time::Instant;

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const NOTIFIED: u32 = 2;

/// The sleeping place of one thread.
#[derive(Debug)]
pub(crate) struct Parker {
    state: AtomicU32,
    sleep: sys::Sleep,
}

impl Parker {
    fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            sleep: sys::Sleep::new(),
        }
    }

    /// Runs `body` with this thread's parker and a waker that ends its sleep.
    pub(crate) fn with_current<R>(body: impl FnOnce(&Parker, &Waker) -> R) -> R {
        std::thread_local! {
            static CURRENT: (Arc<Parker>, Waker) = Parker::pair();
        }
        // A thread-local destructor may still wait after ours has run; it gets a parker of its own.
        let mut body = Some(body);
        let ran = CURRENT.try_with(|(parker, waker)| body.take().map(|body| body(parker, waker)));
        match (ran, body) {
            (Ok(Some(result)), _) => result,
            (_, Some(body)) => {
                let (parker, waker) = Self::pair();
                body(&parker, &waker)
            }
            (_, None) => unreachable!("the body was run and its result is above"),
        }
    }

    fn pair() -> (Arc<Parker>, Waker) {
        let parker = Arc::new(Parker::new());
        let waker = Waker::from(Arc::clone(&parker));
        (parker, waker)
    }

    /// Sleeps until a token comes or the deadline passes. May also return early.
    pub(crate) fn park(&self, deadline: Option<Instant>) {
        if self
            .state
            .compare_exchange(EMPTY, PARKED, Acquire, Acquire)
            .is_err()
        {
            self.state.swap(EMPTY, Acquire);
            return;
        }
        loop {
            let timed_out = self.sleep.sleep_while(&self.state, PARKED, deadline);
            // A token that came with the timeout is taken with it; else it would wake the next sleep.
            if timed_out || self.state.load(Relaxed) == NOTIFIED {
                self.state.swap(EMPTY, Acquire);
                return;
            }
        }
    }

    fn unpark(&self) {
        if self.state.swap(NOTIFIED, Release) == PARKED {
            self.sleep.wake(&self.state);
        }
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod sys {
    //! Linux: the futex, one system call to sleep and one to wake.

    use super::AtomicU32;
    use std::ptr;
    use std::time::Instant;

    #[derive(Debug)]
    pub(super) struct Sleep;

    impl Sleep {
        pub(super) fn new() -> Self {
            Self
        }

        /// Sleeps if `word` still holds `expected`. True if the deadline has passed.
        pub(super) fn sleep_while(
            &self,
            word: &AtomicU32,
            expected: u32,
            deadline: Option<Instant>,
        ) -> bool {
            let timeout = match deadline {
                None => None,
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return true;
                    }
                    // Longer than the kernel's clock can say: as good as no deadline.
                    libc::time_t::try_from(left.as_secs())
                        .ok()
                        .map(|tv_sec| libc::timespec {
                            tv_sec,
                            tv_nsec: left.subsec_nanos().into(),
                        })
                }
            };
            let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
            // SAFETY: the word is a live u32 (borrowed), the timeout null or a live timespec (borrowed);
            // the kernel keeps neither after the call. Every error (EAGAIN, EINTR, ETIMEDOUT) means
            // "look again", which the caller does.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    word.as_ptr(),
                    libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                    expected,
                    timeout,
                );
            }
            deadline.is_some_and(|at| Instant::now() >= at)
        }

        pub(super) fn wake(&self, word: &AtomicU32) {
            // SAFETY: the word is a live u32 (borrowed); waking reads nothing through the pointer.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    word.as_ptr(),
                    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                    1,
                );
            }
        }
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod sys {
    //! Every other system, and Linux on 32 bits, where the kernel and C differ about the size of time: a mutex and a condition variable of the standard library.

    use super::AtomicU32;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Instant;

    #[derive(Debug)]
    pub(super) struct Sleep {
        gate: Mutex<()>,
        bell: Condvar,
    }

    impl Sleep {
        pub(super) fn new() -> Self {
            Self {
                gate: Mutex::new(()),
                bell: Condvar::new(),
            }
        }

        /// Sleeps if `word` still holds `expected`. True if the deadline has passed.
        pub(super) fn sleep_while(
            &self,
            word: &AtomicU32,
            expected: u32,
            deadline: Option<Instant>,
        ) -> bool {
            let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            if word.load(Relaxed) != expected {
                return false;
            }
            match deadline {
                None => drop(self.bell.wait(gate)),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    drop(self.bell.wait_timeout(gate, left));
                }
            }
            deadline.is_some_and(|at| Instant::now() >= at)
        }

        pub(super) fn wake(&self, _word: &AtomicU32) {
            // Passing through the gate orders this wake after the sleeper's look at the word.
            drop(self.gate.lock().unwrap_or_else(PoisonError::into_inner));
            self.bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_token_left_before_the_sleep_ends_it_at_once() {
        let parker = Parker::new();
        parker.unpark();
        parker.park(None);
        assert_eq!(parker.state.load(Relaxed), EMPTY);
    }

    #[test]
    fn two_tokens_are_one() {
        let parker = Parker::new();
        parker.unpark();
        parker.unpark();
        parker.park(None);
        parker.park(Some(Instant::now() + Duration::from_millis(1)));
        assert_eq!(parker.state.load(Relaxed), EMPTY);
    }

    #[test]
    fn a_deadline_in_the_past_does_not_sleep() {
        let parker = Parker::new();
        parker.park(Some(Instant::now()));
        assert_eq!(parker.state.load(Relaxed), EMPTY);
    }

    #[test]
    fn a_token_wakes_a_sleeper() {
        let (parker, waker) = Parker::pair();
        let sleeper = std::thread::spawn(move || parker.park(None));
        waker.wake();
        sleeper.join().expect("the sleeper returns");
    }
}
