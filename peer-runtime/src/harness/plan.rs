//! The plan: which tests run in which groups, between which hooks, in the order of the sources.

use super::given::Kind;
use super::groups::{GROUPS, Group, HOOKS, Hook, Moment, Repeat, weight_of_suite};
use super::tests::{self, Test};
use crate::registry::Place;

/// All that is to run.
pub(super) struct Plan {
    pub(super) suite: Branch,
    pub(super) init: Option<&'static Hook>,
    pub(super) end: Option<&'static Hook>,
}

/// A group, or the suite itself.
pub(super) struct Branch {
    /// None for the suite.
    pub(super) group: Option<&'static Group>,
    pub(super) init: Option<&'static Hook>,
    pub(super) end: Option<&'static Hook>,
    pub(super) init_case: Option<&'static Hook>,
    pub(super) end_case: Option<&'static Hook>,
    pub(super) items: Vec<Item>,
}

/// What stands in a group.
pub(super) enum Item {
    Test(&'static Test),
    Group(Branch),
}

impl Plan {
    /// The plan of everything in this executable.
    pub(super) fn of_all() -> Self {
        Self::of(tests::tests(), &GROUPS.iter().collect::<Vec<_>>(), &HOOKS.iter().collect::<Vec<_>>())
    }

    fn of(tests: Vec<&'static Test>, groups: &[&'static Group], hooks: &[&'static Hook]) -> Self {
        let mut suite = Branch::new(None, hooks);
        for test in tests {
            let mut branch = &mut suite;
            for group in around(test, groups) {
                branch = branch.enter(group, hooks);
            }
            branch.items.push(Item::Test(test));
        }
        suite.sort();
        let of_suite = |moment| hooks.iter().copied().find(|hook| hook.moment == moment);
        Self { suite, init: of_suite(Moment::InitPerSuite), end: of_suite(Moment::EndPerSuite) }
    }

    /// Leaves out what is not chosen, and the groups that have nothing left.
    pub(super) fn retain(&mut self, chosen: &impl Fn(&Test) -> bool) {
        self.suite.retain(chosen);
    }

    /// All tests, in order.
    pub(super) fn tests(&self) -> Vec<&'static Test> {
        let mut tests = Vec::new();
        self.suite.each(&mut |test| tests.push(test));
        tests
    }

    /// The groups around a test, outermost first, beginning with the suite itself.
    pub(super) fn above(&self, test: &Test) -> Vec<&Branch> {
        let mut above = vec![&self.suite];
        while let Some(next) = above.last().and_then(|branch| {
            branch.items.iter().find_map(|item| match item {
                Item::Group(inner) if inner.group.is_some_and(|group| is_in(test.module, group.module)) => Some(inner),
                _ => None,
            })
        }) {
            above.push(next);
        }
        above
    }

    /// What keeps this plan from being run: hooks that are there twice, and what is wanted and given by nobody.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for moment in [Moment::InitPerSuite, Moment::EndPerSuite] {
            let all: Vec<_> = HOOKS.iter().filter(|hook| hook.moment == moment).collect();
            if let [first, second, ..] = all[..] {
                let (first, second) = (first.place, second.place);
                let name = moment.name();
                problems.push(format!(
                    "there is one `{name}` for all tests of a target, and not two: {first} and {second}"
                ));
            }
        }
        if let (Some(weight), None) = (weight_of_suite(), self.init) {
            problems.push(format!(
                "`peer::main!(weight = {weight})` holds slots for what `init_per_suite` starts, and there is none: write one, or leave `weight` out"
            ));
        }
        let mut given = Vec::new();
        check_hook(self.init, &given, &mut problems);
        given.extend(self.init.and_then(|hook| hook.gives));
        self.suite.check(&given, &[], &mut problems);
        check_hook(self.end, &given, &mut problems);
        problems
    }
}

/// The groups around a test, outermost first.
fn around(test: &Test, groups: &[&'static Group]) -> Vec<&'static Group> {
    let mut around: Vec<_> = groups.iter().copied().filter(|group| is_in(test.module, group.module)).collect();
    around.sort_by_key(|group| group.module.len());
    around
}

fn is_in(module: &str, group: &str) -> bool {
    module.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

impl Branch {
    fn new(group: Option<&'static Group>, hooks: &[&'static Hook]) -> Self {
        let find = |moment| {
            let module = group?.module;
            hooks.iter().copied().find(|hook| hook.module == module && hook.moment == moment)
        };
        Self {
            group,
            init: find(Moment::InitPerGroup),
            end: find(Moment::EndPerGroup),
            init_case: find(Moment::InitPerTestcase),
            end_case: find(Moment::EndPerTestcase),
            items: Vec::new(),
        }
    }

    fn enter(&mut self, group: &'static Group, hooks: &[&'static Hook]) -> &mut Self {
        let is_it = |item: &Item| matches!(item, Item::Group(inner) if inner.is(group));
        let at = self.items.iter().position(is_it).unwrap_or_else(|| {
            self.items.push(Item::Group(Self::new(Some(group), hooks)));
            self.items.len() - 1
        });
        match &mut self.items[at] {
            Item::Group(inner) => inner,
            Item::Test(_) => unreachable!("it was looked for among the groups"),
        }
    }

    fn is(&self, group: &Group) -> bool {
        self.group.is_some_and(|own| own.module == group.module)
    }

    fn sort(&mut self) {
        for item in &mut self.items {
            if let Item::Group(inner) = item {
                inner.sort();
            }
        }
        self.items.sort_by_key(Item::place);
    }

    fn retain(&mut self, chosen: &impl Fn(&Test) -> bool) {
        self.items.retain_mut(|item| match item {
            Item::Test(test) => chosen(test),
            Item::Group(inner) => {
                inner.retain(chosen);
                !inner.items.is_empty()
            }
        });
    }

    /// All tests below, in order.
    pub(super) fn each(&self, act: &mut impl FnMut(&'static Test)) {
        for item in &self.items {
            match item {
                Item::Test(test) => act(test),
                Item::Group(inner) => inner.each(act),
            }
        }
    }

    /// Its path within the crate; empty for the suite.
    pub(super) fn name(&self) -> &'static str {
        self.group.map_or("", |group| group.module.split_once("::").map_or(group.module, |(_, module)| module))
    }

    /// Whether any order comes from the seed of the run: `seeded` if no group has one of its own.
    pub(super) fn has_shuffle(&self, seeded: bool) -> bool {
        let nested = |item: &Item| matches!(item, Item::Group(inner) if inner.has_shuffle(seeded));
        self.group.is_some_and(|group| group.shuffle && (seeded || group.seed.is_none()))
            || self.items.iter().any(nested)
    }

    pub(super) fn is_sequence(&self) -> bool {
        self.group.is_some_and(|group| group.sequence)
    }

    /// Whether its tests have rounds together, or none.
    pub(super) fn is_repeated(&self) -> bool {
        self.group.is_some_and(|group| group.repeat != Repeat::ONCE)
    }

    /// Whether stock libtest would run its tests otherwise than meant.
    pub(super) fn needs_plan(&self) -> bool {
        self.is_sequence() || [self.init, self.end, self.init_case, self.end_case].iter().any(Option::is_some)
    }

    /// The path of one of its hooks within the crate.
    pub(super) fn hook_name(&self, moment: Moment) -> String {
        let (group, hook) = (self.name(), moment.name());
        if group.is_empty() { hook.to_owned() } else { format!("{group}::{hook}") }
    }

    /// The path of what started all that it owns.
    pub(super) fn init_name(&self) -> String {
        self.hook_name(if self.group.is_some() { Moment::InitPerGroup } else { Moment::InitPerSuite })
    }

    /// `given` by the suite and groups above, `by_case` by what runs before each test.
    fn check(&self, given: &[Kind], by_case: &[Kind], problems: &mut Vec<String>) {
        check_hook(self.init, given, problems);
        let given: Vec<Kind> = given.iter().copied().chain(self.init.and_then(|hook| hook.gives)).collect();
        check_hook(self.end, &given, problems);
        let before = [&given[..], by_case].concat();
        check_hook(self.init_case, &before, problems);
        let by_case: Vec<Kind> = by_case.iter().copied().chain(self.init_case.and_then(|hook| hook.gives)).collect();
        let all = [&given[..], &by_case].concat();
        check_hook(self.end_case, &all, problems);
        for item in &self.items {
            match item {
                Item::Test(test) => check_wants(&test.path(), test.place, test.wants, &all, problems),
                Item::Group(inner) => inner.check(&given, &by_case, problems),
            }
        }
    }
}

fn check_hook(hook: Option<&Hook>, given: &[Kind], problems: &mut Vec<String>) {
    if let Some(hook) = hook {
        check_wants(&hook.path(), hook.place, hook.wants, given, problems);
    }
}

fn check_wants(path: &str, place: Place, wants: &[Kind], given: &[Kind], problems: &mut Vec<String>) {
    for wanted in wants {
        if !given.iter().any(|given| given.id() == wanted.id()) {
            let list: Vec<String> = given.iter().map(|kind| format!("`{kind}`")).collect();
            let there = if list.is_empty() {
                "no init above it returns anything".to_owned()
            } else {
                format!("those above it return {}", list.join(", "))
            };
            problems.push(format!(
                "`{path}` ({place}) takes a `&{wanted}`, which nobody gives: return one from an init above it ({there})"
            ));
        }
    }
}

impl Item {
    fn place(&self) -> Place {
        match self {
            Self::Test(test) => test.place,
            Self::Group(branch) => {
                branch.group.map_or(Place { file: "", line: 0, column: 0, written: (0, 0) }, |group| group.place)
            }
        }
    }
}

impl Moment {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InitPerSuite => "init_per_suite",
            Self::EndPerSuite => "end_per_suite",
            Self::InitPerGroup => "init_per_group",
            Self::EndPerGroup => "end_per_group",
            Self::InitPerTestcase => "init_per_testcase",
            Self::EndPerTestcase => "end_per_testcase",
        }
    }
}

impl Hook {
    /// Its path within the crate.
    pub(super) fn path(&self) -> String {
        let name = self.moment.name();
        self.module.split_once("::").map_or_else(|| name.to_owned(), |(_, module)| format!("{module}::{name}"))
    }

    /// Where the hook with this path is written; those of the suite go by their names alone.
    pub(super) fn place_of(path: &str) -> Option<Place> {
        let is_it = |hook: &&Self| {
            let of_suite = matches!(hook.moment, Moment::InitPerSuite | Moment::EndPerSuite);
            if of_suite { hook.moment.name() == path } else { hook.path() == path }
        };
        HOOKS.iter().find(is_it).map(|hook| hook.place)
    }
}
