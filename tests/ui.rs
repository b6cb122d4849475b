//! What the macros say about mistakes: one input per mistake, named after it, and what may be written beside.
//!
//! The compiler's own words move between its versions, so the expected texts hold for the one toolchain that CI runs.
//! `TRYBUILD=overwrite cargo test --test ui` writes them anew.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
