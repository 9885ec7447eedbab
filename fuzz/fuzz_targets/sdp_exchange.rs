#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bellbird_media::fuzzing::sdp_exchange(bytes));
