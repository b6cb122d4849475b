//! How many slots of the budget of nodes things take.

use super::tree::{Branch, Item};
use crate::harness::declare::Test;
use crate::slots;

/// How many slots a test takes.
pub(crate) fn weight(test: &Test) -> u32 {
    if test.exclusive { slots::ALONE } else { test.weight.unwrap_or(test.nodes).max(1) }
}

/// How many slots are reserved together for a group of this `weight` and what runs below it, in a run that has `capacity`
/// slots.
pub(crate) fn reservation(weight: u32, branch: &Branch, runs_ignored: bool, capacity: u32) -> u32 {
    weight.saturating_add(below(branch, runs_ignored, capacity.saturating_sub(weight)))
}

/// How many slots a group can use for its tests at once; its nested groups run in turn.
fn below(branch: &Branch, runs_ignored: bool, capacity: u32) -> u32 {
    let (mut side_by_side, mut heaviest) = (0u32, 0);
    for item in &branch.items {
        let one = match item {
            Item::Test(test) if test.ignore.is_some() && !runs_ignored => 0,
            Item::Test(test) => {
                side_by_side = side_by_side.saturating_add(weight(test));
                weight(test)
            }
            Item::Group(inner) => {
                let own = inner.group.and_then(|group| group.weight).unwrap_or(0);
                reservation(own, inner, runs_ignored, capacity)
            }
        };
        heaviest = heaviest.max(one);
    }
    if branch.is_sequence() { heaviest } else { heaviest.max(side_by_side.min(capacity)) }
}
