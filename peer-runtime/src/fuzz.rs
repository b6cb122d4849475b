//! What the fuzzers in `fuzz/` and the bounded tests run: one function for each decoder, which takes any bytes.
//!
//! Each checks what must hold of its decoder, and panics if something does not. It returns whether the decoder accepted
//! something, so that a stale corpus is noticed. The first bytes of an input set limits and how the rest is cut into reads.
//! Users' builds do not contain this.

mod console;
mod hello;
mod messages;
#[cfg(test)]
mod seeds;
mod stream;
#[cfg(test)]
mod tests;

pub use console::console;
pub use hello::hello;
pub use messages::messages;
pub use stream::frames;

/// Takes any bytes, and returns whether the decoder accepted something.
pub type Target = fn(&[u8]) -> bool;

/// Every decoder of bytes of another process, by the name of its fuzz target. A new one needs a line here, a binary in
/// `fuzz/`, and seeds in `fuzz/seeds.rs`; the tests say what is missing.
pub const TARGETS: &[(&str, Target)] =
    &[("console", console), ("frames", frames), ("hello", hello), ("messages", messages)];
