//! The first words of a caller that may be a stranger.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    peer_runtime::fuzz::hello(input);
});
