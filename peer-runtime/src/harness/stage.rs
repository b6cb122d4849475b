//! A thread with a runtime of its own, in a scope: where tests and hooks run, under a time limit, and can be given up.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::fault::{self, Fault, panicked};
use super::given::Value;
use super::interrupt::Interrupts;
use super::patience::Patience;
use super::runtime::{Kind, runtime};
use super::tests::Flavor;
use crate::io_thread;
use crate::origin::Snapshot;
use crate::scope::{Scope, Show};
use crate::timeouts::{self, BLOCKED_INTERRUPTED, BLOCKED_TEST, Deadline, STOPPED_TEST};

/// What a job comes to.
pub(super) type Outcome = Result<Option<Value>, Fault>;
/// What a job does; made on the thread that runs it.
pub(super) type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Outcome>>> + Send>;

/// What the waiting thread hears.
enum Event {
    Crashed(String),
    /// The job of this number.
    Done(u64, Outcome, Seen),
    Interrupted,
    Released,
}

struct Job {
    number: u64,
    work: Work,
    stop: Arc<Notify>,
    /// There is no other one behind it.
    last: bool,
}

struct Manner {
    last: bool,
    interruptible: bool,
}

/// What a scope has, as it was at one time.
#[derive(Default)]
struct Seen {
    peers: Vec<Snapshot>,
    /// At which barriers it waited itself, and for how long.
    barriers: Vec<String>,
}

impl Seen {
    fn of(scope: &Scope) -> Self {
        Self { peers: scope.peers(), barriers: scope.own_waits() }
    }
}

/// See the module.
pub(super) struct Stage {
    scope: Scope,
    jobs: Option<mpsc::Sender<Job>>,
    inbox: mpsc::Receiver<Event>,
    /// Ends the job that was last, if it has not ended.
    stop: Arc<Notify>,
    /// A linked peer of its scope went down while nobody waited.
    crashed: Option<String>,
    /// A linked peer of its scope went down, at any time.
    has_crashed: Arc<AtomicBool>,
    /// Its thread has let go of everything.
    released: bool,
    /// The last job was not waited for until its end.
    given_up: bool,
    /// Until when it is waited for, if somebody has done so.
    settles: Option<Deadline>,
    /// That of the last job.
    number: u64,
    /// Its scope, as it was when the last job ended or was given up.
    seen: Seen,
    /// Why there is no thread.
    missing: Option<std::io::Error>,
    interrupts: Interrupts,
    _told: super::interrupt::Subscription,
}

impl Stage {
    /// A stage of that name, with a scope of its own, whose output is printed at once where there is a `show`.
    pub(super) fn new(name: &str, kind: Kind, show: Option<Show>, interrupts: &Interrupts) -> Self {
        let (events, inbox) = mpsc::channel();
        let has_crashed = Arc::new(AtomicBool::new(false));
        let listener = {
            let (events, has_crashed) = (events.clone(), Arc::clone(&has_crashed));
            move |report| {
                has_crashed.store(true, Ordering::Relaxed);
                // A stage that has ended is told nothing any more.
                drop(events.send(Event::Crashed(report)));
            }
        };
        let scope = Scope::of_test(name.to_owned(), show, Arc::new(listener));
        Self { has_crashed, ..Self::within(name, kind, scope, (events, inbox), interrupts) }
    }

    /// A stage in the scope of another one, which hears what happens in it.
    pub(super) fn beside(other: &Self, name: &str, kind: Kind, interrupts: &Interrupts) -> Self {
        Self::within(name, kind, other.scope.clone(), mpsc::channel(), interrupts)
    }

    fn within(
        name: &str,
        kind: Kind,
        scope: Scope,
        (events, inbox): (mpsc::Sender<Event>, mpsc::Receiver<Event>),
        interrupts: &Interrupts,
    ) -> Self {
        let (jobs, queue) = mpsc::channel();
        let subscription = {
            let events = events.clone();
            // A stage that has gone has nothing to end.
            interrupts.subscribe(move || drop(events.send(Event::Interrupted)))
        };
        let body = {
            let scope = scope.clone();
            move || on_own_thread(kind, &scope, &queue, &events)
        };
        let missing = thread::Builder::new().name(name.to_owned()).spawn(body).err();
        let stop = Arc::new(Notify::new());
        Self {
            scope,
            jobs: Some(jobs),
            inbox,
            stop,
            crashed: None,
            has_crashed: Arc::default(),
            released: false,
            given_up: false,
            settles: None,
            number: 0,
            seen: Seen::default(),
            missing,
            interrupts: interrupts.clone(),
            _told: subscription,
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Becomes true when a linked peer of its scope goes down.
    pub(super) fn has_crashed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_crashed)
    }

    /// Does some work, for at most `limit`; a linked peer that goes down ends it as well, and an interrupt.
    pub(super) fn run(&mut self, limit: Duration, work: Work) -> Outcome {
        self.run_job(limit, work, Manner { last: false, interruptible: true })
    }

    /// The same, once: nothing is run here any more.
    pub(super) fn run_last(&mut self, limit: Duration, work: Work) -> Outcome {
        self.run_job(limit, work, Manner { last: true, interruptible: true })
    }

    /// The same of what cleans up, which an interrupt does not end.
    pub(super) fn clean_up(&mut self, limit: Duration, work: Work) -> Outcome {
        self.run_job(limit, work, Manner { last: false, interruptible: false })
    }

    fn run_job(&mut self, limit: Duration, work: Work, manner: Manner) -> Outcome {
        let Manner { last, interruptible } = manner;
        if let Some(error) = self.missing.take() {
            // Nobody waits for it any more.
            self.jobs = None;
            return Err(Fault::NotRun(error));
        }
        self.look();
        if let Some(report) = self.crashed.take() {
            return Err(Fault::Crashed(report));
        }
        if interruptible && self.interrupts.is_interrupted() {
            return Err(Fault::Interrupted);
        }
        self.stop = Arc::new(Notify::new());
        let patience = Patience::new(limit, interruptible, &self.interrupts);
        self.number += 1;
        let job = Job { number: self.number, work, stop: Arc::clone(&self.stop), last };
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        let ended = if sent { self.wait(patience) } else { Err(Fault::NotRun(gone())) };
        (self.given_up, self.settles) = (ended.is_err(), None);
        // Before a job that is given up lets go of its calls.
        let (outcome, seen) = ended.unwrap_or_else(|fault| (Err(fault), Seen::of(&self.scope)));
        self.seen = seen;
        if outcome.is_err() {
            self.stop.notify_one();
        }
        outcome
    }

    /// What the job came to, and its scope as it was then; the error is why that is not waited for.
    fn wait(&self, mut patience: Patience) -> Result<(Outcome, Seen), Fault> {
        loop {
            match self.inbox.recv_timeout(patience.deadline.left()) {
                Ok(Event::Crashed(report)) => return Err(Fault::Crashed(report)),
                Ok(Event::Done(number, outcome, seen)) if number == self.number => return Ok((outcome, seen)),
                // Of one that was given up.
                Ok(Event::Done(_, outcome, _)) => drop(fault::drop_beside(outcome)),
                Ok(Event::Interrupted) if patience.interruptible => return Err(Fault::Interrupted),
                Ok(Event::Interrupted) => patience.look(&self.interrupts),
                Ok(Event::Released) => return Err(Fault::NotRun(gone())),
                Err(_) => return Err(patience.lost()),
            }
        }
    }

    /// Takes note of what happened while nobody waited.
    fn look(&mut self) {
        while let Ok(event) = self.inbox.try_recv() {
            self.note(event);
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Crashed(report) => drop(self.crashed.get_or_insert(report)),
            Event::Released => (self.released, self.given_up) = (true, false),
            Event::Done(number, outcome, _) => {
                self.given_up &= number != self.number;
                fault::drop_beside(outcome);
            }
            Event::Interrupted => {}
        }
    }

    /// Waits, for a short time and once, until what the last job owned is dropped, if that one was given up. Whether its thread is free.
    pub(super) fn settle(&mut self) -> bool {
        let deadline = *self.settles.get_or_insert_with(|| Deadline::after(STOPPED_TEST));
        while self.given_up
            && let Ok(event) = self.inbox.recv_timeout(deadline.left())
        {
            self.note(event);
        }
        !self.given_up
    }

    /// The peers of its scope, as they were when the last job ended or was given up.
    pub(super) fn peers(&mut self) -> Vec<Snapshot> {
        std::mem::take(&mut self.seen.peers)
    }

    /// At which barriers the last job waited when it ended or was given up, and for how long.
    pub(super) fn barriers(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen.barriers)
    }

    /// What took a linked peer of its scope down while nobody waited.
    pub(super) fn crash(&mut self) -> Option<String> {
        self.look();
        self.crashed.take()
    }

    /// Ends its scope; an interrupt leaves what that ends little time.
    pub(super) fn end_scope(&self, why: &str) {
        io_thread::handle().block_on(self.scope.end_before(why, self.interrupts.no_time_left()));
    }

    /// Lets go of the runtime, and waits until its thread has, since the end of its scope; what happens meanwhile counts. How
    /// long after that it was given up, if it has not.
    pub(super) fn leave(&mut self, end: Instant, fault: &mut Option<Fault>) -> Option<Duration> {
        self.stop.notify_one();
        if self.jobs.take().is_none() || self.missing.is_some() {
            return None;
        }
        let mut limit = if self.interrupts.is_interrupted() { BLOCKED_INTERRUPTED } else { BLOCKED_TEST };
        while !self.released
            && let Ok(event) = self.inbox.recv_timeout(limit.saturating_sub(end.elapsed()))
        {
            if matches!(event, Event::Interrupted) {
                limit = limit.min(timeouts::whole_tenths(end.elapsed()) + BLOCKED_INTERRUPTED);
            }
            self.note(event);
        }
        // Behind its release is what its peers came to while they were ended.
        *fault = fault.take().or(self.crash().map(Fault::Crashed));
        (!self.released).then_some(limit)
    }
}

fn gone() -> std::io::Error {
    std::io::Error::other("its thread has ended")
}

/// The thread: its runtime, and one job after the other.
fn on_own_thread(kind: Kind, scope: &Scope, queue: &mpsc::Receiver<Job>, events: &mpsc::Sender<Event>) {
    scope.enter_for_good();
    let own = scope.clone();
    match runtime(kind, move || own.enter_for_good()) {
        Ok(runtime) => {
            while let Ok(Job { number, work, stop, last }) = queue.recv() {
                let mut stopped = false;
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    runtime.block_on(async {
                        let mut work = work();
                        let work = poll_fn(|context| __rust_begin_short_backtrace(|| work.as_mut().poll(context)));
                        tokio::select! {
                            outcome = work => outcome,
                            // Nobody asks for the outcome any more.
                            () = stop.notified() => {
                                stopped = true;
                                Ok(None)
                            }
                        }
                    })
                }));
                // On this thread, which is the one that panicked.
                let outcome = outcome.unwrap_or_else(|payload: Box<dyn Any + Send>| Err(panicked(payload)));
                // Who asked for it may have given it up, here and below. What its tasks wait for goes with the runtime.
                let _ = events.send(Event::Done(number, outcome, Seen::of(scope)));
                // Without a thread of its own nothing in this runtime goes on, so that it can go while the scope ends. What
                // was stopped lets go of its peers first.
                if last && !stopped && kind.flavor == Flavor::CurrentThread {
                    break;
                }
            }
            drop(runtime);
        }
        Err(error) => {
            if let Ok(Job { number, .. }) = queue.recv() {
                let _ = events.send(Event::Done(number, Err(Fault::NotRun(error)), Seen::default()));
            }
        }
    }
    let _ = events.send(Event::Released);
}

/// The standard library leaves out of a backtrace what is beyond a function of this name.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(act: impl FnOnce() -> T) -> T {
    let result = act();
    // Not a tail call, so that the frame is there.
    std::hint::black_box(());
    result
}
