//! A test of a sequence in a process of its own, where nothing has run before it.

use super::plan::Plan;
use super::tests::Test;

/// Whether each test has a process of its own, as it has under nextest, which says so; older ones only say that it is they.
pub(super) fn has_own_process() -> bool {
    match std::env::var_os("NEXTEST_EXECUTION_MODE") {
        Some(mode) => mode == "process-per-test",
        None => std::env::var_os("NEXTEST").is_some(),
    }
}

/// What its failure may come from, where that is so: a paragraph behind its cause.
pub(super) fn told(test: &Test) -> Option<String> {
    if !has_own_process() {
        return None;
    }
    let plan = Plan::of_all();
    let above = plan.above(test);
    let sequence = above.iter().find(|branch| branch.is_sequence())?;
    let mut all = Vec::new();
    sequence.each(&mut |other| all.push(other));
    let is_it = |other: &&&Test| other.module == test.module && other.name == test.name;
    let before = all.iter().take_while(|other| !is_it(other)).filter(|other| other.ignore.is_none()).count();
    let which = match before {
        0 => return None,
        1 => "the one before it".to_owned(),
        before => format!("the {before} before it"),
    };
    let why = "under nextest each test of a sequence has a process of its own";
    Some(format!("\n\nran alone: {why}, and {which} did not run in this one"))
}
