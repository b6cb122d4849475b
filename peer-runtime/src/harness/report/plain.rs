//! Lines on standard error where no reporter runs. Libtest does not capture them.

use std::io::Write;

use crate::sanitize;

/// Prints a line.
pub(super) fn print(line: &str) {
    let line = sanitize::text(line).into_owned() + "\n";
    // There is no other place to report an error.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Prints problems of the arguments, the environment or the plan.
pub(crate) fn problems(problems: &[String]) {
    problems.iter().for_each(|problem| print(&format!("[peer] {problem}")));
}
