//! What a group, or the suite, owns for as long as it lasts: a scope and a worker in which its hooks run.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::cancel::Cancel;
use super::worker::{Job, OnInterrupt, Seen, Worker};
use crate::harness::declare::{Fixtures, Flavor, Hook, Inputs, Moment, RuntimeSpec};
use crate::harness::event::{EventSink, Note};
use crate::harness::outcome::{AttemptOutcome, Blocked, Fault, Peers};
use crate::scope::{Scope, Show};

/// Peers that an init started belong to it, so they live until its end.
pub(super) struct GroupScope {
    worker: Worker,
    /// Those of the suite and of the groups around it, whose peers its hooks may use.
    outer: Vec<Scope>,
    /// A hook that failed has reported the directory.
    has_reported_directory: bool,
}

impl GroupScope {
    pub(super) fn new(name: &str, show: Option<Show>, cancel: &Cancel, outer: &[Scope]) -> Self {
        let spec = RuntimeSpec { flavor: Flavor::MultiThread, worker_threads: None };
        let worker = Worker::new(name, spec, show, cancel);
        // Several tests may share its nodes, and these would wait for none of them.
        worker.scope().barriers().restrict_to_nodes();
        Self { worker, outer: outer.to_vec(), has_reported_directory: false }
    }

    pub(super) fn scope(&self) -> &Scope {
        self.worker.scope()
    }

    /// Becomes true when a linked peer of the group goes down.
    pub(super) fn has_crashed(&self) -> Arc<AtomicBool> {
        self.worker.has_crashed()
    }

    /// Runs a hook for at most `limit`: the fixtures from then on, or how it failed.
    pub(super) fn run_hook(
        &mut self,
        hook: &'static Hook,
        fixtures: &Fixtures,
        limit: Duration,
    ) -> Result<Fixtures, Box<AttemptOutcome>> {
        let since = Instant::now();
        let inputs = Inputs { fixtures: fixtures.clone(), ..Inputs::default() };
        let is_end = matches!(hook.moment, Moment::EndPerSuite | Moment::EndPerGroup);
        let on_interrupt = if is_end { OnInterrupt::Shorten } else { OnInterrupt::Abandon };
        let result = self.worker.run(limit, on_interrupt, hook_job(hook, inputs));
        let (took, seen) = (since.elapsed(), self.worker.take_seen());
        result.map(|value| fixtures.and(value)).map_err(|fault| self.failed(fault, took, seen))
    }

    /// Drops the fixtures where the hooks run. They are leaked if one of the hooks still blocks that thread.
    pub(super) fn drop_fixtures(&mut self, fixtures: Fixtures, limit: Duration) -> Result<(), Box<AttemptOutcome>> {
        if !self.worker.settle() {
            std::mem::forget(fixtures);
            return Ok(());
        }
        let since = Instant::now();
        let result = self.worker.run(limit, OnInterrupt::Shorten, drop_job(fixtures));
        let (took, seen) = (since.elapsed(), self.worker.take_seen());
        result.map(drop).map_err(|fault| self.failed(Fault::Drop(Box::new(fault)), took, seen))
    }

    /// The failure, if a linked peer went down while no hook ran.
    pub(super) fn crash(&mut self) -> Option<Box<AttemptOutcome>> {
        let report = self.worker.take_crash()?;
        let seen = Seen::now(self.scope());
        Some(self.failed(Fault::Crashed(report), Duration::ZERO, seen))
    }

    fn failed(&mut self, fault: Fault, took: Duration, seen: Seen) -> Box<AttemptOutcome> {
        let scope = self.scope().clone();
        scope.panics().remove(fault.recorded_panic());
        let directory = if fault.is_skip() { None } else { scope.directory() };
        self.has_reported_directory |= directory.is_some();
        let of_groups = self.outer.iter().flat_map(Scope::peers).collect();
        Box::new(AttemptOutcome {
            took,
            peers: Peers { own: seen.peers, barriers: seen.barriers, of_groups },
            output: scope.output(&self.outer, false),
            comments: scope.comments(),
            directory,
            fault: Some(fault),
            ..AttemptOutcome::default()
        })
    }

    /// Ends all that the group owns. Its directory is kept unless everything in it `passed`. A thread that still blocks
    /// belongs to the hook that `failed`, if there is one. Notes go to `sink` in the name of `owner`.
    pub(super) fn end(mut self, passed: bool, failed: Option<&mut AttemptOutcome>, (sink, owner): (&EventSink, &str)) {
        let scope = self.scope().clone();
        self.worker.end_scope("its group has ended");
        let blocked = self.worker.join(Instant::now()).map(|after| Blocked { hook: None, after });
        for leak in scope.leaks() {
            sink.note(owner, Note::Leaked(leak));
        }
        match (failed, blocked) {
            (Some(failed), blocked) => failed.blocked.extend(blocked),
            (None, Some(blocked)) => sink.note(owner, Note::Blocked(blocked)),
            (None, None) => {}
        }
        // No test reports what panicked in the background.
        let panics = scope.output(&[], true).into_iter().filter(|line| line.node.is_empty() && !passed);
        panics.for_each(|line| sink.note(owner, Note::Panicked(line.text)));
        match scope.clear(passed) {
            Ok(Some(directory)) if !self.has_reported_directory => sink.note(owner, Note::DirectoryKept(directory)),
            Ok(_) => {}
            Err(error) => sink.note(owner, Note::DirectoryNotRemoved(error.to_string())),
        }
        scope.forget_peers();
    }
}

/// Runs a hook.
pub(super) fn hook_job(hook: &'static Hook, inputs: Inputs) -> Job {
    Box::new(move || Box::pin(async move { (hook.run)(inputs).await.map_err(Fault::from) }))
}

/// Drops fixtures, which may want a runtime and may panic.
pub(super) fn drop_job(fixtures: Fixtures) -> Job {
    Box::new(move || {
        Box::pin(async move {
            drop(fixtures);
            Ok(None)
        })
    })
}
