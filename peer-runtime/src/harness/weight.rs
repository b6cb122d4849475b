//! How many slots things take: a test its own, a group with a `weight` that and room for what is below it.

use super::engine::{Context, Engine, Tally};
use super::event::What;
use super::groups::weight_of_suite;
use super::plan::{Branch, Item};
use super::tests::Test;
use crate::slots;

/// How many slots a test takes.
pub(super) fn weight(test: &Test) -> u32 {
    if test.exclusive { slots::ALONE } else { test.weight.unwrap_or(test.nodes).max(1) }
}

/// How many slots a test takes in a process of its own, where its groups are there for it alone.
pub(super) fn weight_below(above: &[&Branch], test: &Test) -> u32 {
    let of_groups = above.iter().filter_map(|branch| branch.group.and_then(|group| group.weight));
    weight_of_suite().into_iter().chain(of_groups).fold(weight(test), u32::saturating_add)
}

impl Branch {
    /// How many slots the heaviest of what is below it takes, with the groups around that; ignored tests if they run.
    fn needs(&self, ignored: bool) -> u32 {
        let needs = self.items.iter().map(|item| match item {
            Item::Test(test) if test.ignore.is_some() && !ignored => 0,
            Item::Test(test) => weight(test),
            Item::Group(inner) => {
                let own = inner.group.and_then(|group| group.weight).unwrap_or(0);
                inner.needs(ignored).saturating_add(own)
            }
        });
        needs.max().unwrap_or(0)
    }
}

impl Engine {
    /// Runs something for as long as which its `weight` is held, if it has any. What is below it has as many slots besides
    /// as one after the other needs, taken in the same step, so that nobody waits for more while holding some.
    pub(super) fn holding(
        &self,
        (weight, branch, init): (Option<u32>, &Branch, &str),
        context: &Context,
        act: impl FnOnce(&Context) -> Tally,
    ) -> Tally {
        let Some(weight) = weight.filter(|_| self.has_work(branch)) else { return act(context) };
        let needs = branch.needs(self.options.ignored);
        let held = self.gate.hold(context.room.as_ref(), weight, needs, &mut self.waits(init, What::Hook));
        // None if the run is interrupted: then nothing begins.
        held.map_or_else(Tally::default, |room| act(&Context { room: Some(room), ..context.clone() }))
    }
}
