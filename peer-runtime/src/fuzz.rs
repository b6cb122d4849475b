//! What the fuzzers in `fuzz/` and the bounded tests in CI both run: one function for each decoder, which takes any bytes.
//!
//! Each drives its decoder through all that must hold (it panics where something does not), and says whether the bytes were
//! good for anything, so that a corpus which has gone stale is noticed. The first bytes of an input decide how the rest is
//! cut into reads, what the limits are, and the like. Not part of any build that users see.

mod console;
mod frames;
mod hello;
mod messages;
mod read;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;

pub use console::console;
pub use frames::frames;
pub use hello::hello;
pub use messages::messages;

/// Takes any bytes, and tells whether they got to where the decoder accepts something.
pub type Target = fn(&[u8]) -> bool;

/// Every decoder of bytes that come from another process, by the name of its fuzz target. A new one gets a line here, a
/// binary in `fuzz/`, and seeds in `fuzz/seeds.rs`; the tests tell what is missing.
pub const TARGETS: &[(&str, Target)] =
    &[("console", console), ("frames", frames), ("hello", hello), ("messages", messages)];

/// Sizes of reads, as one byte of an input decides them.
#[derive(Clone, Debug)]
struct Cuts {
    state: u32,
    longest: usize,
}

impl Cuts {
    /// All at once.
    const WHOLE: Self = Self { state: 0, longest: usize::MAX };
    /// Byte by byte.
    const SINGLE: Self = Self { state: 0, longest: 1 };

    fn new(seed: u8) -> Self {
        Self { state: u32::from(seed), longest: 2 << (seed % 14) }
    }

    /// The size of the next read, at least 1.
    fn next(&mut self) -> usize {
        if self.longest == usize::MAX {
            return self.longest;
        }
        // Numerical Recipes' generator: any sequence will do, as long as it is always the same.
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (self.state >> 8) as usize % self.longest
    }

    /// Takes the next piece off `bytes`.
    fn piece<'a>(&mut self, bytes: &mut &'a [u8]) -> &'a [u8] {
        let size = self.next().min(bytes.len());
        let (piece, rest) = bytes.split_at(size);
        *bytes = rest;
        piece
    }
}
