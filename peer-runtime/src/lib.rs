//! Implementation detail of the `peer` crate: nodes, control connections and the harness.
//!
//! The public face is `peer`; this crate's own interface changes without notice. Modules are listed
//! in the order in which they may import each other.

#![cfg_attr(
    not(feature = "test"),
    allow(dead_code, unused_imports, unreachable_pub, reason = "only the harness uses some items of other rooms")
)]

mod barrier;
mod bounded_log;
mod codec;
mod error;
mod failure;
mod io_thread;
mod leak;
mod mailbox;
mod name;
mod options;
mod owner;
mod panic;
mod private_dir;
mod random;
mod sanitize;
mod state;
mod timeouts;
mod truncate;

mod sys;
mod wire;

mod tree;

mod resources;

mod keeper;
mod launch;
mod link;
mod process;

mod registry;

pub mod node;
mod origin;

mod scope;

#[cfg(feature = "test")]
mod slots;

#[cfg(feature = "test")]
mod harness;
mod hook;

#[cfg(any(test, fuzzing))]
pub mod fuzz;

#[doc(hidden)]
pub mod private;

pub use barrier::Barrier;
pub use error::Error;
pub use failure::{Failure, Result};
#[cfg(feature = "test")]
pub use harness::{Rank, TestStatus, comment, skip};
pub use mailbox::{Address, Mailbox, Recipient};
pub use name::random_name;
pub use options::{
    BootNotice, BootNotices, BootNotify, Connection, EnvValue, Exec, Input, PeerDown, Ready, Shutdown, StartOptions,
    WaitBoot,
};
pub use origin::{Call, Peer, Start, Stop};
pub use panic::RemotePanic;
pub use registry::RemoteFn;
pub use scope::{Entered, Nodes, Scope, barrier, free_port, mailbox, priv_dir, scope, start, start_link};
pub use state::{PeerState, Reason};
pub use timeouts::UNLIMITED;
