//! Running code of the application whose panic is nobody's business but the panic hook's.
//!
//! Wakers, drops and jobs without a joiner: who calls them is in the middle of serving somebody else, and
//! must go on. The hook has been told by the time a panic is caught here.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `body`; its panic ends here.
pub(crate) fn discard_panic(body: impl FnOnce()) {
    panics(body);
}

/// Runs `body`, and says whether it has panicked; the panic ends here.
pub(crate) fn panics(body: impl FnOnce()) -> bool {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else {
        return false;
    };
    // What was thrown may panic again when it is dropped. What that throws is leaked: it could go
    // on like this for ever.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn neither_a_panic_nor_what_it_throws_goes_further() {
        assert!(panics(|| panic!("text")));
        assert!(!panics(|| ()));
        discard_panic(|| panic_any(Bomb));
        discard_panic(|| {
            let _bomb = Bomb;
        });
    }
}
