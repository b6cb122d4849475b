//! OTP's `peer` module and Common Test's `?CT_PEER` for Rust.

pub use peer_macros::{ct_peer, ct_peer_name, peer_test, remote};
pub use peer_runtime::node;
pub use peer_runtime::{
    Address, BootNotice, BootNotices, BootNotify, Call, Connection, Entered, EnvValue, Error, Exec, Failure, Input,
    Mailbox, Nodes, Peer, PeerDown, PeerState, Reason, Recipient, RemoteFn, RemotePanic, Result, Scope, Shutdown,
    Start, StartOptions, Stop, UNLIMITED, WaitBoot, mailbox, random_name, scope, start, start_link,
};

/// All that generated code may touch; not public API.
#[doc(hidden)]
pub use peer_runtime::private as __private;

/// What a test usually needs: `use peer::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Connection, Input, Nodes, Peer, PeerDown, PeerState, Reason, Shutdown, StartOptions, WaitBoot, ct_peer,
        ct_peer_name, mailbox, peer_test, remote,
    };
}

/// The `main` of a test target with `harness = false`: runs its `#[peer_test]`s in parallel.
///
/// It takes libtest's arguments: filters, `--list`, `--exact`, `--ignored`, `--nocapture`, `--test-threads`.
///
/// ```no_run
/// peer::main!();
/// ```
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            $crate::__private::main()
        }
    };
}
