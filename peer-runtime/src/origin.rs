//! The origin's side: one control process per peer, and the handle to it.
//!
//! It knows nothing of nodes but the protocol, and nothing of scopes but that a peer has an
//! [`Owner`](crate::owner::Owner).

mod barrier;
mod boot;
mod boot_error;
mod call;
mod connection;
pub(crate) mod console;
mod control;
mod describe;
mod faults;
mod handle;
mod heartbeat;
mod leaks;
mod peer;
mod program;
mod restart;
mod send;
mod shared;

pub use boot::Start;
pub(crate) use boot::start;
pub use call::Call;
pub(crate) use describe::{Description, Snapshot};
pub(crate) use handle::{Adopter, Handle};
pub use peer::{Peer, Stop};
pub(crate) use shared::{How, PeerShared};
