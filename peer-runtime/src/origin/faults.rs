//! Faults on purpose: whether the process of a peer is to be killed, or is paused.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};

use crate::process::Process;
use crate::state::Reason;

/// How a process ends that [`Peer::kill`](crate::Peer::kill) killed.
pub(super) const KILLED: Reason = Reason::Killed(9);

#[derive(Debug, Default)]
pub(super) struct Faults {
    kill: watch::Sender<bool>,
    paused: AtomicBool,
    /// Held while the process is being stopped or continued.
    pub(super) turn: Mutex<()>,
}

impl Faults {
    pub(super) fn kill(&self) {
        self.kill.send_replace(true);
    }

    /// Whether it is to be killed.
    pub(super) fn kills(&self) -> bool {
        *self.kill.borrow()
    }

    /// Whether `reason` is that kill.
    pub(super) fn explain(&self, reason: &Reason) -> bool {
        self.kills() && *reason == KILLED
    }

    pub(super) async fn killed(&self) {
        // Fails only if the sender is dropped, which is in `self`.
        let _ = self.kill.subscribe().wait_for(|kill| *kill).await;
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    pub(super) async fn pause(&self, process: &Process) -> io::Result<()> {
        // Set first: a caller that finds the process stopped must find out why.
        self.paused.store(true, Ordering::Release);
        if let Err(error) = process.pause().await {
            // A part of it may be stopped.
            self.resume(process).await?;
            return Err(error);
        }
        Ok(())
    }

    pub(super) async fn resume(&self, process: &Process) -> io::Result<()> {
        process.resume().await?;
        self.paused.store(false, Ordering::Release);
        Ok(())
    }
}
