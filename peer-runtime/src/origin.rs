//! The origin's side: one control process per peer, and the handle to it.
//!
//! It knows nothing of nodes but the protocol, and nothing of scopes but that a peer has an
//! [`Owner`](crate::owner::Owner).

mod boot;
mod calls;
pub(crate) mod console;
mod control;
mod inner;
mod link;
mod peer;
mod send;

pub use boot::Start;
pub(crate) use boot::start;
pub use calls::Call;
pub(crate) use inner::{How, Inner};
pub use peer::{Peer, Stop};
