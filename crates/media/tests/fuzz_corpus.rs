//! Replays the corpus of the fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall stop where it stands")]

use bellbird_media::fuzzing;

#[test]
fn descriptions_hold() {
    replay("sdp", fuzzing::sdp);
}

#[test]
fn exchanges_hold() {
    replay("sdp_exchange", fuzzing::sdp_exchange);
}

#[test]
fn packets_hold() {
    replay("rtp", fuzzing::rtp);
}

#[test]
fn sessions_hold() {
    replay("media_session", fuzzing::media_session);
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
