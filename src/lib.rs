//! OTP's [`peer`](https://www.erlang.org/doc/apps/stdlib/peer.html) module and Common Test's `?CT_PEER` for Rust.
//!
//! A test starts real operating-system processes as *nodes*, linked to the test, calls Rust functions inside them, and
//! relies on this: what it started ends with it, and a failure says why at once.
//!
//! ```no_run
//! use peer::prelude::*;
//!
//! #[remote] // callable on any node that runs this code
//! fn sum(values: Vec<u64>) -> u64 {
//!     values.iter().sum()
//! }
//!
//! #[peer_test(nodes = 4)] // four booted, linked, named nodes
//! async fn every_node_adds_up(nodes: Nodes) -> peer::Result {
//!     for node in &nodes {
//!         assert_eq!(node.call(sum, (vec![1, 2, 3],)).await?, 6);
//!     }
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! # Terms
//! - *origin*: the process that starts peers: a test executable, or any program using this crate. A node may be one, too.
//! - *peer*: a node that an origin started.
//! - *node*: a process running the node runtime; it has a name, `name@host`.
//! - *control process*: the task in the origin that owns one peer. [`Peer`] is a handle to it; dropping it stops nothing.
//! - *control connection*: the one connection whose loss ends the peer: standard I/O or TCP ([`Connection`]).
//! - *boot*: from the spawn of a process until it reports that it is started.
//! - *scope*: what a test or a program owns: its linked peers, mailboxes, console, directory and ports ([`Scope`]).
//! - *linked*: ends with its scope and, with [`PeerDown::Crash`], takes it down.
//! - *mailbox*: a named receiver of typed messages ([`Mailbox`]); its [`Address`] can be passed around and sent to.
//! - *barrier*: a point, by its name, that the nodes of a scope and its origin pass together ([`Barrier`]).
//! - *console*: what a node and its children print, read by the origin.
//! - *keeper*: the process between origin and peers, which ends everything below it when the origin is gone.
//!
//! # What is called
//! A node is this very executable again: under stock libtest and under [`main!`] it serves before any main runs, so there is
//! nothing to set up. Another executable is started with the option [`exec`](StartOptions::exec), and its main begins with
//! [`node::enter`]; its functions are called by name, with [`Peer::apply`]. [`Peer::call`] is typed, and for nodes of the same
//! build.
//!
//! # Programs that are no nodes
//! Any program can be a peer without calls, with the option [`program`](StartOptions::program): it is linked to its scope, and
//! has a name, a console, a state and an end as a node has. [`Ready`] says when it counts as started.
//!
//! # Which runtime
//! None in particular. Everything here is a future that any executor runs, and I/O and timers are on a thread of this crate,
//! so that a test that blocks its runtime blocks no peer. In a node sync functions run on threads of the node, and async
//! ones on a tokio runtime of the node, which starts with the first one.
//!
//! # What a test has of its own
//! [`priv_dir`] is a directory that is removed when the test passes, and kept when it fails; with
//! [`own_dir`](StartOptions::own_dir) each peer runs in a part of it. [`free_port`] leases a port that nobody else is given.
//!
//! # Waiting for one another
//! At a [`barrier`](fn@barrier) the nodes of a test and the test wait until all of them have arrived. Who goes down breaks it at once, and a
//! time-out says who is missing, and what those are doing.
//!
//! # In all nodes at once
//! The body of a [`#[peer_test(nodes = 3, everywhere)]`](peer_test) runs in each of the nodes and takes its [`Rank`].
//!
//! # Features
//! - `harness` (default): everything, with [`main!`].
//! - `node`: what a server takes that can be a node: `peer = { version = "0.1", default-features = false, features = ["node"] }`.
//!   It has [`node`], [`remote`], mailboxes and barriers, and builds no test harness.
//! - `junit`: `--junit PATH` of [`main!`].
//!
//! # Limits
//! Linux only. What peers start ends with them, unless another user or another daemon owns it; the README says more.

pub use peer_runtime::node;
pub use peer_runtime::{
    Address, Barrier, BootNotice, BootNotices, BootNotify, Call, Connection, Entered, EnvValue, Error, Exec, Failure,
    Input, Mailbox, Nodes, Peer, PeerDown, PeerState, Ready, Reason, Recipient, RemoteFn, RemotePanic, Result, Scope,
    Shutdown, Start, StartOptions, Stop, UNLIMITED, WaitBoot, barrier, free_port, mailbox, priv_dir, random_name,
    scope, start, start_link,
};
#[cfg(feature = "test")]
pub use peer_runtime::{Rank, TestStatus, comment, skip};

#[cfg(feature = "test")]
#[doc(hidden)]
pub use peer_macros::__suite;
pub use peer_macros::{ct_peer, ct_peer_name, remote};
#[cfg(feature = "test")]
pub use peer_macros::{
    end_per_group, end_per_suite, end_per_testcase, init_per_group, init_per_suite, init_per_testcase, peer_group,
    peer_test,
};

/// All that generated code may touch; not public API.
#[doc(hidden)]
pub use peer_runtime::private as __private;

/// What a test usually needs: `use peer::prelude::*;`.
///
/// ```
/// use peer::prelude::*;
/// let options = StartOptions::new().connection(Connection::Tcp(0)).peer_down(PeerDown::Crash);
/// # drop(options);
/// ```
pub mod prelude {
    pub use crate::{
        Connection, Input, Nodes, Peer, PeerDown, PeerState, Ready, Reason, Shutdown, StartOptions, WaitBoot, ct_peer,
        ct_peer_name, mailbox, remote,
    };
    #[cfg(feature = "test")]
    pub use crate::{
        Rank, end_per_group, end_per_suite, end_per_testcase, init_per_group, init_per_suite, init_per_testcase,
        peer_group, peer_test,
    };
}

/// The `main` of a test target with `harness = false`: runs its `#[peer_test]`s and [groups](peer_group) in parallel.
///
/// It takes libtest's arguments: filters, of which there may be several, `--list`, `--exact`, `--skip`, `--ignored`,
/// `--nocapture`, `--color`; and `--jobs N` or `PEER_JOBS` (how many nodes there may be at once of all runs of this user, 256 at most; `--test-threads` or
/// `RUST_TEST_THREADS` says it of this run alone), `--shuffle[=SEED]`, `--report-time`, `--format json`, and `--junit PATH` (feature `junit`). `--help` has
/// all of them.
///
/// `peer::main!(timetrap = "30s")` gives the whole target a time limit: that of every test and hook for which neither the test
/// nor a group says one, those of the suite included. A time is `"500ms"`, `"30s"`, `"2m"`, `"1h"`, or `"off"`; without it the
/// limit is 60 s. The order is: test, innermost group, suite, 60 s, and `PEER_TIMETRAP_FACTOR` multiplies all of them.
///
/// A flag that there is not, and a variable that is no such number (`PEER_JOBS=many`, `PEER_TIMETRAP_FACTOR=0`), end the run before
/// anything begins, and say what there is instead. A variable is not read where a flag says the same.
///
/// The exit status is 0 if nothing failed, 101 otherwise, 2 for arguments and variables that are not understood, and 130 after a second
/// interrupt. These are the words of the lines, and what each does to the status:
///
/// | verdict | line | fails the run |
/// |---|---|---|
/// | passed | `ok` | no |
/// | flaky: passed on a retry | `ok (flaky: passed on attempt 2)` | no |
/// | failed | `FAILED` | yes |
/// | its timetrap was over, or that of an end behind it | `FAILED (timed out after 30s)` | yes |
/// | infrastructure: a node could not boot, which is not the test's fault | `FAILED (infrastructure)` | yes |
/// | passed, with `leaks = "fail"`, and left processes behind | `FAILED (leaked)` | yes |
/// | ended by an interrupt | `FAILED (interrupted)` | yes |
/// | ignored, [skipped](skip), or behind something that failed | `ignored, why` | no; what failed does |
///
/// A verdict is *infrastructure* where a node of `nodes = N` could not boot, or where the test, or an init, returned as it is
/// the [`Error`] of a boot that failed for want of processes, descriptors or memory, because the keeper of all peers was gone or
/// did not answer, or because it took longer than its `wait_boot`; and where there was no thread to run the test on. What
/// the author can mend is a failure: a program that is not there or ended by itself, a bad option, a name in use; and so is
/// whatever a test asserts, unwraps or wraps into another error. Only `retries` try it again.
///
/// What panics on the threads of a test is told with that test, and only if it fails: message, place, and with
/// `RUST_BACKTRACE=1` the backtrace; with `--nocapture` at once. Panics on threads that belong to no test are said at
/// once, by the hook that was there; a hook that a test sets is called as ever.
///
/// Stock `cargo test` and `cargo nextest run` need none of this: there every `#[peer_test]` is a `#[test]`, too. In a target
/// without `harness = false` the main is not used, but the line may stand there all the same, for its `timetrap` and `weight`.
///
/// A plain `#[test]` in a target with `harness = false` is run by nobody, and the compiler leaves it out without a word: put it into another
/// target, or make it a `#[peer_test]`. What a test itself prints is not captured, but goes to standard output at once, between the lines;
/// with `--format json`, `--logfile PATH` keeps the two apart.
///
/// # Slots
/// A slot is the right to run one node. There are as many as `--jobs` says, for all runs of this user that go on at the same time. A test takes as many as it
/// has nodes, or its `weight`, one at least, and an init and an end take one while they run.
///
/// Nodes that an init starts count if it is said how many they are, 1 to 1000: `#[peer_group(weight = 3)]` for `init_per_group`, `peer::main!(weight = 3)`
/// for [`init_per_suite`](macro@init_per_suite). So many slots are held from before the init until these nodes have ended, after the end. A weight without such an init is an error.
///
/// With them a group takes, in one step, as many as everything below it that runs at once needs: for a sequence those of its heaviest test, otherwise
/// those of all its tests together, and no more than there are. So its tests never wait for other runs. Groups within it take theirs from these. An
/// `exclusive` test needs all there are, and so nothing runs beside a group that has a weight and such a test. A group that needs more than there are
/// runs its tests one by one: then there are more nodes than slots, as with a test that has more. Under nextest, which gives each test a process
/// in which the inits around it run, that process takes the weights of suite, groups and test together.
///
/// ```no_run
/// use peer::prelude::*;
///
/// #[peer_test(nodes = 1)]
/// async fn boots(nodes: Nodes) {
///     assert_eq!(nodes[0].state(), PeerState::Running);
/// }
///
/// peer::main!(timetrap = "30s");
/// ```
///
/// A suite that holds a slot for the node that all of its tests share:
///
/// ```
/// use peer::prelude::*;
///
/// struct Registry(Peer);
///
/// #[init_per_suite]
/// async fn start() -> peer::Result<Registry> {
///     Ok(Registry(ct_peer!().await?))
/// }
///
/// #[peer_test(nodes = 1)] // two nodes in all
/// async fn both_run(registry: &Registry, nodes: Nodes) {
///     assert_eq!(registry.0.state(), nodes[0].state());
/// }
///
/// peer::main!(weight = 1);
/// ```
#[cfg(feature = "test")]
#[macro_export]
macro_rules! main {
    ($($arguments:tt)*) => {
        $crate::__suite!($($arguments)*);

        fn main() -> ::std::process::ExitCode {
            $crate::__private::main()
        }
    };
}
