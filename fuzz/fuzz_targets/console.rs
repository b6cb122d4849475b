//! What a node prints, from its standard output to the lines of the console.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    peer_runtime::fuzz::console(input);
});
