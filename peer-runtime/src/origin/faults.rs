//! Faults on purpose: the process of a peer killed, stopped, and let go on.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};

use super::peer::Peer;
use super::shared::PeerShared;
use crate::error::{Error, Kind};
use crate::io_thread;
use crate::state::Reason;
use crate::timeouts::{self, PAUSED};

/// How a process ends that was killed here.
pub(super) const KILLED: Reason = Reason::Killed(9);

/// What was done to the process of a peer.
#[derive(Debug)]
pub(super) struct Faults {
    /// Turns true when somebody wants it killed.
    kill: watch::Sender<bool>,
    paused: AtomicBool,
    /// Held by who stops the process or lets it go on.
    turn: Mutex<()>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { kill: watch::Sender::new(false), paused: AtomicBool::new(false), turn: Mutex::new(()) }
    }
}

impl Faults {
    /// Whether somebody wants it killed.
    pub(super) fn kills(&self) -> bool {
        *self.kill.borrow()
    }

    /// Whether this is the end that somebody wanted for it.
    pub(super) fn explain(&self, reason: &Reason) -> bool {
        self.kills() && *reason == KILLED
    }

    /// Completes when somebody wants it killed.
    pub(super) async fn killed(&self) {
        // The sender is in `self`.
        let _ = self.kill.subscribe().wait_for(|kill| *kill).await;
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Pause,
    Resume,
}

impl Peer {
    /// Kills the node's process (SIGKILL), whatever it is doing, and waits until the peer is gone: process reaped, name and
    /// ports free. Its state is down for `Reason::Killed(9)`, and calls in flight fail with that. OTP has no such function:
    /// there it is `os:cmd("kill -9 ...")`.
    ///
    /// It is the test that wants it, so [`PeerDown::Crash`](crate::PeerDown::Crash) takes nobody down; after
    /// [`PeerDown::Continue`](crate::PeerDown::Continue) there is a peer left to [`stop`](Self::stop), as after any other
    /// end. It also kills a peer that is booting, paused, or being stopped; a `stop` that was waiting then fails with the reason.
    /// Behind a prefix such as `ssh` it is the prefix that is killed here; the node ends with its connection.
    ///
    /// # Errors
    /// `is_noproc` if the peer is down already, or something else ended it just then.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// async fn serve() { std::future::pending().await }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let call = tokio::spawn(peer.call(serve, ()));
    /// # tokio::task::yield_now().await;
    /// peer.kill().await?;
    /// assert_eq!(peer.state(), PeerState::Down(Reason::Killed(9)));
    /// assert_eq!(call.await?.unwrap_err().down_reason(), Some(&Reason::Killed(9)));
    /// # Ok(()) }
    /// ```
    pub fn kill(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let shared = self.shared();
        async move {
            shared.check_up("kill")?;
            shared.note("killed on purpose, by `kill`");
            shared.faults.kill.send_replace(true);
            if shared.wait_gone().await == KILLED { Ok(()) } else { Err(shared.went_down("kill").await) }
        }
    }

    /// Stops the node's process and everything below it (SIGSTOP): the node is there, with its connections, its files and
    /// its locks, and does nothing, as one in a long garbage collection or on an overloaded machine. When this is done all
    /// of it stands still, until [`resume`](Self::resume), or the end: [`stop`](Self::stop), [`restart`](Self::restart) and
    /// the end of the scope let a paused peer go on first. OTP has no such function.
    ///
    /// Its state does not change. Calls to it time out as they always do, and go on in it after `resume`; the time that
    /// `wait_boot` gives goes on, too. Where links are asked for signs of life, a paused peer is not. To pause a paused peer
    /// is no error.
    ///
    /// # Errors
    /// `is_noproc` if the peer is down, is being stopped, or went down just then; `is_timeout` if something below it does
    /// not stop within 5 s: then it goes on.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::time::Duration;
    /// #[remote]
    /// fn ping() -> u32 { 1 }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// peer.pause().await?;
    /// let error = peer.call(ping, ()).timeout(Duration::from_millis(50)).await.unwrap_err();
    /// assert!(error.is_timeout() && error.to_string().contains("paused"));
    /// peer.resume().await?;
    /// assert_eq!(peer.call(ping, ()).await?, 1);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn pause(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        change(self.shared(), Change::Pause)
    }

    /// Lets a paused peer go on (SIGCONT). One that is not paused goes on as it does. OTP has no such function.
    ///
    /// # Errors
    /// `is_noproc` if the peer is down, is being stopped, or went down just then.
    ///
    /// See [`pause`](Self::pause) for an example.
    pub fn resume(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        change(self.shared(), Change::Resume)
    }
}

async fn change(shared: Arc<PeerShared>, change: Change) -> Result<(), Error> {
    // On the I/O thread, where the timers are; and it is done whoever loses interest in it.
    let changed = io_thread::handle().spawn(async move { shared.change(change).await });
    let ended = |_| Error::new(Kind::Io, change.operation(), "the I/O thread has ended");
    changed.await.map_err(ended)?
}

impl Change {
    /// For a reader of the console.
    fn done(self) -> &'static str {
        match self {
            Self::Pause => "paused, by `pause`",
            Self::Resume => "goes on, by `resume`",
        }
    }

    fn operation(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

impl PeerShared {
    async fn change(&self, change: Change) -> Result<(), Error> {
        let operation = change.operation();
        let changed = {
            let _turn = self.faults.turn.lock().await;
            // Under the lock: who ends the peer either undoes this, or is seen here.
            self.check_staying(operation)?;
            tokio::select! {
                biased;
                _ = self.process.ended() => None,
                () = self.faults.killed() => None,
                changed = self.signal(change) => Some(changed),
            }
        };
        match changed {
            Some(Ok(())) => {
                self.note(change.done());
                Ok(())
            }
            Some(Err(error)) => {
                let (kind, what) = match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
                    Some(rustix::io::Errno::TIMEDOUT) => {
                        (Kind::Timeout, format!("something below it did not stop within {}", timeouts::display(PAUSED)))
                    }
                    Some(rustix::io::Errno::PERM) => (Kind::Io, "something below it is another user's".to_owned()),
                    _ if error.kind() == io::ErrorKind::TimedOut => (Kind::Timeout, error.to_string()),
                    _ => (Kind::Io, error.to_string()),
                };
                Err(self.error(kind, operation, what))
            }
            None => Err(self.went_down(operation).await),
        }
    }

    async fn signal(&self, change: Change) -> io::Result<()> {
        match change {
            Change::Pause => {
                // Before it is: whoever sees it stopped finds out why.
                self.faults.paused.store(true, Ordering::Release);
                if let Err(error) = self.process.pause().await {
                    // What is stopped by now must not stay so.
                    self.signal_resume().await?;
                    return Err(error);
                }
                Ok(())
            }
            Change::Resume => self.signal_resume().await,
        }
    }

    async fn signal_resume(&self) -> io::Result<()> {
        self.process.resume().await?;
        self.faults.paused.store(false, Ordering::Release);
        Ok(())
    }

    /// Lets it go on, if it is paused: its end begins with that, and so does the end of the scope.
    pub(crate) async fn undo_pause(&self) {
        let _turn = self.faults.turn.lock().await;
        if self.faults.is_paused()
            && !self.process.has_ended()
            && let Err(error) = self.signal_resume().await
        {
            self.note(&format!("it was paused, and cannot go on: {error}"));
        }
    }
}
