//! The control process of one peer: from the spawned process to the last trace of it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::boot_error;
use super::connection::{Event, Wires};
use super::faults::KILLED as KILLED_HERE;
use super::heartbeat::beat;
use super::leaks;
use super::program::Readiness;
use super::shared::{End, How, PeerShared};
use crate::error::Error;
use crate::link::tcp::Listener;
use crate::name::Reservation;
use crate::options::{BootNotify, PeerDown, Shutdown};
use crate::owner::PeerEvent;
use crate::process::{Process, Spawned};
use crate::state::{PeerState, Reason};
use crate::timeouts::{BOOT, Deadline, EXIT_AFTER_LINK, GONE, KILLED};
use crate::wire::keeper::LeakedProcess;
use crate::wire::message::{self, BootSpec, Connect, ToPeer};

/// Who waits for the boot.
pub(super) enum Booted {
    Waiting { sender: oneshot::Sender<Result<(), Error>>, timeout: Duration },
    Notify(BootNotify),
    Nobody,
}

/// What a control process starts with.
pub(super) struct New {
    pub(super) shared: Arc<PeerShared>,
    pub(super) ends: mpsc::UnboundedReceiver<End>,
    pub(super) spawned: Spawned,
    pub(super) listener: Option<Listener>,
    pub(super) reservation: Reservation,
    pub(super) spec: BootSpec,
    /// The first frame.
    pub(super) boot: Vec<u8>,
    pub(super) booted: Booted,
    pub(super) begun: Instant,
    /// Of a program that is no node.
    pub(super) readiness: Option<Arc<Readiness>>,
}

/// Why the control process stops waiting.
enum Cause {
    /// The process ended by itself.
    Exited(Reason),
    /// The connection ended, with a reason if what came over it was wrong.
    Link(Option<Reason>),
    Silent,
    BootTimeout,
    /// Somebody wants it killed.
    Killed,
    Asked(End),
}

/// How the process ended.
struct Ended {
    reason: Reason,
    /// Who asked for that, and waits.
    done: Option<oneshot::Sender<()>>,
    /// It ended itself, and could have ended what it had started before.
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
    booted: Option<Booted>,
    begun: Instant,
    readiness: Option<Arc<Readiness>>,
}

/// Whether `PEER_BOOT_DEBUG` asks for every step of a boot.
pub(super) fn debugging() -> bool {
    std::env::var_os("PEER_BOOT_DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Starts the control process; on the I/O thread.
pub(super) fn spawn(new: New) {
    tokio::spawn(run(new));
}

async fn run(new: New) {
    let New { shared, mut ends, spawned, listener, reservation, spec, boot, booted, begun, readiness } = new;
    let Spawned { process, stdin, frames, console } = spawned;
    let heard = Arc::new(AtomicBool::new(true));
    let mut control = Control { shared: Arc::clone(&shared), process, booted: Some(booted), begun, readiness };
    control.step(&format!("spawned as os pid {}", shared.os_pid()));
    let (events, mut inbox) = mpsc::unbounded_channel();
    let (ended, ending) = watch::channel(false);
    let heartbeat = matches!(spec.connect, Connect::Tcp { heartbeat: true, .. });
    let wires = Wires {
        shared: Arc::clone(&shared),
        token: spec.token,
        events: events.clone(),
        heard: Arc::clone(&heard),
        ending,
    };
    // As long as there is a peer: what is queued goes out, calls run out of time, and silence is noticed.
    let upkeep = tokio::spawn(async move {
        tokio::join!(shared.outbox.drive(), shared.calls.expire(), beat(&shared, heartbeat, &heard, &events));
    });
    let mut tasks = Vec::new();
    let attached = match &control.readiness {
        Some(readiness) => readiness.attach(wires, stdin, console, &mut tasks),
        None => wires.attach(stdin, frames, console, listener, &boot, &mut tasks),
    };
    let cause = match attached {
        Ok(()) => control.watch(&mut inbox, &mut ends).await,
        Err(error) => Cause::Link(Some(Reason::Unheard(error.to_string()))),
    };
    let Ended { reason, done, orderly } = control.end(cause).await;
    control.leave_nothing(orderly).await;
    // Everything that it had printed and sent is read before anybody hears of its end.
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
    /// Watches the peer until there is a reason to stop. What has happened by itself comes before what is asked for.
    async fn watch(
        &mut self,
        inbox: &mut mpsc::UnboundedReceiver<Event>,
        ends: &mut mpsc::UnboundedReceiver<End>,
    ) -> Cause {
        let boot_deadline = match &self.booted {
            Some(Booted::Waiting { timeout, .. }) => Deadline::after(*timeout),
            Some(Booted::Notify(_)) => Deadline::after(BOOT),
            _ => Deadline::at(None),
        };
        loop {
            tokio::select! {
                biased;
                Some(event) = inbox.recv() => match event {
                    Event::Hello => self.step("hello received"),
                    Event::Started => self.started(),
                    Event::Ready => {
                        self.shared.started(&self.shared.node());
                        self.started();
                    }
                    Event::Silent => return Cause::Silent,
                    Event::Ended(why) => return Cause::Link(why),
                },
                reason = self.process.ended() => return Cause::Exited(reason),
                () = self.shared.faults.killed() => return Cause::Killed,
                Some(end) = ends.recv() => return Cause::Asked(end),
                () = boot_deadline.passed(), if self.booted.is_some() => return Cause::BootTimeout,
            }
        }
    }

    fn started(&mut self) {
        self.step("started");
        match self.booted.take() {
            // An error says that the start was dropped, and the peer with it.
            Some(Booted::Waiting { sender, .. }) => drop(sender.send(Ok(()))),
            Some(Booted::Notify(notify)) => notify.tell(&self.shared.name, Ok(self.shared.node())),
            Some(Booted::Nobody) | None => {}
        }
    }

    /// Ends the process, and says why it is down.
    async fn end(&mut self, cause: Cause) -> Ended {
        let reason = match cause {
            Cause::Exited(reason) => return Ended::by_itself(reason),
            Cause::Link(None) => {
                // A process closes its descriptors when it ends, a moment before it has ended.
                if let Some(reason) = self.ended_in_peace(EXIT_AFTER_LINK).await {
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
                let (status, done, orderly) = self.shut_down(how, done).await;
                return match status {
                    // What ended it is the kill, not what was to end it: who asked for that is not told that it was done.
                    Some(reason) if self.shared.faults.explain(&reason) => Ended { reason, done: None, orderly },
                    _ => Ended { reason: why, done, orderly },
                };
            }
        };
        self.kill().await;
        Ended { reason, done: None, orderly: false }
    }

    /// Stops the peer as its policy says; what is still there afterwards is killed. How it ended, who waits for that,
    /// and whether it ended itself, in order.
    async fn shut_down(
        &self,
        how: How,
        done: oneshot::Sender<()>,
    ) -> (Option<Reason>, Option<oneshot::Sender<()>>, bool) {
        let mut done = Some(done);
        let policy = self.shared.options.shutdown;
        // A node that is not started has nothing to hand over, and may not even read.
        let kill = how == How::Kill || self.shared.state() != PeerState::Running;
        if !kill {
            // It could not do what it is asked for.
            tokio::select! {
                biased;
                _ = self.process.ended() => {}
                () = self.shared.faults.killed() => {}
                () = self.shared.undo_pause() => {}
            }
        }
        let asked = !kill
            && match policy {
                Shutdown::Close => {
                    self.shared.outbox.close();
                    // Who stops does not wait; an error says that nobody asks.
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
        let mut orderly = false;
        if asked {
            let grace = self.shared.grace();
            match self.ended_in_peace(grace).await {
                // A program that dies of the SIGTERM that asked it to end has chosen to.
                Some(reason) => orderly = matches!(reason, Reason::Exited(_)) || self.readiness.is_some(),
                None if policy == Shutdown::Close || self.shared.faults.kills() => {}
                None => self.shared.note(&format!("not stopped within {}: killed", crate::timeouts::display(grace))),
            }
        }
        (self.kill().await, done, orderly)
    }

    /// The same as [`ended_within`](Self::ended_within), unless somebody wants it killed first.
    async fn ended_in_peace(&self, grace: Duration) -> Option<Reason> {
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
            let pid = self.process.pid();
            self.shared.note(&format!(
                "os pid {pid} did not end within {} of being killed; is it another user's, or is its parent, the keeper, stopped?",
                crate::timeouts::display(KILLED)
            ));
        }
        ended
    }

    /// Waits until everything below the process has ended, and tells what it had left behind; of a node that had no time
    /// for what is in its own group, only the rest, and of a program that is none, which may have given each of its
    /// processes a group, nothing.
    async fn leave_nothing(&self, orderly: bool) {
        if !self.process.has_ended() {
            return;
        }
        let leaked = tokio::select! {
            leaked = self.process.gone() => leaked,
            () = Deadline::after(GONE).passed() => return self.shared.note("its descendants did not end; is the keeper stopped?"),
        };
        let is_leak =
            |leaked: &&LeakedProcess| leaked.alive || orderly || (!leaked.in_group && self.readiness.is_none());
        leaks::report(&self.shared, leaked.iter().filter(is_leak));
    }

    /// Everything is over: tells everybody who waits for anything of this peer.
    fn finish(&mut self, reason: &Reason, done: Option<oneshot::Sender<()>>) {
        let shared = &self.shared;
        let unexpected = !matches!(reason, Reason::Stopped | Reason::ScopeEnded);
        let crashed = unexpected && !shared.faults.explain(reason);
        let booting = shared.state() == PeerState::Booting;
        self.step(&format!("down: {reason}"));
        shared.event(PeerEvent::ConsoleEnd);
        shared.down(reason, unexpected && shared.options.peer_down == PeerDown::Continue);
        // The scope hears of it before the calls in flight fail for it: it is the link that takes the test down.
        if crashed && !booting && shared.linked && shared.options.peer_down == PeerDown::Crash {
            shared.event(PeerEvent::Crashed(shared.describe(&PeerState::Down(reason.clone()), "")));
        }
        shared.close(reason);
        match self.booted.take() {
            // Whoever dropped its start does not ask any more.
            Some(Booted::Waiting { sender, timeout }) => drop(sender.send(Err(self.boot_error(reason, timeout)))),
            Some(Booted::Notify(notify)) => notify.tell(&self.shared.name, Err(self.boot_error(reason, BOOT))),
            Some(Booted::Nobody) | None => {}
        }
        self.shared.gone.send_replace(true);
        if let Some(done) = done {
            // An error says that who stopped it does not wait.
            let _ = done.send(());
        }
    }

    fn boot_error(&self, reason: &Reason, timeout: Duration) -> Error {
        match &self.readiness {
            Some(readiness) => readiness.boot_error(&self.shared, reason, timeout),
            None => boot_error::of_node(&self.shared, reason, timeout),
        }
    }

    /// Tells a step of the boot to who asked for that.
    fn step(&self, what: &str) {
        if debugging() {
            let ms = self.begun.elapsed().as_secs_f64() * 1e3;
            self.shared.note(&format!("boot +{ms:.2}ms: {what}"));
        }
    }
}
