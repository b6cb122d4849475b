//! This process as a node: its boot specification, its connection, and what it sends to its origin.

use std::ffi::OsString;
use std::sync::{Arc, OnceLock};

use super::input::Feeder;
use crate::link::blocking::Outgoing;
use crate::mailbox::Message;
use crate::owner::PeerEvents;
use crate::wire::message::{self, BootSpec, ToOrigin};

pub(super) struct NodeRuntime {
    pub(super) spec: BootSpec,
    pub(super) name: String,
    pub(super) args: Vec<OsString>,
    pub(super) out: Outgoing,
    pub(super) owner: Arc<dyn PeerEvents>,
    pub(super) input: Feeder,
    pub(super) started: OnceLock<()>,
}

/// Set when the node has entered.
static NODE: OnceLock<NodeRuntime> = OnceLock::new();

/// This process as a node; none before it has entered, and in a process that is no node.
pub(super) fn get() -> Option<&'static NodeRuntime> {
    NODE.get()
}

/// Makes this process a node; the first one stays.
pub(super) fn enter(node: NodeRuntime) -> &'static NodeRuntime {
    NODE.get_or_init(|| node)
}

impl NodeRuntime {
    pub(super) fn started(&self) {
        if self.started.set(()).is_ok() {
            self.send(&ToOrigin::Started { node: &self.name }, &[]);
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.spec.frame_limit as usize
    }

    /// Sends a message of a user; a `patient` sender is slowed down where it sends more than the origin reads.
    pub(super) fn post(&self, message: &Message, patient: bool) {
        let Message { to, type_name, encoding, payload } = message;
        let head = ToOrigin::Message { to: to.clone(), type_name, encoding: *encoding };
        let mut fits = Ok(());
        self.out.hold(|queue| fits = message::append(queue, self.limit(), &head, payload));
        if patient {
            self.out.flush();
        } else {
            self.out.flush_if_idle();
        }
        if let Err(length) = fits {
            self.note(&format!(
                "a message of {length} bytes for mailbox `{}` was dropped: the limit is {}",
                to.name(),
                self.limit()
            ));
        }
    }

    pub(super) fn note(&self, text: &str) {
        self.send(&ToOrigin::Note { text }, &[]);
    }

    /// Sends a message that is far shorter than any limit. It never waits, since the leader sends such messages, too.
    pub(super) fn send(&self, message: &ToOrigin<'_>, payload: &[u8]) {
        self.out.hold(|queue| {
            // A text beyond the limit is left out.
            let _ = message::append(queue, self.limit(), message, payload);
        });
        self.out.flush_if_idle();
    }
}
