//! The rounds of groups and tests: what starts when, and what stops it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::case::{self, Ended};
use super::engine::{Context, Engine, Tally};
use super::event::{Earlier, Event, Finished, Running, What};
use super::fault::{self, Fault};
use super::groups::Moment;
use super::home::Home;
use super::plan::{Branch, Item};
use super::report;
use super::retries::Retries;
use super::shuffle;
use super::tests::Test;
use super::verdict::Verdict;
use super::weight::weight;

/// The first one that failed in a sequence.
type Broken = Option<Verdict>;

impl Engine {
    /// All rounds of a group, or of the suite. The one around it is `home`.
    pub(super) fn branch(&self, branch: &Branch, context: &Context, home: Option<&mut Home>) -> Tally {
        let Some(group) = branch.group else { return self.round(branch, context, home, 1) };
        if !self.has_work(branch) {
            return self.skip_all(branch, &Verdict::Passed, context.again);
        }
        // What has not begun by then does not, its hooks least of all.
        if self.interrupts.is_interrupted() {
            return Tally::default();
        }
        let mut context = context.clone();
        if let Some(limit) = group.timetrap {
            context.limit = self.limit(limit);
        }
        let [init, end] = [Moment::InitPerGroup, Moment::EndPerGroup].map(|moment| branch.hook_name(moment));
        let around = context.again;
        context.again = true;
        let mut total = Tally::default();
        for round in 1..=group.repeat.rounds {
            context.again = around || round < group.repeat.rounds;
            if group.repeat.rounds > 1 {
                context.round = Some((round, group.repeat.rounds));
            }
            let tally = self.holding((group.weight, branch, &init), &context, |context| {
                self.between(
                    [(branch.init, &init), (branch.end, &end)],
                    context,
                    |context, home| self.round(branch, context, home, round),
                    |why| self.skip_all(branch, why, context.again),
                )
            });
            total.add(tally);
            let met = group.repeat.until.is_some_and(|until| tally.meets(until));
            if tally.stop || met || context.crashed().is_some() || self.interrupts.is_interrupted() {
                break;
            }
        }
        if context.again && !around && !self.interrupts.is_interrupted() {
            let mut tests = 0;
            branch.each(&mut |test| {
                tests += 1;
                self.teller.knows(test.path());
            });
            self.tell(&Event::Over { tests });
        }
        total
    }

    /// One round: tests start in their order as there is room for them, and nested groups when it is their turn.
    fn round(&self, branch: &Branch, context: &Context, mut home: Option<&mut Home>, round: u32) -> Tally {
        let mut context = context.clone();
        if branch.init_case.is_some() || branch.end_case.is_some() {
            context.hooks.push((branch.init_case, branch.end_case));
        }
        let (context, room) = (&context, context.room.as_ref());
        let tally = Mutex::new(Tally::default());
        let count = |verdict: &Verdict| tally.lock().unwrap_or_else(PoisonError::into_inner).count(verdict);
        thread::scope(|threads| {
            let mut broken: Broken = None;
            for item in self.order(branch, round) {
                let mut lost = || {
                    let crash = home.as_mut().and_then(|home| home.crash());
                    let told = crash.map(|crash| self.hook_failed(&branch.init_name(), *crash));
                    if told.is_some() {
                        tally.lock().unwrap_or_else(PoisonError::into_inner).failed += 1;
                    }
                    told.or_else(|| context.crashed())
                };
                broken = broken.or_else(&mut lost);
                match item {
                    Item::Test(test) => {
                        let is_ignored = self.is_ignored(test);
                        let name = test.path();
                        let waits = &mut self.waits(&name, What::Test);
                        let may_run = broken.is_none() && !is_ignored;
                        let slots = if may_run { self.gate.take(room, weight(test), waits) } else { None };
                        // It may have waited for long.
                        broken = broken.or_else(lost);
                        if is_ignored {
                            count(&self.skip(test, &Verdict::ignored(test), context.again));
                        } else if let Some(why) = &broken {
                            count(&self.skip(test, why, context.again));
                        } else if let Some(slots) = slots {
                            // Whoever comes next would wait for it anyway.
                            let alone = branch.is_sequence() || slots.are_all();
                            // Not the thread's own: where there can be none, they are held all the same.
                            let slots = Arc::new(Mutex::new(Some(slots)));
                            let run = {
                                let slots = Arc::clone(&slots);
                                move || {
                                    let verdict = self.test(test, context);
                                    drop(slots.lock().unwrap_or_else(PoisonError::into_inner).take());
                                    count(&verdict);
                                    verdict
                                }
                            };
                            let on_its_own = || thread::Builder::new().spawn_scoped(threads, run.clone()).is_ok();
                            if alone || !on_its_own() {
                                // Behind an interrupt nothing begins anyway.
                                let breaks = run().fails() && branch.is_sequence() && !self.interrupts.is_interrupted();
                                broken = breaks.then(|| Verdict::broken(&test.path())).or(broken);
                            }
                        }
                    }
                    Item::Group(inner) => {
                        let nested = match &broken {
                            Some(why) => self.skip_all(inner, why, context.again),
                            None => self.branch(inner, context, None),
                        };
                        tally.lock().unwrap_or_else(PoisonError::into_inner).count_group(nested);
                        let breaks = branch.is_sequence() && nested.failed > 0 && !self.interrupts.is_interrupted();
                        if breaks && broken.is_none() {
                            broken = Some(Verdict::broken(inner.name()));
                        }
                    }
                }
            }
        });
        tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn order<'a>(&self, branch: &'a Branch, round: u32) -> Vec<&'a Item> {
        let mut items: Vec<&Item> = branch.items.iter().collect();
        // Who shuffles a whole run does not mean what depends on its order.
        if self.options.shuffle && !branch.is_sequence() || branch.group.is_some_and(|group| group.shuffle) {
            let own = branch.group.and_then(|group| group.seed).filter(|_| !self.options.seeded);
            shuffle::shuffle(&mut items, own.unwrap_or(self.options.seed), branch.name(), round);
        }
        items
    }

    /// All rounds of a test; the last verdict that fails, or the last one.
    fn test(&self, test: &'static Test, context: &Context) -> Verdict {
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
            self.teller.knows(test.path());
            if !context.again {
                self.tell(&Event::Over { tests: 1 });
            }
        }
        total
    }

    /// One round of a test: tried again while it may be. Whether there is no further round: after the last one, where a
    /// hook before it did not pass, or where that is what a condition says.
    fn attempts(&self, test: &'static Test, context: &Context, round: u32) -> (Verdict, bool) {
        let name = test.path();
        let mut retries = Retries::of(test);
        let mut earlier: Vec<Earlier> = Vec::new();
        for attempt in 1.. {
            let begun = |scope: &crate::scope::Scope| {
                let (since, scope, homes) = (Instant::now(), scope.clone(), context.homes.clone());
                let running = Arc::new(Running { name: name.clone(), what: What::Test, since, scope, homes });
                self.teller.knows(name.clone());
                self.tell(&Event::Started { running: &running, attempt });
            };
            let limit = test.timetrap.map_or(context.limit, |limit| self.limit(limit));
            let Context { given, hooks, homes, .. } = context.clone();
            let around = case::Around { given, hooks, limit, homes };
            let mut ended = case::run(test, &around, self.show(&name), &self.interrupts, begun);
            let in_vain = context.crashed().is_some() || self.interrupts.is_interrupted();
            if !in_vain && retries.take(test, &ended).is_some() {
                earlier.push(report::earlier(test, &ended));
                // It is told with the last one, if at all.
                let _ = fault::let_go(ended.fault.take());
                continue;
            }
            let stop = matches!(ended.fault, Some(Fault::Init(..)));
            let mut verdict = self.judge(test, &mut ended);
            let mut cause = match verdict.fails() {
                true => Some(report::last_cause_of(test, &ended)),
                false => (!verdict.is_ok()).then(|| report::cause_of(test, &ended)),
            };
            if let (Verdict::Skipped { why, by_failure: false }, Some(failed)) = (&verdict, earlier.last()) {
                // Which makes up for nothing that failed before.
                ended.comments.push(format!("attempt {attempt} was skipped: {why}"));
                (verdict, cause) = (failed.verdict.clone(), Some(failed.cause.clone()));
            }
            let first_cause = earlier.first().map(Earlier::text);
            let verdict = if verdict == Verdict::Passed && attempt > 1 { Verdict::Flaky { attempt } } else { verdict };
            let mut tally = Tally::default();
            tally.count(&verdict);
            let met = test.repeat.until.is_some_and(|until| tally.meets(until));
            let in_vain = context.crashed().is_some() || self.interrupts.is_interrupted();
            let is_last = stop || met || in_vain || round == test.repeat.rounds;
            let (round, rounds) = match (test.repeat.rounds, context.round) {
                (1, Some(of_group)) => of_group,
                (rounds, _) => (round, rounds),
            };
            let Ended { fault, took, peers, console, mut comments, directory, abandoned } = ended;
            comments.extend(fault::let_go(fault));
            let finished = Finished {
                took,
                attempt,
                round,
                rounds,
                is_last: is_last && !context.again,
                peers,
                console,
                comments,
                directory,
                abandoned,
                earlier,
                ..Finished::new(&name, What::Test, verdict.clone(), cause.or(first_cause))
            };
            self.finished(finished);
            return (verdict, is_last);
        }
        unreachable!("there are fewer attempts than numbers")
    }

    /// The verdict on one attempt. A hook before the test that failed is told as itself, with all that there was then.
    fn judge(&self, test: &Test, ended: &mut Ended) -> Verdict {
        match &ended.fault {
            fault if test.passes(fault.as_ref()) => Verdict::Passed,
            Some(Fault::Init(name, fault)) => {
                let verdict = Verdict::of(fault);
                if matches!(verdict, Verdict::Skipped { .. }) {
                    return verdict;
                }
                let cause = report::hook_cause(name, fault);
                self.finished(Finished {
                    took: ended.took,
                    peers: std::mem::take(&mut ended.peers),
                    console: std::mem::take(&mut ended.console),
                    comments: std::mem::take(&mut ended.comments),
                    directory: ended.directory.take(),
                    abandoned: std::mem::take(&mut ended.abandoned),
                    ..Finished::new(name, What::Hook, verdict, Some(cause))
                });
                Verdict::below(name)
            }
            Some(fault) => Verdict::of(fault),
            None => Verdict::Failed,
        }
    }

    /// Tells of a test that it was skipped; `again` if a group around it may have another round.
    pub(super) fn skip(&self, test: &Test, why: &Verdict, again: bool) -> Verdict {
        self.finished(Finished { is_last: !again, ..Finished::new(&test.path(), What::Test, why.clone(), None) });
        why.clone()
    }

    /// Whether anything in a group would run: hooks around nothing do not.
    pub(super) fn has_work(&self, branch: &Branch) -> bool {
        let mut has_work = false;
        branch.each(&mut |test| has_work |= !self.is_ignored(test));
        has_work
    }

    /// Tells of everything in a group that it was skipped; `again` if a group around it may have another round.
    pub(super) fn skip_all(&self, branch: &Branch, why: &Verdict, again: bool) -> Tally {
        let mut tally = Tally::default();
        branch.each(&mut |test| {
            let verdict = if self.is_ignored(test) { Verdict::ignored(test) } else { why.clone() };
            tally.count(&self.skip(test, &verdict, again));
        });
        tally
    }
}

#[cfg(test)]
mod tests;
