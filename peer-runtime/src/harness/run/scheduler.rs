//! The walk through a plan: starts tests as there are slots for them, between the hooks around them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::attempt::{self, Surroundings};
use super::cancel::Cancel;
use super::group_scope::GroupScope;
use super::options::Options;
use super::permits::Limiter;
use super::results::Results;
use super::retry::{self, Tried};
use super::tally::Tally;
use crate::harness::declare::{Fixtures, Hook, Moment, Suite, Test};
use crate::harness::event::{Event, EventSink, Finished, Note, Summary, UnitKind};
use crate::harness::outcome::{AttemptOutcome, Fault, SkippedBy, Verdict};
use crate::harness::plan::{Branch, Item, Plan, reservation, shuffled, weight};
use crate::harness::running;
use crate::scope::{Scope, Show};
use crate::slots::{self, Wait};

/// Runs a plan and sends what happens to `sink`, the summary last.
pub(crate) fn run(plan: &Plan, options: Options, cancel: &Cancel, sink: &EventSink) -> Summary {
    let started = Instant::now();
    let tests = plan.tests();
    let is_shuffled = options.shuffle || plan.suite.has_shuffle(options.seeded);
    let seed = is_shuffled.then_some(options.seed);
    sink.send(Event::RunStarted { tests: tests.len(), seed, slots: options.slots });
    // The first one, so that nothing that the interrupt causes is reported before it.
    let subscription = {
        let sink = sink.clone();
        cancel.subscribe(move || sink.send(Event::Interrupted))
    };
    let results = Results::new(sink, options.filtered, options.keeps_output);
    let scheduler = Scheduler { options, cancel, sink, results };
    scheduler.suite(plan);
    // Waits for an interrupt that is being reported.
    drop(subscription);
    let interrupted = cancel.is_interrupted();
    if interrupted {
        // Ignored tests have their result after an interrupt, too.
        for test in &tests {
            if scheduler.is_ignored(test) && !scheduler.results.has_seen(test) {
                scheduler.results.skip(test, &Verdict::ignored(test), false);
            }
        }
    }
    let summary = scheduler.results.end(tests.len(), interrupted, started.elapsed());
    if let Some(problem) = slots::take_problem() {
        sink.note("", Note::NoBudget(problem));
    }
    sink.send(Event::RunFinished(summary.clone()));
    summary
}

struct Scheduler<'a> {
    options: Options,
    cancel: &'a Cancel,
    sink: &'a EventSink,
    results: Results<'a>,
}

/// What holds in a group for everything below it.
#[derive(Clone)]
struct Context {
    surroundings: Surroundings,
    limiter: Limiter,
    /// Which round this is of how many, of the innermost group that is repeated.
    round: Option<(u32, u32)>,
    /// Whether a group around may have another round.
    again: bool,
    /// Of suite and groups that own anything: the path of their init, and whether a linked peer of theirs went down.
    owners: Vec<(String, Arc<AtomicBool>)>,
}

impl Context {
    /// Why nothing below can run, if a linked peer of something above went down.
    fn crashed(&self) -> Option<Verdict> {
        let crashed = self.owners.iter().find(|(_, crashed)| crashed.load(Ordering::Relaxed));
        crashed.map(|(init, _)| Verdict::Skipped(SkippedBy::Init(init.clone())))
    }
}

/// The hooks around a suite or a group, with their paths.
struct Hooks {
    init: Option<&'static Hook>,
    end: Option<&'static Hook>,
    init_path: String,
    end_path: String,
}

impl Scheduler<'_> {
    fn suite(&self, plan: &Plan) {
        let [init, end] = if self.has_work(&plan.suite) { [plan.init, plan.end] } else { [None, None] };
        let [init_path, end_path] = [Moment::InitPerSuite, Moment::EndPerSuite].map(|moment| moment.name().to_owned());
        let surroundings = Surroundings { limit: self.limit(Suite::timetrap()), ..Surroundings::default() };
        let (limiter, _subscription) = Limiter::of_run(self.options.slots, self.cancel);
        let context = Context { surroundings, limiter, round: None, again: false, owners: Vec::new() };
        self.reserving(Suite::weight(), &plan.suite, "init_per_suite", &context, |context| {
            self.between(
                &Hooks { init, end, init_path, end_path },
                context,
                |context, scope| self.group(&plan.suite, context, scope),
                |why| self.skip_all(&plan.suite, why, false),
            )
        });
    }

    fn is_ignored(&self, test: &Test) -> bool {
        test.ignore.is_some() && !self.options.ignored
    }

    /// A time limit of this run.
    fn limit(&self, limit: Duration) -> Duration {
        limit.saturating_mul(self.options.factor)
    }

    /// Whether any test of a group would run: hooks around nothing do not.
    fn has_work(&self, branch: &Branch) -> bool {
        let mut has_work = false;
        branch.each(&mut |test| has_work |= !self.is_ignored(test));
        has_work
    }

    fn show(&self, name: &str) -> Option<Show> {
        self.options.live.then(|| self.sink.show(name))
    }

    /// Sends that something waits for slots of other runs.
    fn on_wait<'a>(&'a self, name: &'a str, kind: UnitKind) -> impl FnMut(&Wait) + 'a {
        move |wait| self.sink.send(Event::UnitWaiting { name: name.to_owned(), kind, wait: wait.clone() })
    }

    /// Runs `act` while the slots of a group with a `weight` are reserved, with those of everything below it.
    fn reserving(
        &self,
        weight: Option<u32>,
        branch: &Branch,
        init: &str,
        context: &Context,
        act: impl FnOnce(&Context) -> Tally,
    ) -> Tally {
        let Some(weight) = weight.filter(|_| self.has_work(branch)) else { return act(context) };
        let all = reservation(weight, branch, self.options.ignored, self.options.slots);
        let reserved = context.limiter.reserve(weight, all, &mut self.on_wait(init, UnitKind::Hook));
        // None once the run is interrupted: then nothing starts.
        reserved.map_or_else(Tally::default, |limiter| act(&Context { limiter, ..context.clone() }))
    }

    /// Runs `inside` between an init and an end, which share what they own; `skip` if the init does not pass.
    fn between(
        &self,
        hooks: &Hooks,
        context: &Context,
        inside: impl FnOnce(&Context, Option<&mut GroupScope>) -> Tally,
        skip: impl FnOnce(&Verdict) -> Tally,
    ) -> Tally {
        let Hooks { init, end, init_path, end_path } = hooks;
        if init.is_none() && end.is_none() {
            return inside(context, None);
        }
        let owner = if init.is_some() { init_path } else { end_path };
        let permit = init.and_then(|_| context.limiter.acquire(1, &mut self.on_wait(init_path, UnitKind::Hook)));
        // It may have waited for long.
        if let Some(why) = context.crashed() {
            return skip(&why);
        }
        if init.is_some() && permit.is_none() {
            return Tally::default();
        }
        let name = init_path.rsplit_once("::").map_or("suite", |(group, _)| group);
        let mut scope = GroupScope::new(name, self.show(owner), self.cancel, &context.surroundings.outer);
        let fixtures = match init {
            None => context.surroundings.fixtures.clone(),
            Some(init) => match self.hook(init_path, init, &mut scope, context) {
                Ok(fixtures) => fixtures,
                Err(mut failed) => {
                    let (was_skipped, was_interrupted) = match &failed.fault {
                        Some(fault) => (fault.is_skip(), matches!(fault, Fault::Interrupted)),
                        None => (false, false),
                    };
                    // What it owns ends first, so that its report says what still blocks.
                    scope.end(was_skipped, Some(&mut failed), (self.sink, init_path));
                    let why = self.results.hook_failed(init_path, *failed);
                    let tally = if was_interrupted { Tally::default() } else { skip(&why) };
                    return Tally { stop: true, failed: usize::from(!was_skipped), ..tally };
                }
            },
        };
        drop(permit);
        let mut context = context.clone();
        context.surroundings.fixtures = fixtures;
        context.owners.push((init_path.clone(), scope.has_crashed()));
        context.surroundings.outer.push(scope.scope().clone());
        let mut tally = inside(&context, Some(&mut scope));
        context.surroundings.outer.pop();
        if let Some(crash) = scope.crash() {
            self.results.hook_failed(init_path, *crash);
            tally.failed += 1;
        }
        let mut failures = Vec::new();
        if let Some(end) = end {
            // An end runs after an interrupt as well, when there are no slots any more.
            let _permit = context.limiter.acquire(1, &mut self.on_wait(end_path, UnitKind::Hook));
            failures.extend(self.hook(end_path, end, &mut scope, &context).err().map(|failed| (end_path, failed)));
        }
        let fixtures = std::mem::take(&mut context.surroundings.fixtures);
        let dropped = scope.drop_fixtures(fixtures, context.surroundings.limit);
        failures.extend(dropped.err().map(|failed| (init_path, failed)));
        tally.failed +=
            failures.iter().filter(|(_, failed)| !failed.fault.as_ref().is_some_and(Fault::is_skip)).count();
        let last = failures.last_mut().map(|(_, failed)| &mut **failed);
        scope.end(tally.failed == 0, last, (self.sink, owner));
        for (name, failed) in failures {
            self.results.hook_failed(name, *failed);
        }
        tally
    }

    /// Runs a hook: the fixtures from then on, or how it failed.
    fn hook(
        &self,
        path: &str,
        hook: &'static Hook,
        scope: &mut GroupScope,
        context: &Context,
    ) -> Result<Fixtures, Box<AttemptOutcome>> {
        let Surroundings { fixtures, limit, outer, .. } = &context.surroundings;
        let _registered = running::register(path);
        self.results.started(path, UnitKind::Hook, scope.scope(), outer, 1);
        let result = scope.run_hook(hook, fixtures, *limit);
        if result.is_ok() {
            self.results.hook_passed(path);
        }
        result
    }

    /// All rounds of a group, or of the suite. `scope` is that of the suite.
    fn group(&self, branch: &Branch, context: &Context, scope: Option<&mut GroupScope>) -> Tally {
        let Some(group) = branch.group else { return self.round(branch, context, scope, 1) };
        if !self.has_work(branch) {
            return self.skip_all(branch, &Verdict::Passed, context.again);
        }
        if self.cancel.is_interrupted() {
            return Tally::default();
        }
        let mut context = context.clone();
        if let Some(limit) = group.timetrap {
            context.surroundings.limit = self.limit(limit);
        }
        let [init_path, end_path] = [Moment::InitPerGroup, Moment::EndPerGroup].map(|moment| branch.hook_name(moment));
        let hooks = Hooks { init: branch.init, end: branch.end, init_path, end_path };
        let around = context.again;
        context.again = true;
        let mut total = Tally::default();
        for round in 1..=group.repeat.rounds {
            context.again = around || round < group.repeat.rounds;
            if group.repeat.rounds > 1 {
                context.round = Some((round, group.repeat.rounds));
            }
            let tally = self.reserving(group.weight, branch, &hooks.init_path, &context, |context| {
                self.between(
                    &hooks,
                    context,
                    |context, scope| self.round(branch, context, scope, round),
                    |why| self.skip_all(branch, why, context.again),
                )
            });
            total.add(tally);
            let met = group.repeat.until.is_some_and(|until| tally.meets(until));
            if tally.stop || met || context.crashed().is_some() || self.cancel.is_interrupted() {
                break;
            }
        }
        if context.again && !around && !self.cancel.is_interrupted() {
            // Its last round was not known to be the last one.
            let mut tests = Vec::new();
            branch.each(&mut |test| tests.push(test));
            self.results.rounds_over(tests, true);
        }
        total
    }

    /// One round of a group: tests start in order as there are slots for them, nested groups when it is their turn.
    fn round(&self, branch: &Branch, context: &Context, mut scope: Option<&mut GroupScope>, round: u32) -> Tally {
        let mut context = context.clone();
        if branch.init_case.is_some() || branch.end_case.is_some() {
            context.surroundings.hooks.push((branch.init_case, branch.end_case));
        }
        let context = &context;
        let tally = Mutex::new(Tally::default());
        thread::scope(|threads| {
            // Why the rest of a sequence, or everything below a crashed init, does not run.
            let mut broken: Option<Verdict> = None;
            for item in self.order(branch, round) {
                broken = broken.or_else(|| self.crash(branch, context, scope.as_deref_mut(), &tally));
                match item {
                    Item::Test(test) if self.is_ignored(test) => {
                        tally.lock().count(&self.results.skip(test, &Verdict::ignored(test), context.again));
                    }
                    Item::Test(test) => {
                        let name = test.path();
                        let permit = match broken {
                            None => context.limiter.acquire(weight(test), &mut self.on_wait(&name, UnitKind::Test)),
                            Some(_) => None,
                        };
                        // It may have waited for long.
                        broken = broken.or_else(|| self.crash(branch, context, scope.as_deref_mut(), &tally));
                        if let Some(why) = &broken {
                            tally.lock().count(&self.results.skip(test, why, context.again));
                        } else if let Some(permit) = permit {
                            // What follows would wait for it anyway.
                            let is_inline = branch.is_sequence() || permit.is_everything();
                            // Outside of the closure, which is lost if there can be no thread for it.
                            let permit = Arc::new(Mutex::new(Some(permit)));
                            let tally = &tally;
                            let run = move || {
                                let verdict = self.test(test, context);
                                permit.lock().take();
                                tally.lock().count(&verdict);
                                verdict
                            };
                            let spawned = !is_inline && {
                                let run = run.clone();
                                thread::Builder::new().spawn_scoped(threads, run).is_ok()
                            };
                            if !spawned && run().fails() && branch.is_sequence() && !self.cancel.is_interrupted() {
                                broken = Some(Verdict::Skipped(SkippedBy::Sequence(name)));
                            }
                        }
                    }
                    Item::Group(inner) => {
                        let nested = match &broken {
                            Some(why) => self.skip_all(inner, why, context.again),
                            None => self.group(inner, context, None),
                        };
                        tally.lock().count_group(nested);
                        if branch.is_sequence() && nested.failed > 0 && !self.cancel.is_interrupted() {
                            broken =
                                broken.or_else(|| Some(Verdict::Skipped(SkippedBy::Sequence(inner.name().to_owned()))));
                        }
                    }
                }
            }
        });
        tally.into_inner()
    }

    /// Why nothing more of a round can run, if a linked peer of its init, or of one above, went down. Reports its own.
    fn crash(
        &self,
        branch: &Branch,
        context: &Context,
        scope: Option<&mut GroupScope>,
        tally: &Mutex<Tally>,
    ) -> Option<Verdict> {
        let Some(crash) = scope.and_then(GroupScope::crash) else { return context.crashed() };
        tally.lock().failed += 1;
        Some(self.results.hook_failed(&branch.init_name(), *crash))
    }

    /// Reports that everything in a group was skipped.
    fn skip_all(&self, branch: &Branch, why: &Verdict, again: bool) -> Tally {
        let mut tally = Tally::default();
        branch.each(&mut |test| {
            let verdict = if self.is_ignored(test) { Verdict::ignored(test) } else { why.clone() };
            tally.count(&self.results.skip(test, &verdict, again));
        });
        tally
    }

    fn order<'a>(&self, branch: &'a Branch, round: u32) -> Vec<&'a Item> {
        let mut items: Vec<&Item> = branch.items.iter().collect();
        // Shuffling a whole run leaves alone what depends on its order.
        if self.options.shuffle && !branch.is_sequence() || branch.group.is_some_and(|group| group.shuffle) {
            let own = branch.group.and_then(|group| group.seed).filter(|_| !self.options.seeded);
            shuffled(&mut items, own.unwrap_or(self.options.seed), branch.name(), round);
        }
        items
    }

    /// All rounds of a test: the first verdict that fails, or the last one.
    fn test(&self, test: &'static Test, context: &Context) -> Verdict {
        let _registered = running::register(&test.path());
        let mut total = Verdict::Passed;
        for round in 1..=test.repeat.rounds {
            let (verdict, is_last) = self.attempts(test, context, round);
            if !total.fails() {
                total = verdict;
            }
            if is_last {
                break;
            }
        }
        if test.repeat.rounds == 0 {
            self.results.rounds_over([test], !context.again);
        }
        total
    }

    /// One round of a test, with its retries. Whether no further round follows.
    fn attempts(&self, test: &'static Test, context: &Context, round: u32) -> (Verdict, bool) {
        let name = test.path();
        let mut around = context.surroundings.clone();
        around.limit = test.timetrap.map_or(around.limit, |limit| self.limit(limit));
        let is_pointless = || context.crashed().is_some() || self.cancel.is_interrupted();
        let Tried { verdict, mut attempts, last } = retry::run(test, is_pointless, |number| {
            let on_start = |scope: &Scope| self.results.started(&name, UnitKind::Test, scope, &around.outer, number);
            attempt::run(test, &around, self.show(&name), (self.cancel, self.sink), on_start)
        });
        let init_failed = matches!(last.fault, Some(Fault::Init { .. }));
        attempts.push(self.results.report_init(last));
        let mut tally = Tally::default();
        tally.count(&verdict);
        let met = test.repeat.until.is_some_and(|until| tally.meets(until));
        let is_last = init_failed || met || is_pointless() || round == test.repeat.rounds;
        let (round, rounds) = match (test.repeat.rounds, context.round) {
            (1, Some(of_group)) => of_group,
            (rounds, _) => (round, rounds),
        };
        self.results.finished(Finished {
            name,
            kind: UnitKind::Test,
            test: Some(test),
            verdict: verdict.clone(),
            attempts,
            round,
            rounds,
            is_last: is_last && !context.again,
            missing_before: self.options.missing_before,
        });
        (verdict, is_last)
    }
}
