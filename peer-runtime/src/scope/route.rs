//! Where a message goes: to a mailbox of this process, down to a peer, or up to the origin.

use std::borrow::Borrow;
use std::sync::{Mutex, PoisonError, Weak};

use serde::Serialize;

use super::{Scope, Shared};
use crate::codec::Encoding;
use crate::mailbox::{Address, Mailboxes, Message, ROOT, Target, home};
use crate::node;
use crate::origin::{Handle, Peer};
use crate::owner::{PeerEvent, PeerEvents};
use crate::sys;

/// The scopes and the peers of this process, as long as there is somebody who has them.
static SCOPES: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
static PEERS: Mutex<Vec<Weak<Handle>>> = Mutex::new(Vec::new());

pub(super) fn add_scope(scope: &Scope) {
    let mut scopes = SCOPES.lock().unwrap_or_else(PoisonError::into_inner);
    scopes.retain(|scope| scope.strong_count() > 0);
    scopes.push(scope.weak());
}

/// The scopes of this process that are there still.
pub(super) fn scopes() -> Vec<Scope> {
    let scopes = SCOPES.lock().unwrap_or_else(PoisonError::into_inner);
    scopes.iter().filter_map(Weak::upgrade).map(Scope).collect()
}

pub(super) fn add_peer(peer: &Peer) {
    let mut peers = PEERS.lock().unwrap_or_else(PoisonError::into_inner);
    peers.retain(|peer| peer.strong_count() > 0);
    let peer = peer.weak();
    // One that was forgotten, and is started again, is here still.
    if !peers.iter().any(|known| known.ptr_eq(&peer)) {
        peers.push(peer);
    }
}

/// Delivers a message that arrived where `mailboxes` belong; the error says what became of it.
pub(super) fn deliver(mailboxes: &Mailboxes, message: Message) -> Result<(), String> {
    match &message.to {
        Target::Name(_) => mailboxes.put(message),
        // On the I/O thread, which waits for nobody.
        Target::Address { .. } => send(message, false),
    }
}

/// Sends a message that has an address; a `patient` sender may be slowed down.
fn send(message: Message, patient: bool) -> Result<(), String> {
    let Target::Address { home: its_home, table, name } = &message.to else {
        return Err("a message without an address".to_owned());
    };
    if *its_home == home() {
        if *table == ROOT {
            return super::root().0.mailboxes.put(message);
        }
        return match scopes().iter().find(|scope| scope.0.mailboxes.id() == *table) {
            Some(scope) => scope.0.mailboxes.put(message),
            None => Err(format!("a message for mailbox `{name}` was dropped: its scope has ended")),
        };
    }
    let peers = PEERS.lock().unwrap_or_else(PoisonError::into_inner);
    let peer =
        peers.iter().filter_map(|peer| Some(Peer::of(peer)?.shared())).find(|peer| peer.home() == Some(*its_home));
    drop(peers);
    match peer {
        Some(peer) => peer.post(&message).map_err(|error| error.to_string()),
        None if node::post_up(&message, patient) => Ok(()),
        None => Err(format!("a message for mailbox `{name}` was dropped: no node of that address is known here")),
    }
}

/// Sends `message` to the mailbox `name` of the root scope of a node of this build. What cannot be sent is noted on the
/// console.
pub(crate) fn send_to_root<M: Serialize>(home: u128, name: &str, message: &M) {
    let to = Target::Address { home, table: ROOT, name: name.to_owned() };
    if let Err(why) = Message::new(to, Encoding::Postcard, message).and_then(|message| send(message, true)) {
        super::scope().unwrap_or_else(|| super::root().clone()).event(&node::name(), PeerEvent::Note(&why));
    }
}

impl<T: Serialize> Address<T> {
    /// Sends `message` to the mailbox, wherever it is: in this process, in a peer of it, in its origin, or in
    /// another peer of that origin. What cannot be sent is noted on the console.
    ///
    /// See [`Mailbox`](crate::Mailbox) for an example.
    pub fn send(&self, message: impl Borrow<T>) {
        if let Err(why) = Message::new(self.target(), self.encoding(sys::build_id()), message.borrow())
            .and_then(|message| send(message, true))
        {
            super::scope().unwrap_or_else(|| super::root().clone()).event(&node::name(), PeerEvent::Note(&why));
        }
    }
}
