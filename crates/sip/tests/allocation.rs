//! Parsing allocates nothing in the usual case.

#![allow(clippy::unwrap_used, clippy::expect_used)] // Helpers of tests panic like the tests themselves.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bellbird_sip::message::{Contact, Fields, HeaderName, Message};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: each method passes its arguments on to the system's allocator unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn invite_is_parsed_and_read_without_allocation() {
    let bytes = include_bytes!("../benches/samples/invite.sip");
    let read = counted(|| {
        let message = Message::parse(bytes).unwrap();
        let routes = message.addresses(HeaderName::Route).flatten().count();
        let contact = message.contacts().flatten().filter_map(Contact::address).count();
        let credentials = message.credentials(HeaderName::ProxyAuthorization).flatten().count();
        let content_type = message.content_type().is_some_and(|found| found.is("application/sdp"));
        (routes, contact, credentials, content_type, message.session_expires().is_some())
    });
    assert_eq!(read, ((3, 1, 1, true, true), 0));
}

#[test]
fn register_is_parsed_without_allocation() {
    let bytes = include_bytes!("../benches/samples/register.sip");
    assert_eq!(counted(|| Message::parse(bytes).unwrap().expires()), (Some(3600), 0));
}

#[test]
fn counter_counts() {
    assert_eq!(counted(|| Box::new(7)).1, 1);
}

/// The result, and how many allocations this thread has made for it.
fn counted<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (result, ALLOCATIONS.with(Cell::get) - before)
}
