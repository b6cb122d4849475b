//! Running a plan: one walk through its groups, which starts tests as there is room for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::event::{Event, Reporter, Running, Summary, What};
use super::fault::Fault;
use super::gate::{Gate, Room};
use super::given::Given;
use super::groups::{Hook, Moment, Until, weight_of_suite};
use super::home::{Failed, Home};
use super::interrupt::{Interrupts, Subscription};
use super::plan::Plan;
use super::report;
use super::retries::INFRASTRUCTURE_RETRIES;
use super::teller::Teller;
use super::tests::Test;
use super::verdict::Verdict;
use crate::aside;
use crate::scope::Scope;

/// How a plan is to be run.
pub(super) struct Options {
    /// How many nodes there may be at once.
    pub(super) slots: u32,
    /// Whether output is shown at once.
    pub(super) live: bool,
    /// Whether ignored tests run, too.
    pub(super) ignored: bool,
    /// Whether everything is in an order by chance.
    pub(super) shuffle: bool,
    /// Where orders by chance come from.
    pub(super) seed: u64,
    /// Whether somebody asked for that seed: then groups that have one of their own take it as well.
    pub(super) seeded: bool,
    /// The time limit of those that have none of their own.
    pub(super) timetrap: Duration,
    /// What every time limit is multiplied by.
    pub(super) factor: u32,
    pub(super) filtered: usize,
}

/// What runs a plan.
pub(super) struct Engine {
    pub(super) options: Options,
    pub(super) gate: Gate,
    pub(super) interrupts: Interrupts,
    pub(super) teller: Teller,
    _listener: Subscription,
}

/// What holds in a group, for what is below.
#[derive(Clone, Default)]
pub(super) struct Context {
    /// What the inits of suite and groups returned.
    pub(super) given: Given,
    /// Of each group that has any, outermost first: what runs before a test, and after it.
    pub(super) hooks: Vec<(Option<&'static Hook>, Option<&'static Hook>)>,
    /// The time limit, if nothing below has its own.
    pub(super) limit: Duration,
    /// What suite and groups own.
    pub(super) homes: Vec<Scope>,
    /// What the innermost group that holds slots has for what is below it.
    pub(super) room: Option<Arc<Room>>,
    /// Which round this is of how many, of the innermost group that is repeated.
    pub(super) round: Option<(u32, u32)>,
    /// Whether a group around it may have another round.
    pub(super) again: bool,
    /// Of suite and groups that own anything: what began it, and whether a linked peer of theirs went down since.
    pub(super) owners: Vec<(String, Arc<AtomicBool>)>,
}

impl Context {
    /// Why what is below cannot run, if a linked peer of something above went down. That is told where it belongs.
    pub(super) fn crashed(&self) -> Option<Verdict> {
        let crashed = self.owners.iter().find(|(_, crashed)| crashed.load(Ordering::Relaxed));
        crashed.map(|(init, _)| Verdict::below(init))
    }
}

/// What the direct children of a round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// There is no further round: the init did not pass.
    pub(super) stop: bool,
}

impl Engine {
    pub(super) fn new(options: Options, interrupts: Interrupts, reporter: Box<dyn Reporter>) -> Self {
        let summary = Summary { filtered: options.filtered, ..Summary::default() };
        let gate = Gate::new(options.slots, &interrupts);
        let teller = Teller::new(reporter, options.live, summary);
        let listener = {
            let teller = teller.clone();
            interrupts.subscribe(move || {
                let teller = teller.clone();
                // On the I/O thread, which waits for nobody who reads; without a thread it is told with the next result.
                drop(thread::Builder::new().name("interrupted".to_owned()).spawn(move || teller.interrupted()));
            })
        };
        Self { options, gate, interrupts, teller, _listener: listener }
    }

    /// Runs everything, and says how it ended.
    pub(super) fn run(&self, plan: &Plan) -> Summary {
        let since = Instant::now();
        let mut tests = 0;
        plan.suite.each(&mut |_| tests += 1);
        let Options { shuffle, seed, seeded, slots, .. } = self.options;
        let by_chance = shuffle || plan.suite.has_shuffle(seeded);
        self.tell(&Event::Begun { tests, seed: by_chance.then_some(seed), slots });
        let limit = self.limit(self.options.timetrap);
        let hooks = if self.has_work(&plan.suite) { [plan.init, plan.end] } else { [None, None] };
        let names = [Moment::InitPerSuite.name(), Moment::EndPerSuite.name()];
        let context = Context { limit, ..Context::default() };
        self.holding((weight_of_suite(), &plan.suite, names[0]), &context, |context| {
            self.between(
                [(hooks[0], names[0]), (hooks[1], names[1])],
                context,
                |context, home| self.branch(&plan.suite, context, home),
                |why| self.skip_all(&plan.suite, why, false),
            )
        });
        let interrupted = self.interrupts.is_interrupted();
        if interrupted {
            // What its author lets be has not been kept from beginning.
            let is_left = |test: &Test| self.is_ignored(test) && !self.teller.is_known(&test.path());
            plan.suite.each(&mut |test| drop(is_left(test).then(|| self.skip(test, &Verdict::ignored(test), false))));
        }
        self.teller.end(since.elapsed(), tests, interrupted)
    }

    /// Whether its author lets it be, and nobody wants it all the same.
    pub(super) fn is_ignored(&self, test: &Test) -> bool {
        test.ignore.is_some() && !self.options.ignored
    }

    /// A time limit as it holds in this run.
    pub(super) fn limit(&self, limit: Duration) -> Duration {
        limit.checked_mul(self.options.factor).unwrap_or(Duration::MAX)
    }

    /// Runs something between an init and an end, which share what they own; `skip` if the init does not let it run.
    pub(super) fn between(
        &self,
        [init, end]: [(Option<&'static Hook>, &str); 2],
        context: &Context,
        inside: impl FnOnce(&Context, Option<&mut Home>) -> Tally,
        skip: impl FnOnce(&Verdict) -> Tally,
    ) -> Tally {
        if init.0.is_none() && end.0.is_none() {
            return inside(context, None);
        }
        let room = context.room.as_ref();
        // With a single slot everything comes one after the other.
        let slot = init.0.and_then(|_| self.gate.take(room, 1, &mut self.waits(init.1, What::Hook)));
        // It may have waited for long.
        if let Some(why) = context.crashed() {
            return skip(&why);
        }
        if init.0.is_some() && slot.is_none() {
            return Tally::default();
        }
        let owner = if init.0.is_some() { init.1 } else { end.1 };
        let (mut home, begun) = self.begin(init, owner, context);
        drop(slot);
        let given = match begun {
            Ok(given) => given,
            Err(mut failed) => {
                // What it owns ends before it is told, so that it says whether that is blocked.
                let left = home.end(failed.fault.is_skip(), Some(&mut failed));
                let was_interrupted = matches!(failed.fault, Fault::Interrupted);
                let why = self.hook_failed(init.1, *failed);
                tell_all(init.1, &left);
                // What is below has not begun, as all that the interrupt keeps from that.
                let tally = if was_interrupted { Tally::default() } else { skip(&why) };
                return Tally { stop: true, failed: usize::from(why.by_failure()), ..tally };
            }
        };
        let mut context = Context { given, ..context.clone() };
        context.owners.push((init.1.to_owned(), home.crashed()));
        context.homes.push(home.scope().clone());
        let mut tally = inside(&context, Some(&mut home));
        context.homes.pop();
        if let Some(crash) = home.crash() {
            self.hook_failed(init.1, *crash);
            tally.failed += 1;
        }
        // What ends something runs after an interrupt as well, when there are no slots any more.
        let slot = end.0.and_then(|_| self.gate.take(room, 1, &mut self.waits(end.1, What::Hook)));
        let mut failures = Vec::new();
        if let Some(hook) = end.0
            && let Err(failed) = self.hook(end.1, hook, &mut home, &context, 1)
        {
            failures.push((end.1, failed));
        }
        drop(slot);
        let given = std::mem::take(&mut context.given);
        if let Err(failed) = home.let_go(given, context.limit) {
            failures.push((init.1, failed));
        }
        tally.failed += failures.iter().filter(|(_, failed)| !failed.fault.is_skip()).count();
        // As above.
        let left = home.end(tally.failed == 0, failures.last_mut().map(|(_, failed)| &mut **failed));
        for (name, failed) in failures {
            self.hook_failed(name, *failed);
        }
        tell_all(owner, &left);
        tally
    }

    /// A home, whose nodes print in the name of `owner`, and what its init came to, if there is one; in another home once more if that could not boot a peer.
    fn begin(
        &self,
        (init, name): (Option<&'static Hook>, &str),
        owner: &str,
        context: &Context,
    ) -> (Home, Result<Given, Box<Failed>>) {
        let group = name.rsplit_once("::").map_or("suite", |(group, _)| group);
        for attempt in 1.. {
            let mut home = Home::new(group, self.show(owner), &self.interrupts, &context.homes);
            let Some(init) = init else { return (home, Ok(context.given.clone())) };
            let may_again = attempt <= INFRASTRUCTURE_RETRIES && !self.interrupts.is_interrupted();
            match self.hook(name, init, &mut home, context, attempt) {
                Err(failed) if may_again && failed.fault.is_infrastructure() => {
                    let left = home.end(false, None);
                    aside::tell(&format!("{}\n  it is tried again", report::hook_cause(name, &failed.fault)));
                    tell_all(name, &left);
                }
                begun => return (home, begun),
            }
        }
        unreachable!("there are fewer attempts than numbers")
    }

    /// Runs a hook; what is given from then on, or why it did not pass.
    fn hook(
        &self,
        name: &str,
        hook: &'static Hook,
        home: &mut Home,
        context: &Context,
        attempt: u32,
    ) -> Result<Given, Box<Failed>> {
        let scope = home.scope().clone();
        let homes = context.homes.clone();
        let running = Running { name: name.to_owned(), what: What::Hook, since: Instant::now(), scope, homes };
        let running = Arc::new(running);
        self.tell(&Event::Started { running: &running, attempt });
        home.run(hook, &context.given, context.limit)
    }
}

fn tell_all(name: &str, left: &[String]) {
    left.iter().for_each(|left| super::leaks::tell_leak(name, left));
}

impl Tally {
    pub(super) fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed | Verdict::Flaky { .. } => self.passed += 1,
            Verdict::Skipped { .. } => self.skipped += 1,
            _ => self.failed += 1,
        }
    }

    /// A group counts as one.
    pub(super) fn count_group(&mut self, group: Self) {
        match group {
            Self { failed: 1.., .. } => self.failed += 1,
            Self { passed: 1.., .. } => self.passed += 1,
            _ => self.skipped += 1,
        }
    }

    pub(super) fn add(&mut self, round: Self) {
        self.passed += round.passed;
        self.failed += round.failed;
        self.skipped += round.skipped;
    }

    pub(super) fn meets(self, until: Until) -> bool {
        match until {
            Until::AnyFail => self.failed > 0,
            Until::AnyOk => self.passed > 0,
            Until::AllFail => self.passed == 0 && self.failed > 0,
            Until::AllOk => self.failed == 0 && self.passed > 0,
        }
    }
}
