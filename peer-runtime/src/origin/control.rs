//! The control process of one peer: from the spawned process to its last trace.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::connection::{ConnectionContext, ConnectionEvent};
use super::describe::{command_line, describe};
use super::faults::KILLED as KILLED_HERE;
use super::heartbeat::beat;
use super::leaks;
use super::readiness::Readiness;
use super::shared::{End, How, PeerShared};
use crate::error::{BootFailure, BootPhase, Error};
use crate::link::tcp::Listener;
use crate::name::Reservation;
use crate::options::{BootNotify, PeerDown, Shutdown};
use crate::owner::PeerEvent;
use crate::process::{Process, Spawned};
use crate::state::{PeerState, Reason};
use crate::timeouts::{BOOT, Deadline, EXIT_AFTER_LINK, KILLED, display};
use crate::wire::message::{self, BootSpec, Connect, ToPeer};

pub(super) enum BootWaiter {
    Start { sender: oneshot::Sender<Result<(), Error>>, timeout: Duration },
    Notify(BootNotify),
}

impl BootWaiter {
    fn timeout(&self) -> Duration {
        match self {
            Self::Start { timeout, .. } => *timeout,
            Self::Notify(_) => BOOT,
        }
    }

    fn send(self, name: &str, outcome: Result<String, Error>) {
        match self {
            // Fails if the start was dropped, and the peer with it.
            Self::Start { sender, .. } => drop(sender.send(outcome.map(drop))),
            Self::Notify(notify) => notify.send(name, outcome),
        }
    }
}

pub(super) struct New {
    pub(super) shared: Arc<PeerShared>,
    pub(super) ends: mpsc::UnboundedReceiver<End>,
    pub(super) spawned: Spawned,
    pub(super) listener: Option<Listener>,
    pub(super) reservation: Reservation,
    pub(super) spec: BootSpec,
    /// The first frame.
    pub(super) boot: Vec<u8>,
    pub(super) waiter: Option<BootWaiter>,
    pub(super) begun: Instant,
    /// Of a program that is no node.
    pub(super) readiness: Option<Arc<Readiness>>,
}

enum Cause {
    Exited(Reason),
    /// The connection ended; with a reason if the peer broke the protocol, or the origin failed.
    Link(Option<Reason>),
    Silent,
    BootTimeout,
    /// [`Peer::kill`](crate::Peer::kill).
    Killed,
    Asked(End),
}

struct Ended {
    reason: Reason,
    /// Answers the `stop` that waits for this.
    done: Option<oneshot::Sender<()>>,
    /// It ended by itself, so it could have ended its children before.
    orderly: bool,
}

impl Ended {
    fn by_itself(reason: Reason) -> Self {
        let orderly = matches!(reason, Reason::Exited(_));
        Self { reason, done: None, orderly }
    }
}

struct Control {
    shared: Arc<PeerShared>,
    process: Arc<Process>,
    waiter: Option<BootWaiter>,
    begun: Instant,
    readiness: Option<Arc<Readiness>>,
}

/// Whether `PEER_BOOT_DEBUG` asks for every step of a boot.
pub(super) fn debugging() -> bool {
    std::env::var_os("PEER_BOOT_DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

pub(super) fn spawn(new: New) {
    tokio::spawn(run(new));
}

async fn run(new: New) {
    let New { shared, mut ends, spawned, listener, reservation, spec, boot, waiter, begun, readiness } = new;
    let Spawned { process, stdin, frames, console } = spawned;
    let heard = Arc::new(AtomicBool::new(true));
    let mut control = Control { shared: Arc::clone(&shared), process, waiter, begun, readiness };
    control.step(&format!("spawned as os pid {}", shared.os_pid()));
    let (events, mut inbox) = mpsc::unbounded_channel();
    let (ended, ending) = watch::channel(false);
    let heartbeat = matches!(spec.connect, Connect::Tcp { heartbeat: true, .. });
    let context = ConnectionContext {
        shared: Arc::clone(&shared),
        token: spec.token,
        events: events.clone(),
        heard: Arc::clone(&heard),
        ending,
    };
    // As long as the peer is there, queued frames are sent, calls time out, and heartbeats run.
    let upkeep = tokio::spawn(async move {
        tokio::join!(shared.outbox.drive(), shared.calls.expire(), beat(&shared, heartbeat, &heard, &events));
    });
    let mut tasks = Vec::new();
    let attached = match &control.readiness {
        Some(readiness) => readiness.attach(context, stdin, console, &mut tasks),
        None => context.attach(stdin, frames, console, listener, &boot, &mut tasks),
    };
    let cause = match attached {
        Ok(()) => control.watch(&mut inbox, &mut ends).await,
        Err(error) => Cause::Link(Some(Reason::Unheard(error.to_string()))),
    };
    let Ended { reason, done, orderly } = control.end(cause).await;
    leaks::reap_descendants(&control.shared, orderly).await;
    // All that it printed and sent is read before its end is reported.
    let _ = ended.send(true);
    for task in tasks {
        // A task that panicked has nothing more to read.
        let _ = task.await;
    }
    upkeep.abort();
    drop(reservation);
    control.finish(&reason, done);
}

impl Control {
    /// Watches the peer until there is a reason to stop. What happened by itself comes before what was asked for.
    async fn watch(
        &mut self,
        inbox: &mut mpsc::UnboundedReceiver<ConnectionEvent>,
        ends: &mut mpsc::UnboundedReceiver<End>,
    ) -> Cause {
        let boot_deadline = self.waiter.as_ref().map(|waiter| Deadline::after(waiter.timeout()));
        let boot_deadline = boot_deadline.unwrap_or(Deadline::at(None));
        loop {
            tokio::select! {
                biased;
                Some(event) = inbox.recv() => match event {
                    ConnectionEvent::Hello => self.step("hello received"),
                    ConnectionEvent::Started => self.started(),
                    ConnectionEvent::Ready => {
                        self.shared.started(&self.shared.node());
                        self.started();
                    }
                    ConnectionEvent::Silent => return Cause::Silent,
                    ConnectionEvent::Ended(why) => return Cause::Link(why),
                },
                reason = self.process.ended() => return Cause::Exited(reason),
                () = self.shared.faults.killed() => return Cause::Killed,
                Some(end) = ends.recv() => return Cause::Asked(end),
                () = boot_deadline.passed(), if self.waiter.is_some() => return Cause::BootTimeout,
            }
        }
    }

    fn started(&mut self) {
        self.step("started");
        if let Some(waiter) = self.waiter.take() {
            waiter.send(&self.shared.name, Ok(self.shared.node()));
        }
    }

    async fn end(&mut self, cause: Cause) -> Ended {
        let reason = match cause {
            Cause::Exited(reason) => return Ended::by_itself(reason),
            Cause::Link(None) => {
                // A process closes its descriptors a moment before it has ended.
                if let Some(reason) = self.ended_unless_killed(EXIT_AFTER_LINK).await {
                    return Ended::by_itself(reason);
                }
                Reason::ConnectionClosed
            }
            Cause::Link(Some(reason)) => reason,
            Cause::Silent => Reason::Silent,
            Cause::BootTimeout => Reason::BootTimeout,
            Cause::Killed => {
                let reason = self.kill().await.unwrap_or(KILLED_HERE);
                return Ended { reason, done: None, orderly: false };
            }
            Cause::Asked(End { how, why, done }) => {
                let (done, orderly) = self.shut_down(how, done).await;
                return match self.kill().await {
                    // The kill came before the stop was done, so the stop fails.
                    Some(reason) if self.shared.faults.explain(&reason) => Ended { reason, done: None, orderly },
                    _ => Ended { reason: why, done, orderly },
                };
            }
        };
        self.kill().await;
        Ended { reason, done: None, orderly: false }
    }

    /// Stops the peer as its policy says. Gives what waits for that, and whether the peer ended itself.
    async fn shut_down(&self, how: How, done: oneshot::Sender<()>) -> (Option<oneshot::Sender<()>>, bool) {
        // A node that is not started has nothing to finish, and may not even read.
        if how == How::Kill || self.shared.state() != PeerState::Running {
            return (Some(done), false);
        }
        // A paused node could not do what it is asked for.
        tokio::select! {
            biased;
            _ = self.process.ended() => {}
            () = self.shared.faults.killed() => {}
            () = self.shared.undo_pause() => {}
        }
        let mut done = Some(done);
        let policy = self.shared.options.shutdown;
        let asked = match policy {
            Shutdown::Close => {
                self.shared.outbox.close();
                // `stop` does not wait with this policy.
                let _ = done.take().map(|done| done.send(()));
                true
            }
            _ if self.readiness.is_some() => {
                self.shared.note("asked to end, by SIGTERM");
                self.process.terminate();
                true
            }
            Shutdown::Halt | Shutdown::HaltWithin(_) => self.shared.outbox.send(&message::small(&ToPeer::Halt)),
            Shutdown::Graceful(_) => self.shared.outbox.send(&message::small(&ToPeer::Shutdown)),
        };
        if !asked {
            return (done, false);
        }
        let grace = self.shared.grace();
        match self.ended_unless_killed(grace).await {
            // A program that dies of the SIGTERM that asked it to end has chosen to.
            Some(reason) => return (done, matches!(reason, Reason::Exited(_)) || self.readiness.is_some()),
            None if policy == Shutdown::Close || self.shared.faults.kills() => {}
            None => self.shared.note(&format!("not stopped within {}: killed", display(grace))),
        }
        (done, false)
    }

    /// How the process ended within `grace`; none if [`Peer::kill`](crate::Peer::kill) came first.
    async fn ended_unless_killed(&self, grace: Duration) -> Option<Reason> {
        tokio::select! {
            biased;
            ended = self.ended_within(grace) => ended,
            () = self.shared.faults.killed() => None,
        }
    }

    async fn ended_within(&self, grace: Duration) -> Option<Reason> {
        tokio::select! {
            reason = self.process.ended() => Some(reason),
            () = Deadline::after(grace).passed() => None,
        }
    }

    /// Kills what is left of the process, and everything below it; gives how it ended, if that is known.
    async fn kill(&self) -> Option<Reason> {
        // A process that may not be killed still notices that its connection is gone.
        self.shared.outbox.close();
        self.process.kill();
        let ended = self.ended_within(KILLED).await;
        if ended.is_none() {
            self.shared.note(&format!(
                "os pid {} did not end within {} of being killed; is it another user's, or is its parent, the keeper, stopped?",
                self.process.pid,
                display(KILLED)
            ));
        }
        ended
    }

    fn finish(&mut self, reason: &Reason, done: Option<oneshot::Sender<()>>) {
        let shared = &self.shared;
        let unexpected = !matches!(reason, Reason::Stopped | Reason::ScopeEnded);
        let crashed = unexpected && !shared.faults.explain(reason);
        let booting = shared.state() == PeerState::Booting;
        self.step(&format!("down: {reason}"));
        shared.event(PeerEvent::ConsoleEnd);
        shared.down(reason, unexpected && shared.options.peer_down == PeerDown::Continue);
        // Before the calls in flight fail: the link takes the test down, not a failed call.
        if crashed && !booting && shared.linked && shared.options.peer_down == PeerDown::Crash {
            let report = describe(shared, &PeerState::Down(reason.clone()), "").to_string();
            shared.event(PeerEvent::Crashed(report));
        }
        shared.close(reason);
        if let Some(waiter) = self.waiter.take() {
            let error = self.boot_error(reason, waiter.timeout());
            waiter.send(&shared.name, Err(error));
        }
        shared.gone.send_replace(true);
        if let Some(done) = done {
            // Fails if the `stop` was dropped.
            let _ = done.send(());
        }
    }

    fn boot_error(&self, reason: &Reason, timeout: Duration) -> Error {
        let shared = &self.shared;
        let has_exec = shared.options.exec.is_some();
        let phase = match &self.readiness {
            Some(readiness) => readiness.phase(),
            None if shared.hello.get().is_some() => BootPhase::Entered { has_exec },
            None => BootPhase::Hello { has_exec },
        };
        let (reason, by_kill, command_line) = (reason.clone(), shared.faults.explain(reason), command_line(shared));
        let failure = BootFailure::Down { phase, reason, by_kill, timeout, command_line };
        Error::boot_failed(failure).on(shared.node()).output(shared.tail())
    }

    fn step(&self, what: &str) {
        if debugging() {
            let ms = self.begun.elapsed().as_secs_f64() * 1e3;
            self.shared.note(&format!("boot +{ms:.2}ms: {what}"));
        }
    }
}
