//! Routes messages: to a mailbox of this process, down to a peer, or up to the origin.

use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use crate::mailbox::{Mailboxes, Message, ROOT, Target, home};
use crate::node;
use crate::origin::{Handle, Peer};
use crate::sys;

/// The mailboxes and the peers of this process, as long as they are in use.
static MAILBOXES: Mutex<Vec<Weak<Mailboxes>>> = Mutex::new(Vec::new());
static PEERS: Mutex<Vec<Weak<Handle>>> = Mutex::new(Vec::new());

pub(super) fn root() -> &'static Arc<Mailboxes> {
    static ROOT: OnceLock<Arc<Mailboxes>> = OnceLock::new();
    ROOT.get_or_init(mailboxes)
}

pub(super) fn mailboxes() -> Arc<Mailboxes> {
    let new = Arc::new(Mailboxes::new(sys::build_id()));
    let mut all = MAILBOXES.lock();
    all.retain(|mailboxes| mailboxes.strong_count() > 0);
    all.push(Arc::downgrade(&new));
    new
}

pub(super) fn add_peer(peer: &Peer) {
    let mut peers = PEERS.lock();
    peers.retain(|peer| peer.strong_count() > 0);
    let peer = peer.weak();
    // A peer that is started again is here already.
    if !peers.iter().any(|known| known.ptr_eq(&peer)) {
        peers.push(peer);
    }
}

/// Delivers a message that arrived at the owner of `mailboxes`. The error says why it was dropped.
pub(super) fn deliver(mailboxes: &Mailboxes, message: Message) -> Result<(), String> {
    match &message.to {
        Target::Name(_) => mailboxes.put(message),
        // On the I/O thread, which must not wait.
        Target::Address { .. } => send(message, false),
    }
}

/// Sends a message to an address; a `patient` sender may have to wait. The error says why it was dropped.
pub(super) fn send(message: Message, patient: bool) -> Result<(), String> {
    let Target::Address { home: its_home, table, name } = &message.to else {
        return Err("a message without an address".to_owned());
    };
    if *its_home == home() {
        if *table == ROOT {
            return root().put(message);
        }
        let found = MAILBOXES.lock().iter().filter_map(Weak::upgrade).find(|mailboxes| mailboxes.id() == *table);
        return match found {
            Some(mailboxes) => mailboxes.put(message),
            None => Err(format!("a message for mailbox `{name}` was dropped: its scope has ended")),
        };
    }
    let peers: Vec<_> = PEERS.lock().iter().filter_map(|peer| Some(Peer::from(peer.upgrade()?).shared())).collect();
    match peers.iter().find(|peer| peer.home() == Some(*its_home)) {
        Some(peer) => peer.post(&message).map_err(|error| error.to_string()),
        None if node::post_up(&message, patient) => Ok(()),
        None => Err(format!("a message for mailbox `{name}` was dropped: no node of that address is known here")),
    }
}
