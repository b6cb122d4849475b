//! Starts that are under way, which the end of a scope waits for, too, and what they come to: peers of the scope.

use std::any::Any;
use std::path::PathBuf;
use std::sync::PoisonError;

use super::{Scope, route};
use crate::error::Error;
use crate::origin::{Adopter, Peer};
use crate::state::PeerState;

/// Peers that are down and still remembered for a report.
const REMEMBERED: usize = 64;

/// A start that is under way.
struct Starting(Scope);

impl Starting {
    fn new(scope: Scope) -> Self {
        scope.0.starting.send_modify(|count| *count += 1);
        Self(scope)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.0.starting.send_modify(|count| *count -= 1);
    }
}

impl Adopter for Scope {
    fn starting(&self) -> Box<dyn Any + Send> {
        Box::new(Starting::new(self.clone()))
    }

    fn planned_dir(&self, name: &str) -> Option<PathBuf> {
        self.place().planned_for(name)
    }

    fn make_dir(&self, name: &str) -> Result<PathBuf, Error> {
        self.place().made_for(name)
    }

    fn adopt(&self, peer: &Peer, linked: bool) -> Result<(), Error> {
        let mut peers = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: the end of the scope either finds the peer here, or is found here.
        self.check("start of a peer")?;
        if peers.iter().any(|(known, _)| known.is(peer)) {
            return Ok(());
        }
        let down = |(peer, _): &(Peer, bool)| matches!(peer.state(), PeerState::Down(_));
        if peers.iter().filter(|entry| down(entry)).count() > REMEMBERED
            && let Some(oldest) = peers.iter().position(down)
        {
            peers.remove(oldest);
        }
        peers.push((peer.clone(), linked));
        route::add_peer(peer);
        Ok(())
    }
}
