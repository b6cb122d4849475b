//! The content of a frame, in both directions.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    peer_runtime::fuzz::messages(input);
});
