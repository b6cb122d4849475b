//! Scopes: what a test or a program owns, and what ends with it.

mod barriers;
pub(crate) mod console;
mod current;
mod events;
mod handle;
mod nodes;
mod panics;
mod peers;
mod program;
mod route;

pub(crate) use console::{Line, Show};
pub use current::{Entered, barrier, free_port, mailbox, priv_dir, scope, start, start_link};
pub(crate) use current::{has_no_root, root, send_to_root, take_panic};

pub use handle::Scope;
pub use nodes::{Nodes, ct_peer, ct_peer_name, ct_peer_name_of};
pub(crate) use panics::Panicked;
