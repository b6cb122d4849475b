//! What a group, or the suite, owns for as long as it lasts: a scope and a runtime, in which its hooks run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::event::Peers;
use super::fault::{Fault, blocked, panic_of};
use super::given::{Given, Parts};
use super::groups::{Hook, Moment};
use super::interrupt::Interrupts;
use super::runtime;
use super::stage::{Outcome, Stage, Work};
use super::tests::Flavor;
use super::verdict::TestStatus;
use crate::origin::Snapshot;
use crate::scope::{Line, Nodes, Scope, Show};

/// Peers that an init started belong to it, so that they live until its end.
pub(super) struct Home {
    stage: Stage,
    /// What suite and groups around it own, which its hooks may use.
    outer: Vec<Scope>,
    /// A hook that failed was told with its directory.
    says_directory: bool,
}

/// A hook that did not pass, and what its scope had then.
pub(super) struct Failed {
    pub(super) fault: Fault,
    pub(super) took: Duration,
    pub(super) peers: Peers,
    pub(super) console: Vec<Line>,
    pub(super) comments: Vec<String>,
    /// The directory of its scope, if it had one: it is kept then.
    pub(super) directory: Option<PathBuf>,
    /// What is told of its thread if that is still blocked behind the end of all.
    pub(super) abandoned: Vec<String>,
}

impl Home {
    pub(super) fn new(name: &str, show: Option<Show>, interrupts: &Interrupts, outer: &[Scope]) -> Self {
        let kind = runtime::Kind { flavor: Flavor::MultiThread, worker_threads: None };
        let stage = Stage::new(name, kind, show, interrupts);
        // Several tests may share its nodes: none of them is the one that these would wait for.
        stage.scope().restrict_barriers_to_nodes();
        Self { stage, outer: outer.to_vec(), says_directory: false }
    }

    pub(super) fn scope(&self) -> &Scope {
        self.stage.scope()
    }

    /// Runs a hook for at most `limit`; what it gives, or why not.
    pub(super) fn run(&mut self, hook: &'static Hook, given: &Given, limit: Duration) -> Result<Given, Box<Failed>> {
        let since = Instant::now();
        let parts = Parts { nodes: Nodes::new(Vec::new()), given: given.clone(), status: TestStatus::Passed };
        let work: Work = Box::new(move || Box::pin((hook.run)(parts)));
        let is_end = matches!(hook.moment, Moment::EndPerSuite | Moment::EndPerGroup);
        let outcome: Outcome = if is_end { self.stage.clean_up(limit, work) } else { self.stage.run(limit, work) };
        let (took, own, barriers) = (since.elapsed(), self.stage.peers(), self.stage.barriers());
        let peers = Peers { barriers, ..self.peers(own) };
        outcome.map(|value| given.and(value)).map_err(|fault| self.failed(fault, took, peers))
    }

    /// Lets go of what it gave, where its hooks run; why that was in vain. If one of them blocks the thread there, nobody does it.
    pub(super) fn let_go(&mut self, given: Given, limit: Duration) -> Result<(), Box<Failed>> {
        if !self.stage.settle() {
            std::mem::forget(given);
            return Ok(());
        }
        let since = Instant::now();
        let outcome = self.stage.clean_up(limit, given.dropped());
        let (took, own) = (since.elapsed(), self.stage.peers());
        let peers = self.peers(own);
        outcome.map(drop).map_err(|fault| self.failed(Fault::Drop(Box::new(fault)), took, peers))
    }

    /// What took one of its linked peers down since somebody last asked.
    pub(super) fn crash(&mut self) -> Option<Box<Failed>> {
        let report = self.stage.crash()?;
        // As they are now: when its last hook ended, nothing had crashed.
        let peers = self.peers(self.scope().peers());
        Some(self.failed(Fault::Crashed(report), Duration::ZERO, peers))
    }

    /// Becomes true when a linked peer of it goes down.
    pub(super) fn crashed(&self) -> Arc<AtomicBool> {
        self.stage.has_crashed()
    }

    fn peers(&self, own: Vec<Snapshot>) -> Peers {
        Peers { own, barriers: Vec::new(), of_groups: self.outer.iter().flat_map(Scope::peers).collect() }
    }

    fn failed(&mut self, fault: Fault, took: Duration, peers: Peers) -> Box<Failed> {
        let scope = self.scope().clone();
        scope.tells(panic_of(Some(&fault)));
        let (console, comments) = (scope.output(&self.outer, false), scope.comments());
        let directory = if fault.is_skip() { None } else { scope.directory() };
        self.says_directory |= directory.is_some();
        Box::new(Failed { fault, took, peers, console, comments, directory, abandoned: Vec::new() })
    }

    /// Ends all that it owns; its directory is kept unless everything in it `passed`. What is to be told: the processes that
    /// its peers left behind, and where the directory is, if no hook has said that. A thread that is still blocked is told
    /// with the hook that `failed` last, if there is one.
    pub(super) fn end(mut self, passed: bool, failed: Option<&mut Failed>) -> Vec<String> {
        let scope = self.stage.scope().clone();
        self.stage.end_scope("its group has ended");
        let whose = if failed.is_some() { "its thread" } else { "the thread of its hooks" };
        let abandoned = self.stage.leave(Instant::now(), &mut None).map(|after| blocked(whose, after));
        let mut told: Vec<String> = scope.leaks().iter().map(ToString::to_string).collect();
        match failed {
            Some(failed) => failed.abandoned.extend(abandoned),
            None => told.extend(abandoned),
        }
        // What goes on in its background belongs to no test.
        let panics = scope.output(&[], true).into_iter().filter(|line| line.node.is_empty());
        told.extend(panics.filter(|_| !passed).map(|line| line.text));
        let directory = super::leaks::kept_directory(&scope, passed).filter(|_| !self.says_directory);
        told.extend(directory.map(|directory| format!("directory: {}", directory.display())));
        scope.forget_peers();
        told
    }
}
