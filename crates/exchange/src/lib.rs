//! The server's telephone exchange without I/O.
//!
//! What it is: [`node`], the B2BUA that connects the calls of phones and trunks.
//!
//! What it is not: it opens no socket, reads no clock, stores nothing and handles no media.
//!
//! How to test it: `cargo test -p bellbird-exchange`.

#![warn(missing_docs)]

pub mod node;
