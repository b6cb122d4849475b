//! What a scope does with the events of its peers.

use super::{Scope, route};
use crate::barrier::{Arrival, BarrierGate, Who};
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
            PeerEvent::Leaked(text) => {
                // The scope of a program reports leaks on its console only.
                if self.0.listener.is_some() {
                    self.0.leaks.add(format!("{name}: {text}"));
                }
            }
            PeerEvent::Crashed(report) => {
                let Some(listener) = &self.0.listener else {
                    // The scope is this program's, so the program goes down with the peer.
                    self.0.console.note(name, &format!("linked peer down, and this program with it:\n{report}"));
                    self.0.place.keep();
                    #[expect(clippy::disallowed_methods, reason = "a broken link ends whoever it is linked to")]
                    std::process::exit(1);
                };
                // The reports of a test describe all its peers.
                listener(report.lines().next().unwrap_or_default().to_owned());
            }
            PeerEvent::Down { node, reason, output } => self.down_at_barriers(name, node, reason, output),
        }
    }
}

impl BarrierGate for Scope {
    fn arrive(&self, who: Who, arrival: Arrival) {
        self.arrive_at_barrier(who, arrival);
    }

    fn withdraw(&self, who: &Who, id: u64) {
        self.withdraw_from_barrier(who, id);
    }
}
