//! What the user is told beside results: a line on standard error, whoever runs the tests.

use std::io::Write;

/// Tells the user of something that is the result of no test.
pub(super) fn complain(text: &str) {
    // Where standard error is closed nobody wants to know.
    let _ = writeln!(std::io::stderr(), "peer: {text}");
}
