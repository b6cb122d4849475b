//! The peers of a scope, and the starts in progress.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::error::Error;
use crate::origin::{Peer, PeerShared, Snapshot};
use crate::state::PeerState;

/// How many peers that are down are kept for a report.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub(super) struct Peers {
    /// Every peer that was started, with whether it is linked.
    entries: Mutex<Vec<(Peer, bool)>>,
    /// How many starts are in progress, of peers without an entry.
    starting: watch::Sender<usize>,
}

struct Starting(Arc<Peers>);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.starting.send_modify(|count| *count -= 1);
    }
}

impl Peers {
    pub(super) fn starting(self: &Arc<Self>) -> impl Send + use<> {
        self.starting.send_modify(|count| *count += 1);
        Starting(Arc::clone(self))
    }

    pub(super) async fn started(&self) {
        let _ = self.starting.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Adds a peer unless the scope, which `check` asks, has ended.
    pub(super) fn add(
        &self,
        peer: &Peer,
        linked: bool,
        check: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut entries = self.entries.lock();
        // Under the lock: the scope's end either sees the peer, or is seen here.
        check()?;
        if entries.iter().any(|(known, _)| known.is(peer)) {
            return Ok(());
        }
        let down = |(peer, _): &(Peer, bool)| matches!(peer.state(), PeerState::Down(_));
        if entries.iter().filter(|entry| down(entry)).count() > REMEMBERED
            && let Some(oldest) = entries.iter().position(down)
        {
            entries.remove(oldest);
        }
        entries.push((peer.clone(), linked));
        Ok(())
    }

    /// The linked peers and the others, once `close` has ended the scope.
    pub(super) fn close(&self, close: impl FnOnce()) -> (Vec<Peer>, Vec<Peer>) {
        let entries = self.entries.lock();
        close();
        let (linked, others): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(_, linked)| *linked);
        let peers = |entries: Vec<(Peer, bool)>| entries.into_iter().map(|(peer, _)| peer).collect();
        (peers(linked), peers(others))
    }

    pub(super) fn clear(&self) {
        self.entries.lock().clear();
    }

    pub(super) fn snapshots(&self) -> Vec<Snapshot> {
        self.entries.lock().iter().map(|(peer, _)| Snapshot::of(&peer.shared())).collect()
    }

    /// The nodes that can be called and are not down.
    pub(super) fn nodes(&self) -> Vec<Arc<PeerShared>> {
        let is_up = |peer: &Arc<PeerShared>| peer.is_node() && !matches!(peer.state(), PeerState::Down(_));
        self.entries.lock().iter().map(|(peer, _)| peer.shared()).filter(is_up).collect()
    }
}
