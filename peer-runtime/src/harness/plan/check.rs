//! What keeps a plan from running: misplaced hooks, weights without nodes, and fixtures that no init provides.

use super::tree::{Branch, Item, Plan};
use crate::harness::declare::{GROUPS, HOOKS, Hook, Kind, Rank, Requirement, Suite, TestStatus};
use crate::registry::SourceLocation;
use crate::scope::Nodes;

impl Plan {
    /// A sentence for each mistake in the declarations.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        check_places(&mut problems);
        if let (Some(weight), None) = (Suite::weight(), self.init) {
            problems.push(format!(
                "`peer::main!(weight = {weight})` reserves slots for the nodes of `#[init_per_suite]`, and there is \
                 none: write one, or remove `weight`"
            ));
        }
        let mut provided = Vec::new();
        check_hook(self.init, &provided, &mut problems);
        provided.extend(self.init.and_then(Hook::provides));
        check_branch(&self.suite, &provided, &[], &mut problems);
        check_hook(self.end, &provided, &mut problems);
        problems
    }
}

/// Rejects hooks that are in no group, and two hooks for one moment.
fn check_places(problems: &mut Vec<String>) {
    let mut hooks: Vec<&Hook> = HOOKS.iter().collect();
    hooks.sort_by_key(|hook| hook.place);
    for (index, hook) in hooks.iter().enumerate() {
        let (name, place, is_of_suite) = (hook.moment.name(), hook.place, hook.moment.is_of_suite());
        if !is_of_suite && !GROUPS.iter().any(|group| group.module == hook.module) {
            problems.push(format!(
                "`#[{name}]` ({place}) is in no group: move it into a module with `#[peer_group]`, not into a module in it"
            ));
        }
        let is_same = |other: &&&Hook| other.moment == hook.moment && (is_of_suite || other.module == hook.module);
        if let Some(first) = hooks[..index].iter().find(is_same) {
            let owner = if is_of_suite { "target" } else { "group" };
            problems.push(format!("a {owner} has one `#[{name}]`: remove one of {} and {place}", first.place));
        }
    }
}

/// `provided` by suite and groups above, `per_test` by what runs before each test.
fn check_branch(branch: &Branch, provided: &[Kind], per_test: &[Kind], problems: &mut Vec<String>) {
    if let (Some(group), None) = (branch.group.filter(|group| group.weight.is_some()), branch.init) {
        problems.push(format!(
            "`weight` of the group at {} reserves slots for the nodes of `#[init_per_group]`, and there is none: write \
             one, or remove `weight`",
            group.place
        ));
    }
    check_hook(branch.init, provided, problems);
    let provided = [provided, branch.init.and_then(Hook::provides).as_slice()].concat();
    check_hook(branch.end, &provided, problems);
    check_hook(branch.init_case, &[&provided[..], per_test].concat(), problems);
    let per_test = [per_test, branch.init_case.and_then(Hook::provides).as_slice()].concat();
    let all = [&provided[..], &per_test].concat();
    check_hook(branch.end_case, &all, problems);
    for item in &branch.items {
        match item {
            Item::Test(test) => check_required(&test.path(), test.place, test.requires, &all, problems),
            Item::Group(inner) => check_branch(inner, &provided, &per_test, problems),
        }
    }
}

fn check_hook(hook: Option<&Hook>, provided: &[Kind], problems: &mut Vec<String>) {
    if let Some(hook) = hook {
        check_required(&hook.path(), hook.place, hook.requires, provided, problems);
    }
}

fn check_required(
    path: &str,
    place: SourceLocation,
    required: &[Requirement],
    provided: &[Kind],
    problems: &mut Vec<String>,
) {
    let by_value =
        [(Kind::of::<Nodes>(), "Nodes"), (Kind::of::<Rank>(), "Rank"), (Kind::of::<TestStatus>(), "TestStatus")];
    for kind in required.iter().filter_map(|required| required.fixture()) {
        let is_kind = |other: &Kind| other.id() == kind.id();
        if provided.iter().any(is_kind) {
            continue;
        }
        if let Some((_, name)) = by_value.iter().find(|(kind, _)| is_kind(kind)) {
            problems.push(format!("`{path}` ({place}) takes `&{name}`: write `{name}`, without `&`"));
            continue;
        }
        let list: Vec<String> = provided.iter().map(|kind| format!("`{kind}`")).collect();
        let there = match &list[..] {
            [] => "no init above it returns anything".to_owned(),
            list => format!("the inits above it return {}", list.join(", ")),
        };
        problems.push(format!(
            "`{path}` ({place}) takes `&{kind}`, and no init above it returns one: return it from an init ({there})"
        ));
    }
}
