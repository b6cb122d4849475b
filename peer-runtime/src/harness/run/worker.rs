//! A thread with a runtime and a scope, where tests and hooks run under a time limit and can be abandoned.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::cancel::{Cancel, Subscription};
use crate::harness::declare::{BodyError, Flavor, RuntimeSpec, Value};
use crate::harness::outcome::{Fault, PanicFault};
use crate::io_thread;
use crate::origin::Snapshot;
use crate::panic::{self, Skip};
use crate::scope::{self, Scope, Show};
use crate::timeouts::{self, BLOCKED_INTERRUPTED, BLOCKED_TEST, Deadline, STOPPED_TEST};

/// What a job comes to.
pub(super) type JobResult = Result<Option<Value>, Fault>;
/// A job; it makes its future on the thread that runs it.
pub(super) type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = JobResult>>> + Send>;

/// What an interrupt does to a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnInterrupt {
    /// Abandons it.
    Abandon,
    /// Leaves it its share of the grace period, since it cleans up.
    Shorten,
}

/// What the waiting thread receives.
enum WorkerEvent {
    Crashed(String),
    /// The job with this number.
    Done(u64, JobResult, Seen),
    Interrupted,
    /// The thread has dropped its runtime and ends.
    Released,
}

struct Task {
    number: u64,
    job: Job,
    stop: Arc<Notify>,
    is_last: bool,
}

/// What a scope had when a job ended.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) peers: Vec<Snapshot>,
    /// At which barriers the test itself waited, and for how long.
    pub(super) barriers: Vec<String>,
}

impl Seen {
    pub(super) fn now(scope: &Scope) -> Self {
        Self { peers: scope.peers(), barriers: scope.barriers().waits_of_own_threads() }
    }
}

/// See the module.
pub(super) struct Worker {
    scope: Scope,
    tasks: Option<mpsc::Sender<Task>>,
    inbox: mpsc::Receiver<WorkerEvent>,
    /// Stops the newest job.
    stop: Arc<Notify>,
    /// A linked peer of the scope went down while no job was waited for; its report.
    crash: Option<String>,
    has_crashed: Arc<AtomicBool>,
    released: bool,
    /// The newest job was abandoned and has not ended since.
    is_busy: bool,
    /// Until when an abandoned job is waited for, once it is.
    settle_by: Option<Deadline>,
    number: u64,
    seen: Seen,
    /// Why there is no thread.
    missing: Option<String>,
    cancel: Cancel,
    _subscription: Subscription,
}

impl Worker {
    /// A worker with a scope of its own. `show` receives the output at once; otherwise the scope keeps it.
    pub(super) fn new(name: &str, spec: RuntimeSpec, show: Option<Show>, cancel: &Cancel) -> Self {
        let (events, inbox) = mpsc::channel();
        let has_crashed = Arc::new(AtomicBool::new(false));
        let listener = {
            let (events, has_crashed) = (events.clone(), Arc::clone(&has_crashed));
            move |report| {
                has_crashed.store(true, Ordering::Relaxed);
                let _ = events.send(WorkerEvent::Crashed(report)); // The worker may have ended.
            }
        };
        let scope = Scope::of_test(name.to_owned(), show, Arc::new(listener));
        Self { has_crashed, ..Self::within(name, spec, scope, (events, inbox), cancel) }
    }

    /// A worker in the scope of another one, which receives what happens in it.
    pub(super) fn beside(&self, name: &str) -> Self {
        let spec = RuntimeSpec { flavor: Flavor::CurrentThread, worker_threads: None };
        Self::within(name, spec, self.scope.clone(), mpsc::channel(), &self.cancel)
    }

    fn within(
        name: &str,
        spec: RuntimeSpec,
        scope: Scope,
        (events, inbox): (mpsc::Sender<WorkerEvent>, mpsc::Receiver<WorkerEvent>),
        cancel: &Cancel,
    ) -> Self {
        let (tasks, queue) = mpsc::channel();
        let subscription = {
            let events = events.clone();
            cancel.subscribe(move || drop(events.send(WorkerEvent::Interrupted))) // It may have ended.
        };
        let body = {
            let scope = scope.clone();
            move || run_tasks(spec, &scope, &queue, &events)
        };
        let missing = thread::Builder::new().name(name.to_owned()).spawn(body).err().map(|error| error.to_string());
        Self {
            scope,
            tasks: Some(tasks),
            inbox,
            stop: Arc::new(Notify::new()),
            crash: None,
            has_crashed: Arc::default(),
            released: false,
            is_busy: false,
            settle_by: None,
            number: 0,
            seen: Seen::default(),
            missing,
            cancel: cancel.clone(),
            _subscription: subscription,
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Becomes true when a linked peer of the scope goes down.
    pub(super) fn has_crashed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.has_crashed)
    }

    /// Runs a job for at most `limit`. A linked peer that goes down ends it earlier.
    pub(super) fn run(&mut self, limit: Duration, on_interrupt: OnInterrupt, job: Job) -> JobResult {
        self.run_task(limit, on_interrupt, job, false)
    }

    /// Runs the only job of this worker.
    pub(super) fn run_only(&mut self, limit: Duration, job: Job) -> JobResult {
        self.run_task(limit, OnInterrupt::Abandon, job, true)
    }

    fn run_task(&mut self, limit: Duration, on_interrupt: OnInterrupt, job: Job, is_last: bool) -> JobResult {
        if let Some(error) = self.missing.clone() {
            return Err(Fault::NotRun(error));
        }
        while let Ok(event) = self.inbox.try_recv() {
            self.note(event);
        }
        if let Some(report) = self.crash.take() {
            return Err(Fault::Crashed(report));
        }
        if on_interrupt == OnInterrupt::Abandon && self.cancel.is_interrupted() {
            return Err(Fault::Interrupted);
        }
        self.stop = Arc::new(Notify::new());
        self.number += 1;
        let task = Task { number: self.number, job, stop: Arc::clone(&self.stop), is_last };
        let is_sent = self.tasks.as_ref().is_some_and(|tasks| tasks.send(task).is_ok());
        let ended = if is_sent { self.wait(limit, on_interrupt) } else { Err(thread_ended()) };
        (self.is_busy, self.settle_by) = (ended.is_err() && !self.released, None);
        // Of an abandoned job before it drops its calls.
        let (result, seen) = ended.unwrap_or_else(|fault| (Err(fault), Seen::now(&self.scope)));
        self.seen = seen;
        if result.is_err() {
            self.stop.notify_one();
        }
        result
    }

    /// What the newest job came to; the error is why it is abandoned.
    fn wait(&mut self, limit: Duration, on_interrupt: OnInterrupt) -> Result<(JobResult, Seen), Fault> {
        let mut deadline = Deadline::after(limit);
        let mut expired = Fault::TimedOut(limit);
        loop {
            if let Some(grace) = self.cancel.cleanup_limit().filter(|grace| *grace < deadline.left())
                && matches!(expired, Fault::TimedOut(_))
            {
                (deadline, expired) = (Deadline::after(grace), Fault::GraceExpired(grace));
            }
            match self.inbox.recv_timeout(deadline.left()) {
                Ok(WorkerEvent::Crashed(report)) => return Err(Fault::Crashed(report)),
                Ok(WorkerEvent::Done(number, result, seen)) if number == self.number => return Ok((result, seen)),
                Ok(WorkerEvent::Interrupted) if on_interrupt == OnInterrupt::Abandon => return Err(Fault::Interrupted),
                Ok(WorkerEvent::Released) => {
                    self.note(WorkerEvent::Released);
                    return Err(thread_ended());
                }
                Ok(event) => self.note(event),
                Err(_) => return Err(expired),
            }
        }
    }

    fn note(&mut self, event: WorkerEvent) {
        match event {
            WorkerEvent::Crashed(report) => drop(self.crash.get_or_insert(report)),
            WorkerEvent::Released => (self.released, self.is_busy) = (true, false),
            WorkerEvent::Done(number, result, _) => {
                self.is_busy &= number != self.number;
                // Of an abandoned init: dropping a user's value here could block or panic, so it is leaked.
                std::mem::forget(result);
            }
            WorkerEvent::Interrupted => {}
        }
    }

    /// Waits a short time until an abandoned job has dropped what it owned. Whether the thread is free.
    pub(super) fn settle(&mut self) -> bool {
        let deadline = *self.settle_by.get_or_insert_with(|| Deadline::after(STOPPED_TEST));
        while self.is_busy
            && let Ok(event) = self.inbox.recv_timeout(deadline.left())
        {
            self.note(event);
        }
        !self.is_busy
    }

    /// What the scope had when the newest job ended.
    pub(super) fn take_seen(&mut self) -> Seen {
        std::mem::take(&mut self.seen)
    }

    /// The report of a linked peer that went down while no job was waited for.
    pub(super) fn take_crash(&mut self) -> Option<String> {
        while let Ok(event) = self.inbox.try_recv() {
            self.note(event);
        }
        self.crash.take()
    }

    /// Ends the scope: its peers stop as their policies say, or are killed when the grace period of an interrupt is over.
    pub(super) fn end_scope(&self, why: &str) {
        io_thread::handle().block_on(self.scope.end_before(why, self.cancel.grace_expired()));
    }

    /// Waits until the thread has ended, for some time after the scope ended at `since`. How long it was waited for if it
    /// still blocks.
    pub(super) fn join(&mut self, since: Instant) -> Option<Duration> {
        self.stop.notify_one();
        if self.tasks.take().is_none() || self.missing.is_some() {
            return None;
        }
        let mut limit = if self.cancel.is_interrupted() { BLOCKED_INTERRUPTED } else { BLOCKED_TEST };
        while !self.released
            && let Ok(event) = self.inbox.recv_timeout(limit.saturating_sub(since.elapsed()))
        {
            if matches!(event, WorkerEvent::Interrupted) {
                limit = limit.min(timeouts::whole_tenths(since.elapsed()) + BLOCKED_INTERRUPTED);
            }
            self.note(event);
        }
        (!self.released).then_some(limit)
    }
}

fn thread_ended() -> Fault {
    Fault::NotRun("its thread has ended".to_owned())
}

/// The thread: builds its runtime and runs one task after the other.
fn run_tasks(spec: RuntimeSpec, scope: &Scope, queue: &mpsc::Receiver<Task>, events: &mpsc::Sender<WorkerEvent>) {
    scope.enter_for_good();
    let _release = Release(events);
    let own = scope.clone();
    match spec.build(move || own.enter_for_good()) {
        Ok(runtime) => {
            while let Ok(Task { number, job, stop, is_last }) = queue.recv() {
                let mut stopped = false;
                let result = catch_unwind(AssertUnwindSafe(|| {
                    runtime.block_on(async {
                        let mut body = job();
                        let body = poll_fn(|context| __rust_begin_short_backtrace(|| body.as_mut().poll(context)));
                        tokio::select! {
                            result = body => result,
                            () = stop.notified() => {
                                stopped = true;
                                Ok(None)
                            }
                        }
                    })
                }));
                let result = result.unwrap_or_else(|payload| Err(panicked(payload)));
                // The receiver may have gone, here and below.
                let _ = events.send(WorkerEvent::Done(number, result, Seen::now(scope)));
                // A current-thread runtime runs nothing by itself any more, so it can be dropped while the scope ends. A
                // stopped job drops its peers first.
                if is_last && !stopped && spec.flavor == Flavor::CurrentThread {
                    break;
                }
            }
            drop(runtime);
        }
        Err(error) => {
            if let Ok(Task { number, .. }) = queue.recv() {
                let _ = events.send(WorkerEvent::Done(number, Err(Fault::NotRun(error.to_string())), Seen::default()));
            }
        }
    }
}

/// Says that the thread ends, also if tokio panics for want of threads.
struct Release<'a>(&'a mpsc::Sender<WorkerEvent>);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        let _ = self.0.send(WorkerEvent::Released); // A worker that gave up does not listen.
    }
}

/// What a caught panic is; on the thread that panicked.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let payload = match payload.downcast::<Skip>() {
        Ok(skip) => return Fault::Skipped(skip.0),
        Err(payload) => payload,
    };
    let message = panic::message(&*payload);
    if !payload.is::<&str>() && !payload.is::<String>() {
        // A user's type, whose drop may panic again: it is leaked.
        std::mem::forget(payload);
    }
    let recorded = scope::scope().and_then(|scope| scope.panics().find(&message)).map(Box::new);
    Fault::Panicked(PanicFault { message, recorded })
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Returned(error)
    }
}

/// The standard library leaves out of a backtrace what is beyond a function of this name.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(act: impl FnOnce() -> T) -> T {
    let result = act();
    // Not a tail call, so that the frame is there.
    std::hint::black_box(());
    result
}
