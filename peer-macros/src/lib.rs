//! Implementation detail of the `peer` crate: its macros, which are documented where they are re-exported.
//!
//! Every macro is thin: the item itself, one registration, one call into the private module of `peer`. On bad input the
//! item comes out unchanged, beside every error that was found, each on its own token.

mod args;
mod attributes;
mod ct_peer;
mod errors;
mod everywhere;
mod function;
mod hook;
mod parameters;
mod path;
mod peer_group;
mod peer_test;
mod remote;
mod suite;
mod test_config;
mod text;
mod types;
mod values;

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
/// | `everywhere` | the body runs in each of these nodes, and takes `rank: Rank`: see below | it runs once, in the test's process |
/// | `connection = "tcp"` | how these nodes are connected: `"stdio"` or `"tcp"` | `"stdio"` |
/// | `timetrap = "30s"` | how long the test may take: `"500ms"`, `"2m"`, `"1h"`, or `"off"`; a failure tells the place of its definition, since its line cannot be seen from outside, and what its nodes were doing | that of its group, else of `peer::main!`, else 60 s |
/// | `flavor = "multi_thread"` | the test's runtime: `"current_thread"` or `"multi_thread"` | `"current_thread"` |
/// | `worker_threads = 2` | threads of a `"multi_thread"` runtime | one per processor |
/// | `own_dirs` | with `nodes`: each of these nodes works in a directory of its own, as with the option `own_dir` | |
/// | `leaks = "fail"` | processes that a node left behind, and that had to be ended: `"report"` them, or `"fail"` | `"report"` |
/// | `repeat = 3` | that many rounds, 0 being none | 1 |
/// | `repeat_until_any_fail = 100` | at most that many rounds, and none after one that failed; also `_any_ok`, `_all_fail`, `_all_ok` | |
/// | `retries = 2` | how often a test that failed is tried again, with fresh nodes, at most 100 times; it is *flaky* if that helps | 0 |
/// | `weight = 8` | how many nodes it counts for when tests are scheduled, 1 to 1000 | as many as it has, at least 1 |
/// | `exclusive` | no other `#[peer_test]` of this user runs beside it, in this run or another one, whatever their `PEER_JOBS` | other tests do |
///
/// # Parameters
/// `nodes: Nodes` are the nodes that `nodes = N` asks for. Any parameter `&T` is what an init above the test returned, the
/// innermost one of that type: see [`peer_group`]. They may stand in any order. A `&T` that nobody gives is told before
/// anything runs.
///
/// ```
/// use peer::prelude::*;
///
/// struct Schema(&'static str);
///
/// #[peer::init_per_suite]
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
/// With `everywhere` the body runs in all nodes at once, as Akka's multi-node tests and sbt's multi-jvm do. Its only parameter
/// is its `Rank`, through which it meets the others at barriers and sends them messages, and it returns nothing or
/// `peer::Result`: the values of inits stay in the test's process, where all hooks run. `flavor` and `worker_threads` are those of the
/// runtime in each node.
///
/// The first rank that fails, by whatever it is, ends all the others, and is what is reported; so `#[should_panic]` wants the
/// panic of one rank. One that skips skips the test. A timetrap ends a body that blocks its thread, too, and says which ranks
/// still ran, and at which barriers they waited.
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
/// `#[ignore]`, `#[should_panic]` and `#[cfg]` mean what they mean on a `#[test]`. The test runs under `cargo test`, `cargo nextest` and
/// `peer::main!()` alike, with its rounds and retries. Stock libtest has one result for all rounds: it is a failure if any of them is.
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
///     async fn init_per_group() -> peer::Result<Cluster> {
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
/// | `parallel` | its tests run side by side, as far as there is room for their nodes; the default, also without the attribute |
/// | `sequence` | one after the other; after the first one that fails the rest is skipped; `--shuffle` leaves its order alone. Nextest, which runs each test by itself, knows no sequences |
/// | `shuffle` | in an order by chance, another one in each round; the run says its seed, and `PEER_SEED=N` gives the same order again |
/// | `shuffle = 42` | the same, with a seed of its own where nobody gives one by `PEER_SEED` or `--shuffle=SEED` |
/// | `repeat = 3` | that many rounds, each with hooks of its own; 0 runs nothing |
/// | `repeat_until_any_fail = 100` | the same, and no further round once a test of one has failed; also `_any_ok`, `_all_fail`, `_all_ok` |
/// | `timetrap = "30s"` | the time limit of its tests that have none of their own, and of each of its hooks; `"off"` for none; without it that of the group around it, else of `peer::main!`, else 60 s |
/// | `weight = 3` | how many nodes its `init_per_group` starts, 1 to 1000: it holds so many slots from before that until they have ended after `end_per_group`, in each round anew, see *Slots* at `peer::main!`; without it these nodes are not counted |
///
/// A second `repeat`, and `parallel` beside `sequence`, are errors, and so is a `weight` without an `init_per_group`. The module has to be written here, in braces.
///
/// Groups nest. A nested group begins when it is its turn, beside what runs already, and what is written after it waits for it.
///
/// # Hooks
/// Async functions of these names in the module are its hooks: `init_per_group` and `end_per_group` run around all of it,
/// `init_per_testcase` and `end_per_testcase` around each test; a name that differs from these by a slip does not compile. What an init returns, a `T` or a `Result<T, E>`, is there for
/// every test and hook below that has a parameter `&T`; of several the innermost one. It is found by its type, shared by
/// all who take it, and so has to be `Send + Sync + 'static`. An end returns nothing, or a `Result`.
///
/// It is dropped after the end, while its peers are there still, in a runtime and under a time limit; what panics meanwhile is a failure.
///
/// Peers that `init_per_group` starts live until `end_per_group` has run. `end_per_testcase` may take the `TestStatus`; it
/// runs while the peers of the test are there still, after a time trap as well, and may fail a test that has passed or was skipped. If an
/// init fails or skips, everything below it is skipped, its own end does not run, and there is no further round. An end that
/// skips has ended early, and changes nothing.
///
/// If a peer that `init_per_group` started with `PeerDown::Crash` goes down, what began with it fails by itself where it uses
/// the peer; everything below that has not begun yet is skipped, `end_per_group` runs, and the crash is a failure of
/// `init_per_group`.
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
///     async fn init_per_testcase() -> Table {
///         Table(peer::random_name("table"))
///     }
///
///     async fn end_per_testcase(table: &Table, status: peer::TestStatus) -> Result<(), String> {
///         match status {
///             peer::TestStatus::Passed if table.0.is_empty() => Err("the table was lost".to_owned()),
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
///
/// A hook is seen where it is written as a function in these braces; one that a macro call in them would write is not.
///
/// # Under which harness
/// Groups need `peer::main!()` in a target with `harness = false`. Under stock libtest the tests of groups with hooks or
/// `repeat`, and of sequences, fail, and say what to write; `timetrap` holds there, and `shuffle` changes nothing, as the order is
/// libtest's. Under nextest each test has a process, in which the hooks around it run; `repeat` of a group needs `harness = false` there, too.
#[proc_macro_attribute]
pub fn peer_group(arguments: TokenStream, item: TokenStream) -> TokenStream {
    peer_group::expand(arguments.into(), item.into()).into()
}

/// Makes a function the first thing that runs, before all tests and groups of the target; Common Test's `init_per_suite/1`.
///
/// ```
/// use peer::prelude::*;
///
/// struct Seed(u64);
///
/// #[peer::init_per_suite]
/// async fn choose_a_seed() -> Seed {
///     Seed(42)
/// }
///
/// #[peer_test]
/// async fn uses_it(seed: &Seed) {
///     assert_eq!(seed.0, 42);
/// }
/// # fn main() {}
/// ```
///
/// What it returns, a `T` or a `Result<T, E>`, is handed to all tests and hooks that take a `&T`, and what it starts lives
/// until `end_per_suite` has run. If it fails, or skips, every test is skipped. There is one for a target, in any module of it.
#[proc_macro_attribute]
pub fn init_per_suite(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("init_per_suite", "InitPerSuite", arguments.into(), item.into()).into()
}

/// Makes a function the last thing that runs, after all tests and groups of the target; Common Test's `end_per_suite/1`.
///
/// ```
/// use peer::prelude::*;
///
/// struct Registry(Peer);
///
/// #[peer::init_per_suite]
/// async fn start() -> peer::Result<Registry> {
///     Ok(Registry(ct_peer!().await?))
/// }
///
/// #[peer::end_per_suite]
/// async fn stop(registry: &Registry) -> peer::Result {
///     registry.0.stop().await?;
///     Ok(())
/// }
/// # fn main() {}
/// ```
///
/// It takes what `init_per_suite` returned, and returns nothing, or a `Result`: an error is a failure of its own. There is
/// one for a target, in any module of it, and it does not run if the init failed.
#[proc_macro_attribute]
pub fn end_per_suite(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand("end_per_suite", "EndPerSuite", arguments.into(), item.into()).into()
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
/// `program`, `ready`, `connection`, `args`, `env`, `current_dir`, `own_dir`, `wait_boot`, `shutdown`, `detached`, `post_process_args`,
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

/// What the arguments of `peer::main!` say of a whole target.
#[doc(hidden)]
#[proc_macro]
pub fn __suite(arguments: TokenStream) -> TokenStream {
    suite::expand(arguments.into()).into()
}
