//! A call in its stride allocates nothing: neither for a packet sent nor for one received.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall stop where it stands")]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[path = "../benches/work/mod.rs"]
#[allow(dead_code)]
mod work;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory that it gives.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn packets_cost_no_allocation() {
    for case in work::CASES.into_iter().filter(|case| case.starts_with("send") || case.starts_with("talk")) {
        let mut work = work::Work::new(case);
        (0..100).for_each(|_| work.run());
        let before = COUNT.get();
        (0..1_000).for_each(|_| work.run());
        assert_eq!(COUNT.get() - before, 0, "{case}");
    }
}
