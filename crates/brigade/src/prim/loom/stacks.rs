//! The stacks of loom's threads, kept from one execution to the next.
//!
//! Loom makes a stack for each thread of each execution and gives it back at its end: three calls of the kernel
//! and the page faults of a fresh stack, which is half of the time of a model, and more when two models run
//! side by side in one process. So the two functions that the maker of stacks calls are here, in front of those
//! of C: a stack that is given back waits for the next execution of the same thread, as it is, its guard page too.
//! Whatever is not a stack goes to the kernel at once.
//!
//! It knows the requests of loom's coroutines by `MAP_STACK`, which nobody else in a model asks for: the stacks of
//! system threads are mapped inside the C library, which does not look here.

use libc::{c_int, c_void, off_t, size_t};
use std::cell::RefCell;
use std::ptr;

/// Loom has at most five threads; what does not fit is not kept.
const KEPT: usize = 8;

#[derive(Clone, Copy)]
struct Stack {
    address: *mut c_void,
    size: size_t,
    used: bool,
}

/// The stacks of the models that one system thread runs.
struct Stacks([Option<Stack>; KEPT]);

thread_local! {
    static STACKS: RefCell<Stacks> = const { RefCell::new(Stacks([None; KEPT])) };
}

impl Stacks {
    /// One that has been given back, if there is one of this size.
    fn reuse(&mut self, size: size_t) -> Option<*mut c_void> {
        let mut stacks = self.0.iter_mut().flatten();
        let stack = stacks.find(|stack| !stack.used && stack.size == size)?;
        stack.used = true;
        Some(stack.address)
    }

    /// Knows a new one from now on, if there is room.
    fn know(&mut self, address: *mut c_void, size: size_t) {
        if let Some(room) = self.0.iter_mut().find(|stack| stack.is_none()) {
            let used = true;
            *room = Some(Stack {
                address,
                size,
                used,
            });
        }
    }

    /// Whether it was one of these, given back whole.
    fn keep(&mut self, address: *mut c_void, size: size_t) -> bool {
        let mut stacks = self.0.iter_mut().flatten();
        let stack = stacks.find(|stack| stack.address == address && stack.size == size);
        stack.map(|stack| stack.used = false).is_some()
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        for stack in self.0.iter().flatten().filter(|stack| !stack.used) {
            // SAFETY: it was given back, so nobody else knows the address.
            unsafe { unmap(stack.address, stack.size) };
        }
    }
}

/// The kernel's own `munmap`.
///
/// # Safety
///
/// As for the function of C.
unsafe fn unmap(address: *mut c_void, size: size_t) -> c_int {
    // SAFETY: the caller gives what the kernel asks for; the call takes two words and returns 0 or -1.
    unsafe { libc::syscall(libc::SYS_munmap, address, size) as c_int }
}

/// In front of the function of C with this name.
///
/// # Safety
///
/// As for that function.
// SAFETY: the signature and the meaning are those of C, so whoever is linked to this one gets what it asks for.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    size: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = flags & libc::MAP_STACK != 0 && address.is_null();
    if is_stack {
        let kept = STACKS.try_with(|stacks| stacks.borrow_mut().reuse(size));
        if let Ok(Some(kept)) = kept {
            return kept;
        }
    }
    // SAFETY: the caller gives what the kernel asks for; the call takes these six words.
    let mapped = unsafe {
        libc::syscall(
            libc::SYS_mmap,
            address,
            size,
            protection,
            flags,
            file,
            offset,
        )
    };
    let mapped = ptr::with_exposed_provenance_mut(mapped as usize);
    if is_stack && mapped != libc::MAP_FAILED {
        let _thread_ends = STACKS.try_with(|stacks| stacks.borrow_mut().know(mapped, size));
    }
    mapped
}

/// In front of the function of C with this name.
///
/// # Safety
///
/// As for that function.
// SAFETY: as above.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(address: *mut c_void, size: size_t) -> c_int {
    let kept = STACKS.try_with(|stacks| stacks.borrow_mut().keep(address, size));
    if matches!(kept, Ok(true)) {
        return 0;
    }
    // SAFETY: the caller gives what the kernel asks for.
    unsafe { unmap(address, size) }
}
