//! Streams of frames.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    peer_runtime::fuzz::frames(input);
});
