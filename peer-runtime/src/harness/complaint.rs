//! What the user is told beside results: a line on standard error, whoever runs the tests.

use crate::aside;

/// Tells the user of something that is the result of no test.
pub(super) fn complain(text: &str) {
    aside::tell(&format!("peer: {text}"));
}
