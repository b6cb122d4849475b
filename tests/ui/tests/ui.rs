//! What the macros say about mistakes: one input per mistake, named after it. What they accept is in `examples/`.
//!
//! The compiler's own words move between its versions, so the expected texts hold for the one toolchain that CI runs.
//! `TRYBUILD=overwrite cargo test -p peer-ui` writes them anew.

/// Without cases that pass, trybuild checks all inputs in one run of cargo; with them it builds one after the other.
#[test]
fn ui() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
