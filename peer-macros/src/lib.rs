//! Implementation detail of the `peer` crate: its macros, which are documented where they are re-exported.
//!
//! Every macro is thin: the item itself, one registration, one call into the private module of `peer`. On bad input the
//! item comes out unchanged, beside every error that was found, each on its own token.

mod args;
mod attributes;
mod ct_peer;
mod errors;
mod function;
mod path;
mod peer_test;
mod remote;
mod test_config;
mod text;
mod types;

use proc_macro::TokenStream;

/// Makes a function callable on every node that runs this code.
///
/// The function stays what it is. Beside it stands an entry in the table of remote functions, by which `Peer::call` finds
/// it on the node, and `Peer::apply` by module and name.
///
/// ```
/// use peer::prelude::*;
///
/// #[remote]
/// fn sum(values: Vec<u64>) -> u64 {
///     values.iter().sum()
/// }
///
/// #[remote]
/// async fn after(pause: Duration, word: String) -> String {
///     let _ = pause;
///     word
/// }
/// # use std::time::Duration;
/// # fn main() { assert_eq!(sum(vec![1, 2]), 3); let _ = after; }
/// ```
///
/// Arguments and result travel between processes, so they are owned and implement serde's traits; there are at most twelve
/// arguments. A name on a node means one function: `self`, generics, `impl Trait`, references and `-> !` are refused.
#[proc_macro_attribute]
pub fn remote(arguments: TokenStream, item: TokenStream) -> TokenStream {
    remote::expand(arguments.into(), item.into()).into()
}

/// Makes an async function a test that can have nodes.
///
/// ```
/// use peer::prelude::*;
///
/// #[remote]
/// fn double(value: u64) -> u64 {
///     value * 2
/// }
///
/// #[peer_test(nodes = 2, timetrap = "30s")]
/// async fn both_double(nodes: Nodes) -> peer::Result {
///     for node in &nodes {
///         assert_eq!(node.call(double, (21,)).await?, 42);
///     }
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// | argument | meaning | default |
/// |---|---|---|
/// | `nodes = 4` | that many booted, linked nodes, handed to the parameter `nodes: Nodes` | no nodes, no parameter |
/// | `connection = "tcp"` | how these nodes are connected: `"stdio"` or `"tcp"` | `"stdio"` |
/// | `timetrap = "30s"` | how long the test may take: `"500ms"`, `"2m"`, `"1h"`, or `"off"` | 60 s |
/// | `flavor = "multi_thread"` | the test's runtime: `"current_thread"` or `"multi_thread"` | `"current_thread"` |
/// | `worker_threads = 2` | threads of a `"multi_thread"` runtime | one per processor |
/// | `leaks = "fail"` | processes that a node left behind, and that had to be ended: `"report"` them, or `"fail"` | `"report"` |
///
/// `#[ignore]`, `#[should_panic]` and `#[cfg]` mean what they mean on a `#[test]`. The test runs under `cargo test`,
/// `cargo nextest` and `peer::main!()` alike.
#[proc_macro_attribute]
pub fn peer_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    peer_test::expand(arguments.into(), item.into()).into()
}

/// Starts a peer that is linked to the test and named after the function it is started in; OTP's `?CT_PEER`.
///
/// ```
/// use peer::prelude::*;
///
/// # async fn start() -> peer::Result {
/// let plain = ct_peer!().await?;
/// let tuned = ct_peer!(["--shard", "3"]).await?;
/// let custom = ct_peer!({ name: "other", connection: Connection::Tcp(0), peer_down: PeerDown::Crash }).await?;
/// # Ok(())
/// # }
/// ```
///
/// A list means extra command line arguments. Braces hold the options `name`, `longnames`, `host`, `peer_down`, `exec`,
/// `foreign`, `ready`, `connection`, `args`, `env`, `current_dir`, `own_dir`, `wait_boot`, `shutdown`, `detached`, `post_process_args`,
/// `input` and `frame_limit`, each named as the method of `StartOptions` that it calls. Any other expression is the `StartOptions` themselves.
#[proc_macro]
pub fn ct_peer(input: TokenStream) -> TokenStream {
    ct_peer::expand(input.into()).into()
}

/// A name for a peer that no other peer has; OTP's `?CT_PEER_NAME`.
///
/// ```
/// use peer::prelude::*;
///
/// # fn name() {
/// let mine = ct_peer_name!(); // after this module and function
/// let other = ct_peer_name!("other_case"); // after this module and another case
/// # let _ = (mine, other);
/// # }
/// ```
#[proc_macro]
pub fn ct_peer_name(input: TokenStream) -> TokenStream {
    ct_peer::expand_name(input.into()).into()
}
