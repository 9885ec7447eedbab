#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bellbird_media::fuzzing::media_session(bytes));
