//! The origin's side: one control process per peer, and the handle to it.
//!
//! It knows nothing of nodes but the protocol, and nothing of scopes but that a peer has an
//! [`Owner`](crate::owner::Owner).

mod barrier;
mod boot;
mod call;
mod connection;
pub(crate) mod console;
mod control;
mod describe;
mod faults;
mod handle;
mod heartbeat;
mod leaks;
mod lifecycle;
mod peer;
mod pending_calls;
mod readiness;
mod send;
mod shared;

pub use boot::Start;
pub(crate) use boot::start;
pub use call::Call;
pub(crate) use describe::{Description, Snapshot};
pub(crate) use handle::{Adopter, Handle};
pub use lifecycle::Stop;
pub use peer::Peer;
pub(crate) use shared::{How, PeerShared};
