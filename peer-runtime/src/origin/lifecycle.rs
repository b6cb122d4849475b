//! What a test does to the process of a peer: it stops, kills, pauses, resumes and restarts it.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::Errno;

use super::boot;
use super::faults::KILLED;
use super::handle::Restarting;
use super::peer::Peer;
use super::shared::{How, PeerShared};
use crate::error::{Error, ErrorKind};
use crate::io_thread;
use crate::state::Reason;
use crate::timeouts::{self, PAUSED};

impl Peer {
    /// Stops the peer as its option `shutdown` says. Mirrors the manual's `stop/1`, and waits for more:
    /// afterwards the process is reaped, and name and ports are free. Only [`Shutdown::Close`](crate::Shutdown::Close)
    /// does not wait; [`gone`](Self::gone) does.
    ///
    /// # Errors
    /// `is_noproc` if the peer has been stopped, is being stopped, or went down by itself.
    pub fn stop(&self) -> Stop {
        let shared = self.shared();
        Stop(Box::pin(async move {
            let done = shared.end(How::Policy, Reason::Stopped)?;
            if done.await.is_ok() {
                return Ok(());
            }
            // Something else ended it just then.
            Err(shared.went_down("stop").await)
        }))
    }

    /// Waits until the peer is gone, whatever ends it: process reaped, name and ports free. Gives the reason.
    /// It is the process of now that is waited for: a [`restart`](Self::restart) is the end of it.
    pub fn gone(&self) -> impl Future<Output = Reason> + Send + 'static {
        let shared = self.shared();
        async move { shared.wait_gone().await }
    }

    /// Kills the node's process (SIGKILL), whatever it is doing, and waits until the peer is gone: process reaped, name and
    /// ports free. Its state is down for `Reason::Killed(9)`, and calls in flight fail with that. OTP has no such function:
    /// there it is `os:cmd("kill -9 ...")`.
    ///
    /// The test wants it, so [`PeerDown::Crash`](crate::PeerDown::Crash) takes no scope down; after
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
            shared.check_alive("kill", true)?;
            shared.note("killed on purpose, by `kill`");
            shared.faults.kill();
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
        change(self.shared(), true)
    }

    /// Continues a paused peer (SIGCONT); does nothing to another one. OTP has no such function.
    ///
    /// # Errors
    /// `is_noproc` if the peer is down, is being stopped, or went down just then.
    pub fn resume(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        change(self.shared(), false)
    }

    /// Starts the peer again, with the same name, options and directory: ends it as its option `shutdown` says if it is
    /// still there, waits until it is gone, and starts another process. From then on every clone of this handle means that
    /// one. OTP has no such function.
    ///
    /// `wait_boot` counts again, and a [`WaitBoot::Notify`](crate::WaitBoot::Notify) notifies of this boot, too. Calls in
    /// flight, and what waits for [`gone`](Self::gone), belong to the process that ends. Addresses of its mailboxes end
    /// with it; messages to mailboxes by name reach the new one. A restart that is dropped goes on.
    ///
    /// # Errors
    /// As [`start`](crate::start): the peer is down then, and may be restarted. `is_noproc` while another restart of it
    /// is under way; `is_noscope` if the scope that it was started in has ended, which leaves a peer as it is.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn pid() -> u32 { std::process::id() }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let (node, before) = (peer.node(), peer.call(pid, ()).await?);
    /// peer.kill().await?;
    /// peer.restart().await?;
    /// assert_ne!(peer.call(pid, ()).await?, before);
    /// assert_eq!(peer.node(), node);
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn restart(&self) -> impl Future<Output = Result<(), Error>> + Send + 'static {
        let peer = self.clone();
        async move {
            let Some(restarting) = Restarting::new(&peer.handle) else {
                let what = "another restart of the node is under way";
                return Err(peer.shared().error(ErrorKind::NoProcess(None), RESTART, what).hint("wait for that one"));
            };
            // On the I/O thread, so that it goes on if this future is dropped.
            let restarted = io_thread::handle().spawn(async move {
                let restarted = restart(&peer).await;
                drop(restarting);
                restarted
            });
            restarted.await.map_err(|_| io_thread_ended(RESTART))?
        }
    }
}

const RESTART: &str = "restart";

fn io_thread_ended(operation: &str) -> Error {
    Error::new(ErrorKind::Io, operation, "the I/O thread has ended")
}

async fn restart(peer: &Peer) -> Result<(), Error> {
    let handle = &peer.handle;
    let launch_spec = &handle.launch_spec;
    // The end of the scope waits for this as for a start, and finds the peer as it is then.
    let starting = launch_spec.owner.starting();
    // Before anything is ended, and again whenever the scope may have ended meanwhile.
    handle.adopt()?;
    let old = peer.shared();
    if let Ok(done) = old.end(How::Policy, Reason::Stopped) {
        // `wait_gone` waits for what is true either way.
        let _ = done.await;
    }
    old.wait_gone().await;
    let before = old.os_pid();
    drop(old);
    handle.adopt()?;
    let (shared, booted) = boot::begin(launch_spec, launch_spec.request_again()).await?;
    shared.note(&format!("started again, by `restart`; it was os pid {before}"));
    handle.replace(shared);
    if let Err(error) = handle.adopt() {
        let shared = peer.shared();
        // Fails if the end of the scope has found it.
        let _ = shared.end(How::Kill, Reason::ScopeEnded);
        shared.wait_gone().await;
        return Err(error);
    }
    drop(starting);
    match booted {
        Some(booted) => booted.await.map_err(|_| io_thread_ended(RESTART))?,
        None => Ok(()),
    }
}

async fn change(shared: Arc<PeerShared>, pauses: bool) -> Result<(), Error> {
    let operation = if pauses { "pause" } else { "resume" };
    // On the I/O thread, where the timers are, and so that it goes on if this future is dropped.
    let changed = io_thread::handle().spawn(async move {
        let changed = {
            let _turn = shared.faults.turn.lock().await;
            // Under the lock: the end of the peer either undoes this, or is found here.
            shared.check_alive(operation, false)?;
            let signal = async {
                if pauses {
                    shared.faults.pause(&shared.process).await
                } else {
                    shared.faults.resume(&shared.process).await
                }
            };
            tokio::select! {
                biased;
                _ = shared.process.ended() => None,
                () = shared.faults.killed() => None,
                changed = signal => Some(changed),
            }
        };
        match changed {
            Some(Ok(())) => {
                shared.note(if pauses { "paused, by `pause`" } else { "goes on, by `resume`" });
                Ok(())
            }
            Some(Err(error)) => {
                let (kind, what) = describe(&error);
                Err(shared.error(kind, operation, what))
            }
            None => Err(shared.went_down(operation).await),
        }
    });
    changed.await.map_err(|_| io_thread_ended(operation))?
}

fn describe(error: &io::Error) -> (ErrorKind, String) {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::TIMEDOUT) => {
            (ErrorKind::Timeout, format!("something below it did not stop within {}", timeouts::display(PAUSED)))
        }
        Some(Errno::PERM) => (ErrorKind::Io, "something below it is another user's".to_owned()),
        _ if error.kind() == io::ErrorKind::TimedOut => (ErrorKind::Timeout, error.to_string()),
        _ => (ErrorKind::Io, error.to_string()),
    }
}

/// A stop that is under way, made by [`Peer::stop`].
///
/// ```
/// # #[tokio::main] async fn main() -> peer::Result {
/// let stop: peer::Stop = peer::start(()).await?.stop();
/// stop.await?;
/// # Ok(()) }
/// ```
#[must_use = "a peer is stopped when this is awaited"]
pub struct Stop(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Future for Stop {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}
