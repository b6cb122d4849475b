//! A test of a sequence in a process of its own, where nothing has run before it.

use super::plan::Plan;
use super::runner::has_own_process;
use super::tests::Test;

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
