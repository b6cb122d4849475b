//! The rules of this repository, each a test that bears its name and prints every violation as
//! `file:line: what; what to do`. Sources are parsed, not searched as text, wherever a comment or a string could deceive.

mod circles;
mod docs;
mod imports;
mod modules;
mod package;
mod prints;
mod rules;
mod size;
mod source;

#[test]
fn origin_does_not_know_node() {
    imports::violations().none();
}

#[test]
fn files_form_no_circle() {
    circles::violations().none();
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
fn only_report_prints() {
    prints::violations().none();
}

#[test]
fn files_have_one_job() {
    size::long_files().none();
}

#[test]
fn types_live_in_at_most_two_files() {
    size::scattered_types().none();
}

#[test]
fn versions_agree() {
    package::versions().none();
}

#[test]
fn dependencies_need_no_newer_rust() {
    package::rust_versions().none();
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
