//! What a scope does with the events of its peers.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use super::barriers::Caller;
use super::current;
use super::handle::Scope;
use super::route;
use crate::barrier::{Arrival, BarrierGate, Who};
use crate::error::Error;
use crate::origin::{Adopter, Handle, Peer};
use crate::owner::{PeerEvent, PeerEvents};

impl PeerEvents for Scope {
    fn event(&self, name: &str, event: PeerEvent<'_>) {
        match event {
            PeerEvent::Console(bytes) => self.0.console.printed(name, bytes),
            PeerEvent::ConsoleEnd => self.0.console.flush_node(name),
            PeerEvent::Note(text) => self.0.console.note(name, text),
            PeerEvent::Message(message) => {
                if let Err(why) = route::deliver(&self.0.mailboxes, message) {
                    self.0.console.note(name, &why);
                }
            }
            // A program reports leaks on its console only.
            PeerEvent::Leaked(leak) if self.is_test() => self.0.leaks.lock().push(leak),
            PeerEvent::Leaked(_) => {}
            PeerEvent::Crashed(report) => {
                let Some(listener) = &self.0.listener else {
                    // The scope is this program's, so the program goes down with the peer.
                    self.0.console.note(name, &format!("linked peer down, and this program with it:\n{report}"));
                    self.0.resources.directory.keep();
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "a broken link ends the program that it is linked to"
                    )]
                    std::process::exit(1);
                };
                // The report of a test describes all its peers.
                listener(report.lines().next().unwrap_or_default().to_owned());
            }
            PeerEvent::Down { node, reason, output } => self.barriers().node_is_down(name, node, reason, output),
        }
    }
}

impl BarrierGate for Scope {
    fn arrive(&self, who: Who, arrival: Arrival) {
        // A test that shares the nodes of a group arrives at a barrier of the group.
        let other = current::entered().filter(|other| other.id() != self.id());
        let caller = other.map(|other| Caller { label: format!("test `{}`", other.name()), scope: other.id() });
        self.barriers().arrive(who, caller, arrival);
    }

    fn withdraw(&self, who: &Who, id: u64) {
        self.barriers().withdraw(who, id);
    }
}

impl Adopter for Scope {
    fn starting(&self) -> Box<dyn Any + Send> {
        Box::new(self.0.peers.starting())
    }

    fn planned_dir(&self, name: &str) -> Option<PathBuf> {
        self.resources().directory.plan_for(name)
    }

    fn make_dir(&self, name: &str) -> Result<PathBuf, Error> {
        self.resources().directory.make_for(name)
    }

    fn adopt(&self, handle: &Arc<Handle>, linked: bool) -> Result<(), Error> {
        let peer = Peer::from(Arc::clone(handle));
        self.0.peers.add(&peer, linked, || self.check("start of a peer"))?;
        route::add_peer(&peer);
        Ok(())
    }
}
