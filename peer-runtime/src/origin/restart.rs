//! Starting a peer again: another process, and the same peer to everybody who has it.

use std::future::Future;

use super::boot;
use super::handle::Restarting;
use super::peer::Peer;
use super::shared::How;
use crate::error::{Error, Kind};
use crate::io_thread;
use crate::state::Reason;

impl Peer {
    /// Starts the peer again, with the same name, options and directory: ends it as its option `shutdown` says if it is
    /// still there, waits until it is gone, and starts another process. From then on every clone of this handle means that
    /// one. OTP has no such function.
    ///
    /// `wait_boot` counts again, and a [`WaitBoot::Notify`](crate::WaitBoot::Notify) tells of this boot, too. Calls in
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
            let Some(restarting) = Restarting::new(&peer) else {
                let what = "another restart of the node is under way";
                return Err(peer.shared().error(Kind::NoProcess(None), OPERATION, what).hint("wait for that one"));
            };
            // On the I/O thread, so that it is done whoever loses interest in it.
            let restarted = io_thread::handle().spawn(async move {
                let restarted = again(&peer).await;
                drop(restarting);
                restarted
            });
            restarted.await.map_err(|_| ended())?
        }
    }
}

const OPERATION: &str = "restart";

fn ended() -> Error {
    Error::new(Kind::Io, OPERATION, "the I/O thread has ended")
}

async fn again(peer: &Peer) -> Result<(), Error> {
    // The end of the scope waits for this as it does for a start, and finds the peer as it is then.
    let starting = peer.handle.launch_spec.owner.starting();
    // Before anything is ended, and again whenever the scope may have ended meanwhile.
    peer.adopt()?;
    let old = peer.shared();
    if let Ok(done) = old.end(How::Policy, Reason::Stopped) {
        // What is true either way is waited for below.
        let _ = done.await;
    }
    old.wait_gone().await;
    let before = old.os_pid();
    drop(old);
    peer.adopt()?;
    let launch_spec = &peer.handle.launch_spec;
    let (shared, booted) = boot::begin(launch_spec, launch_spec.request_again()).await?;
    shared.note(&format!("started again, by `restart`; it was os pid {before}"));
    peer.handle.replace(shared);
    if let Err(error) = peer.adopt() {
        let shared = peer.shared();
        // An error says that the end of the scope has found it.
        let _ = shared.end(How::Kill, Reason::ScopeEnded);
        shared.wait_gone().await;
        return Err(error);
    }
    drop(starting);
    match booted {
        Some(booted) => booted.await.map_err(|_| ended())?,
        None => Ok(()),
    }
}
