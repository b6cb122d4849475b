//! The rules of this repository, each a test that bears its name and prints every violation as
//! `file:line: what; what to do`. Sources are parsed, not searched as text, wherever a comment or a string could deceive.

mod docs;
mod imports;
mod package;
mod rules;
mod source;

use source::{Violations, files};

/// Lines that a source may have, and a test.
const LINES: usize = 350;
const LINES_OF_A_TEST: usize = 500;

/// Files that may be longer, each with the reason why it is still one job.
const LONGER: &[(&str, &str)] = &[];

#[test]
fn origin_does_not_know_node() {
    imports::violations().none();
}

#[test]
fn unsafe_only_in_sys() {
    rules::unsafe_outside_sys().none();
}

#[test]
fn processes_start_in_one_place() {
    rules::commands_outside_process().none();
}

#[test]
fn durations_live_in_timeouts() {
    rules::durations_outside_timeouts().none();
}

#[test]
fn no_sleep_stands_in_for_an_event() {
    rules::sleeps().none();
}

#[test]
fn macros_only_spell_private_in_path_rs() {
    rules::private_outside_path().none();
}

#[test]
fn banned_words() {
    rules::banned_words().none();
}

#[test]
fn every_public_item_is_documented_with_an_example() {
    docs::without_example().none();
}

#[test]
fn files_have_one_job() {
    let mut violations = Violations::default();
    let files = files("rs");
    for file in &files {
        let is_test = file.path.starts_with("tests/") || file.is_unit_tests();
        let limit = if is_test { LINES_OF_A_TEST } else { LINES };
        let lines = file.text.lines().count();
        let is_listed = LONGER.iter().any(|(path, _)| *path == file.path);
        if lines > limit && !is_listed {
            let remedy = "split it by job, or add it to LONGER in tests/tidy/main.rs with the reason";
            violations.add(&file.path, limit + 1, format_args!("{lines} lines, at most {limit} are meant"), remedy);
        }
        if lines <= limit && is_listed {
            violations.add(&file.path, 1, "needs no exception", "take it out of LONGER in tests/tidy/main.rs");
        }
    }
    for (path, _) in LONGER.iter().filter(|(path, _)| !files.iter().any(|file| file.path == *path)) {
        violations.add(path, 1, "is excepted, but does not exist", "take it out of LONGER in tests/tidy/main.rs");
    }
    violations.none();
}

#[test]
fn versions_agree() {
    package::versions().none();
}

#[test]
fn licenses_are_allowed() {
    package::licenses().none();
}

#[test]
fn sources_are_formatted() {
    if let Err(difference) = package::cargo(&["fmt", "--all", "--check", "--", "--color", "never"]) {
        panic!("{difference}\nsources are not formatted; run `cargo fmt --all`");
    }
}
