//! Counts the allocations of each thread and the bytes that it holds, for the tests that promise how many.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // After the thread's locals are gone there is nobody left to ask.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get().wrapping_add(layout.size())));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get().wrapping_sub(layout.size())));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often this thread has allocated so far.
pub(crate) fn so_far() -> u64 {
    COUNT.get()
}

/// How often `body` allocates on this thread.
pub(crate) fn during(body: impl FnOnce()) -> u64 {
    let before = so_far();
    body();
    so_far() - before
}

/// How many bytes this thread holds: those that it has allocated, without those that it has freed.
pub(crate) fn held() -> usize {
    BYTES.get()
}

/// How many bytes more this thread holds after `body`.
pub(crate) fn held_after<T>(body: impl FnOnce() -> T) -> (usize, T) {
    let before = BYTES.get();
    let result = body();
    (BYTES.get().wrapping_sub(before), result)
}

#[test]
fn an_allocation_is_counted() {
    assert_eq!(during(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(during(|| ()), 0);
    assert_eq!(held_after(|| Box::new(1_u64)).0, 8);
    assert_eq!(held_after(|| drop(Box::new(1_u64))).0, 0);
}
