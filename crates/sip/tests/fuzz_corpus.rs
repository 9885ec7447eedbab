//! Replays the corpus of the fuzz targets.

#![allow(clippy::unwrap_used)] // Helpers of tests panic like the tests themselves.

use bellbird_sip::fuzzing;

#[test]
fn messages_hold() {
    replay("message", fuzzing::message);
}

#[test]
fn streams_hold() {
    replay("stream", fuzzing::stream);
}

#[test]
fn uris_hold() {
    replay("uri", fuzzing::uri);
}

fn replay(target: &str, body: fn(&[u8])) {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        body(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "the corpus is empty");
}
