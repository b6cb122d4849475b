//! The plan: which tests run in which groups, between which hooks, in the order of the sources.

use crate::harness::declare::{self, GROUPS, Group, HOOKS, Hook, Moment, Repeat, Test};
use crate::registry::SourceLocation;

/// All that is to run.
pub(crate) struct Plan {
    pub(crate) suite: Branch,
    pub(crate) init: Option<&'static Hook>,
    pub(crate) end: Option<&'static Hook>,
}

/// A group, or the suite itself.
pub(crate) struct Branch {
    /// None for the suite.
    pub(crate) group: Option<&'static Group>,
    pub(crate) init: Option<&'static Hook>,
    pub(crate) end: Option<&'static Hook>,
    pub(crate) init_case: Option<&'static Hook>,
    pub(crate) end_case: Option<&'static Hook>,
    pub(crate) items: Vec<Item>,
}

/// What stands in a group.
pub(crate) enum Item {
    Test(&'static Test),
    Group(Branch),
}

impl Plan {
    /// The plan of everything in this executable.
    pub(crate) fn of_all() -> Self {
        Self::of(declare::tests(), &GROUPS.iter().collect::<Vec<_>>(), &HOOKS.iter().collect::<Vec<_>>())
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
    pub(crate) fn retain(&mut self, chosen: &impl Fn(&Test) -> bool) {
        self.suite.retain(chosen);
    }

    /// All tests, in order.
    pub(crate) fn tests(&self) -> Vec<&'static Test> {
        let mut tests = Vec::new();
        self.suite.each(&mut |test| tests.push(test));
        tests
    }

    /// How many tests stand before `test` in the outermost sequence around it, without ignored ones.
    pub(crate) fn before_in_sequence(&self, test: &Test) -> usize {
        let above = self.above(test);
        let Some(sequence) = above.iter().find(|branch| branch.is_sequence()) else { return 0 };
        let mut all = Vec::new();
        sequence.each(&mut |other| all.push(other));
        all.iter().take_while(|other| !std::ptr::eq(**other, test)).filter(|other| other.ignore.is_none()).count()
    }

    /// The groups around a test, outermost first, beginning with the suite itself.
    pub(crate) fn above(&self, test: &Test) -> Vec<&Branch> {
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
    pub(crate) fn each(&self, act: &mut impl FnMut(&'static Test)) {
        for item in &self.items {
            match item {
                Item::Test(test) => act(test),
                Item::Group(inner) => inner.each(act),
            }
        }
    }

    /// Its path within the crate; empty for the suite.
    pub(crate) fn name(&self) -> &'static str {
        self.group.map_or("", |group| group.module.split_once("::").map_or(group.module, |(_, module)| module))
    }

    /// Whether any order comes from the seed of the run: `seeded` if no group has one of its own.
    pub(crate) fn has_shuffle(&self, seeded: bool) -> bool {
        let nested = |item: &Item| matches!(item, Item::Group(inner) if inner.has_shuffle(seeded));
        self.group.is_some_and(|group| group.shuffle && (seeded || group.seed.is_none()))
            || self.items.iter().any(nested)
    }

    pub(crate) fn is_sequence(&self) -> bool {
        self.group.is_some_and(|group| group.sequence)
    }

    /// Whether its tests have rounds together, or none.
    pub(crate) fn is_repeated(&self) -> bool {
        self.group.is_some_and(|group| group.repeat != Repeat::ONCE)
    }

    /// Whether stock libtest would run its tests otherwise than meant.
    pub(crate) fn needs_plan(&self) -> bool {
        self.is_sequence() || [self.init, self.end, self.init_case, self.end_case].iter().any(Option::is_some)
    }

    /// The path of one of its hooks within the crate.
    pub(crate) fn hook_name(&self, moment: Moment) -> String {
        let (group, hook) = (self.name(), moment.name());
        if group.is_empty() { hook.to_owned() } else { format!("{group}::{hook}") }
    }

    /// The path of what started all that it owns.
    pub(crate) fn init_name(&self) -> String {
        self.hook_name(if self.group.is_some() { Moment::InitPerGroup } else { Moment::InitPerSuite })
    }
}

impl Item {
    fn place(&self) -> SourceLocation {
        match self {
            Self::Test(test) => test.place,
            Self::Group(branch) => branch.group.map_or(SourceLocation::NONE, |group| group.place),
        }
    }
}
