//! The origin's side: one control process per peer, and the handle to it.
//!
//! It knows nothing of nodes but the protocol, and nothing of scopes but that a peer has an
//! [`Owner`](crate::owner::Owner).

mod barrier;
mod boot;
mod boot_error;
mod calls;
pub(crate) mod console;
mod control;
mod describe;
mod faults;
mod handle;
mod heartbeat;
mod inner;
mod leaks;
mod link;
mod peer;
mod program;
mod restart;
mod send;

pub use boot::Start;
pub(crate) use boot::start;
pub use calls::Call;
pub(crate) use describe::{Description, Snapshot};
pub(crate) use handle::{Adopter, Handle};
pub(crate) use inner::{How, Inner};
pub use peer::{Peer, Stop};
