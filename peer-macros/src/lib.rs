//! Implementation detail of the `peer` crate: its macros, documented where `peer` re-exports them.
//!
//! A macro emits the item, one registration and one call into the private module of `peer`. On bad input it emits the item
//! unchanged and every error, each on its own token. What the compiler can check with types and constants, it checks.

mod args;
mod attributes;
mod ct_peer;
mod errors;
mod function;
mod hook;
mod path;
mod peer_group;
mod peer_test;
mod remote;
mod values;

use proc_macro::TokenStream;

/// Makes a function callable on every node that runs this code.
///
/// The function does not change. Beside it stands an entry in the table of remote functions, in which a node finds it: by its
/// type for `Peer::call`, by module and name for `Peer::apply`.
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
/// Arguments and result travel between processes: they own their data and implement serde's traits. A function takes at most
/// twelve arguments, and has no generics, no `self`, no `impl Trait` and no references.
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
/// | `nodes = 4` | boots that many linked nodes for the parameter `nodes: Nodes` | no nodes |
/// | `everywhere` | the body runs in each of these nodes and takes a `Rank`: see below | it runs once, in the test's process |
/// | `connection = "tcp"` | the control connection of these nodes: `"stdio"` or `"tcp"` | `"stdio"` |
/// | `timetrap = "30s"` | the time limit of the test: `"500ms"`, `"2m"`, `"1h"`, or `"off"`; a failure shows what the nodes were doing | that of its group, else of `peer::main!`, else 60 s |
/// | `flavor = "multi_thread"` | the runtime: `"current_thread"` or `"multi_thread"` | `"current_thread"` |
/// | `worker_threads = 2` | threads of a `"multi_thread"` runtime | one per processor |
/// | `own_dirs` | each of these nodes works in a directory of its own, as with the option `own_dir` | |
/// | `leaks = "fail"` | leaked processes: `"report"` them, or `"fail"` the test | `"report"` |
/// | `repeat = 3` | the number of rounds; 0 runs it never | 1 |
/// | `repeat_until_any_fail = 100` | at most that many rounds, none after one that failed; also `_any_ok`, `_all_fail`, `_all_ok` | |
/// | `retries = 2` | how often a failed test runs again, with fresh nodes, at most 100 times; it is *flaky* if that helps | 0 |
/// | `weight = 8` | how many nodes it counts for in the budget, 1 to 1000 | as many as it has, at least 1 |
/// | `exclusive` | no other `#[peer_test]` of this user runs beside it, in this run or another one | other tests do |
///
/// # Parameters
/// `nodes: Nodes` takes the nodes that `nodes = N` boots. A parameter `&T` takes the fixture of that type: what the innermost init
/// above the test that returns a `T` returned, see [`peer_group`]. Parameters stand in any order. A test that takes a fixture no
/// init returns is rejected before the run starts.
///
/// ```
/// use peer::prelude::*;
///
/// struct Schema(&'static str);
///
/// #[init_per_suite]
/// async fn load() -> Result<Schema, std::io::Error> {
///     Ok(Schema("create table t (id int)"))
/// }
///
/// #[peer_test(nodes = 3, retries = 2, weight = 6, exclusive)]
/// async fn every_node_knows_the_schema(schema: &Schema, nodes: Nodes) {
///     assert_eq!(nodes.len(), 3);
///     assert!(schema.0.starts_with("create"));
/// }
/// # fn main() {}
/// ```
///
/// # Everywhere
/// With `everywhere` the body runs in all nodes at once, as Akka's multi-node tests and sbt's multi-jvm do. It takes its `Rank`
/// alone, through which it meets the others at barriers and sends them messages: fixtures stay in the test's process, where the
/// hooks run. `flavor` and `worker_threads` set the runtime in each node.
///
/// The first rank that fails ends all others and is the one that is reported, so `#[should_panic]` expects the panic of one rank.
/// A rank that skips skips the test. A timetrap ends a body that blocks its thread, too, and reports which ranks still ran and at
/// which barriers they waited.
///
/// ```
/// use peer::prelude::*;
///
/// #[peer_test(nodes = 3, everywhere)]
/// async fn all_know_the_leader(rank: Rank) -> peer::Result {
///     let leader = rank.mailbox::<usize>("leader");
///     if rank.rank() == 0 {
///         (0..rank.size()).for_each(|to| rank.send(to, "leader", 0));
///     }
///     assert_eq!(leader.recv().await?, 0);
///     rank.barrier("elected").await?;
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// # Under which harness
/// `#[ignore]`, `#[should_panic]` and `#[cfg]` mean what they mean on a `#[test]`. The test runs under `cargo test`, `cargo nextest`
/// and `peer::main!()` alike, with its rounds and retries. Stock libtest has one result for all rounds: a failure if one failed.
#[proc_macro_attribute]
pub fn peer_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    peer_test::expand(arguments.into(), item.into()).into()
}

/// Makes a module a group of tests; Common Test's `groups/0`.
///
/// ```
/// use peer::prelude::*;
///
/// #[remote]
/// fn double(value: u64) -> u64 {
///     value * 2
/// }
///
/// struct Cluster(Vec<Peer>);
///
/// #[peer_group(sequence, timetrap = "30s", weight = 2)] // the two nodes of the cluster
/// mod upgrade {
///     use super::*;
///
///     #[init_per_group]
///     async fn start() -> peer::Result<Cluster> {
///         Ok(Cluster(vec![ct_peer!().await?, ct_peer!().await?]))
///     }
///
///     #[peer_test]
///     async fn the_first_doubles(cluster: &Cluster) -> peer::Result {
///         assert_eq!(cluster.0[0].call(double, (1,)).await?, 2);
///         Ok(())
///     }
///
///     #[peer_test]
///     async fn so_does_the_second(cluster: &Cluster) -> peer::Result {
///         assert_eq!(cluster.0[1].call(double, (2,)).await?, 4);
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
///
/// | argument | meaning |
/// |---|---|
/// | `parallel` | its tests run side by side, as far as the budget of nodes allows; the default, also without the attribute |
/// | `sequence` | one after the other; a failure skips the rest; `--shuffle` keeps this order. Nextest, which runs each test by itself, knows no sequences |
/// | `shuffle` | in a random order, another one in each round; the run prints its seed, and `PEER_SEED=N` repeats the order |
/// | `shuffle = 42` | the same, with this seed unless `PEER_SEED` or `--shuffle=SEED` gives one |
/// | `repeat = 3` | the number of rounds, each with its own hooks; 0 runs nothing |
/// | `repeat_until_any_fail = 100` | at most that many rounds, none after one with a failed test; also `_any_ok`, `_all_fail`, `_all_ok` |
/// | `timetrap = "30s"` | the time limit of each of its hooks, and of its tests that have none; `"off"` for none; by default that of the group around it, else of `peer::main!`, else 60 s |
/// | `weight = 3` | how many nodes its `#[init_per_group]` starts, 1 to 1000: the group holds so many slots while it runs, see *Slots* at `peer::main!`; without it these nodes do not count |
///
/// The module is written here, in braces. Groups nest: a nested group begins when it is its turn, and what stands after it waits
/// for it.
///
/// # Hooks
/// Functions of the module with these attributes run around its tests, one for each attribute:
/// [`#[init_per_group]`](macro@init_per_group) and [`#[end_per_group]`](macro@end_per_group) around all of them,
/// [`#[init_per_testcase]`](macro@init_per_testcase) and [`#[end_per_testcase]`](macro@end_per_testcase) around each, those of nested
/// groups included. A hook outside a group, or a second one for an attribute, is rejected before the run starts.
///
/// An init returns a `T` or a `Result<T, E>`. Its `T`, a *fixture*, is there for every test and hook below that takes a `&T`; of
/// several of one type the innermost one. All who take it share it, so it is `Send + Sync + 'static`. It is dropped after the end,
/// before its peers end; a panic in its drop is a failure. An end returns nothing, or a `Result<(), E>`.
///
/// If an init fails or skips, everything below it is skipped, its end does not run, and no further round begins. A skip in
/// an end ends it early.
///
/// If a peer that `#[init_per_group]` started with `PeerDown::Crash` goes down, the running tests fail where they use it, the
/// tests that have not begun are skipped, `#[end_per_group]` runs, and the crash is a failure of the init.
///
/// # Under which harness
/// Groups need `peer::main!()` in a target with `harness = false`. Under stock libtest the tests of groups with hooks or
/// `repeat`, and of sequences, fail and say what to write; `timetrap` holds there, and `shuffle` changes nothing. Under
/// nextest each test has a process, in which the hooks around it run; `repeat` of a group needs `harness = false` there, too.
#[proc_macro_attribute]
pub fn peer_group(arguments: TokenStream, item: TokenStream) -> TokenStream {
    peer_group::expand(arguments.into(), item.into()).into()
}

/// Makes a function run before all tests of its [group](macro@peer_group); Common Test's `init_per_group/2`.
///
/// What it returns is a fixture of the group. Peers that it starts live until `#[end_per_group]` has run.
///
/// ```
/// use peer::prelude::*;
///
/// struct Server(Peer);
///
/// #[peer_group]
/// mod server {
///     use super::*;
///
///     #[init_per_group]
///     async fn start() -> peer::Result<Server> {
///         Ok(Server(ct_peer!().await?))
///     }
///
///     #[end_per_group]
///     async fn stop(server: &Server) -> peer::Result {
///         server.0.stop().await?;
///         Ok(())
///     }
///
///     #[peer_test]
///     async fn runs(server: &Server) {
///         assert_eq!(server.0.state(), PeerState::Running);
///     }
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn init_per_group(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("init_per_group", "InitPerGroup", arguments.into(), item.into()).into()
}

/// Makes a function run after all tests of its [group](macro@peer_group); Common Test's `end_per_group/2`.
///
/// ```
/// use peer::prelude::*;
///
/// #[peer_group]
/// mod files {
///     use super::*;
///
///     #[end_per_group]
///     async fn remove() -> std::io::Result<()> {
///         std::fs::remove_dir_all("files")
///     }
///
///     #[peer_test]
///     async fn writes_one() {}
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn end_per_group(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("end_per_group", "EndPerGroup", arguments.into(), item.into()).into()
}

/// Makes a function run before each test of its [group](macro@peer_group); Common Test's `init_per_testcase/2`.
///
/// ```
/// use peer::prelude::*;
///
/// struct Table(String);
///
/// #[peer_group(repeat_until_any_fail = 10)]
/// mod tables {
///     use super::*;
///
///     #[init_per_testcase]
///     async fn create() -> Table {
///         Table(peer::random_name("table"))
///     }
///
///     #[end_per_testcase]
///     async fn drop_it(table: &Table, status: peer::TestStatus) -> Result<(), String> {
///         match status {
///             peer::TestStatus::Passed if table.0.is_empty() => Err("the table is lost".to_owned()),
///             _ => Ok(()),
///         }
///     }
///
///     #[peer_test]
///     async fn each_test_has_one(table: &Table) {
///         assert!(table.0.starts_with("table"));
///     }
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn init_per_testcase(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("init_per_testcase", "InitPerTestcase", arguments.into(), item.into()).into()
}

/// Makes a function run after each test of its [group](macro@peer_group); Common Test's `end_per_testcase/2`.
///
/// It runs while the peers of the test are alive, after a timetrap too, and may take the `TestStatus` of the test. Its error fails a
/// test that passed or was skipped.
///
/// ```
/// use peer::prelude::*;
///
/// #[peer_group]
/// mod tables {
///     use super::*;
///
///     #[end_per_testcase]
///     async fn report(status: peer::TestStatus) {
///         println!("{status}");
///     }
///
///     #[peer_test]
///     async fn creates_one() {}
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn end_per_testcase(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("end_per_testcase", "EndPerTestcase", arguments.into(), item.into()).into()
}

/// Makes a function run before all tests and groups of the target; Common Test's `init_per_suite/1`.
///
/// What it returns, a `T` or a `Result<T, E>`, is a fixture of all tests and hooks, and what it starts lives until
/// `#[end_per_suite]` has run. If it fails or skips, every test is skipped. A target has one, in any module.
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
/// #[end_per_suite]
/// async fn stop(registry: &Registry) -> peer::Result {
///     registry.0.stop().await?;
///     Ok(())
/// }
///
/// #[peer_test]
/// async fn runs(registry: &Registry) {
///     assert_eq!(registry.0.state(), PeerState::Running);
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn init_per_suite(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("init_per_suite", "InitPerSuite", arguments.into(), item.into()).into()
}

/// Makes a function run after all tests and groups of the target; Common Test's `end_per_suite/1`.
///
/// It returns nothing, or a `Result<(), E>`; an error is a failure of its own. It does not run if `#[init_per_suite]` failed. A
/// target has one, in any module.
///
/// ```
/// use peer::prelude::*;
///
/// #[end_per_suite]
/// async fn remove() -> std::io::Result<()> {
///     std::fs::remove_dir_all("files")
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn end_per_suite(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("end_per_suite", "EndPerSuite", arguments.into(), item.into()).into()
}

/// Starts a peer that is linked to the test and named after the function around it; OTP's `?CT_PEER`.
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
/// A list holds additional command line arguments. Each `key: value` in braces calls the method `key` of `StartOptions`. Any other
/// expression is the `StartOptions` themselves.
#[proc_macro]
pub fn ct_peer(input: TokenStream) -> TokenStream {
    ct_peer::expand(input.into()).into()
}

/// A name that no other peer has; OTP's `?CT_PEER_NAME`.
///
/// ```
/// use peer::prelude::*;
///
/// # fn name() {
/// let mine = ct_peer_name!(); // from this module and function
/// let other = ct_peer_name!("other_case"); // from this module and another test
/// # let _ = (mine, other);
/// # }
/// ```
#[proc_macro]
pub fn ct_peer_name(input: TokenStream) -> TokenStream {
    ct_peer::expand_name(input.into()).into()
}

/// The arguments of `peer::main!`.
#[doc(hidden)]
#[proc_macro]
pub fn __suite(arguments: TokenStream) -> TokenStream {
    peer_group::expand_suite(arguments.into()).into()
}
