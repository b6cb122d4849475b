//! What the macros write is quiet under strict lints, in the crate of a user who has them all.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    missing_debug_implementations,
    unused_qualifications,
    unused_results,
    unreachable_pub,
    let_underscore_drop
)]

use peer::prelude::*;

/// Called on a node by every test here.
#[remote]
fn double(value: u64) -> u64 {
    value * 2
}

#[remote]
async fn later(words: Vec<String>, (left, mut right): (u8, u8)) -> Result<String, u8> {
    std::future::ready(()).await;
    right += left;
    if words.is_empty() { Err(right) } else { Ok(words.concat()) }
}

#[remote]
const fn nothing() {}

#[remote]
#[deprecated = "to see that the entry in the table does not warn"]
pub(crate) fn old(value: Option<[u8; 4]>) -> Option<[u8; 4]> {
    value
}

#[cfg(any())]
#[remote]
fn never_compiled(value: NoSuchType) {}

#[remote]
#[cfg(any())]
fn never_compiled_either(value: NoSuchType) {}

/// Documented, as some tests are.
#[peer_test(nodes = 1, timetrap = "1m")]
async fn a_node_doubles(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        assert_eq!(node.call(double, (21,)).await?, 42);
    }
    Ok(())
}

#[peer_test(nodes = 1, connection = "tcp", flavor = "multi_thread", worker_threads = 2)]
async fn a_node_over_tcp_doubles(nodes: Nodes) -> peer::Result {
    for node in &nodes {
        assert_eq!(node.call(double, (21,)).await?, 42);
    }
    Ok(())
}

#[peer_test]
async fn a_peer_doubles() -> peer::Result {
    let peer = ct_peer!({ name: ct_peer_name!("lints"), connection: Connection::StandardIo }).await?;
    assert_eq!(peer.call(double, (4,)).await?, 8);
    let other = ct_peer!().await?;
    assert_ne!(peer.node(), other.node());
    assert_ne!(ct_peer_name!(), ct_peer_name!(String::from("x")));
    Ok(())
}

#[peer_test]
async fn nothing_awaited_nothing_returned() {
    assert_eq!(double(1), 2);
}

#[peer_test]
#[should_panic(expected = "on purpose")]
#[expect(clippy::manual_assert, reason = "to see that it is carried over")]
async fn panics() {
    if double(1) == 2 {
        panic!("on purpose");
    }
}

#[peer_test(timetrap = "off")]
#[ignore = "run by nobody: what is shown is that the attribute is carried over"]
async fn ignored() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("was not ignored"))
}

#[peer_test]
#[cfg_attr(all(), ignore = "run by nobody: what is shown is that a condition is")]
async fn ignored_on_a_condition() {
    panic!("was not ignored");
}

#[peer_test]
#[cfg(any())]
async fn never_compiled_test() -> NoSuchType {}

mod nested {
    use super::peer_test;

    #[peer_test]
    async fn names_of_the_module_are_found() {
        assert_eq!(super::double(super::double(1)), 4);
    }
}

macro_rules! written_by_a_macro {
    ($name:ident, $type:ty) => {
        #[remote]
        fn $name(value: $type) -> $type {
            value
        }
    };
}
written_by_a_macro!(same, Vec<u8>);

macro_rules! test_written_by_a_macro {
    ($name:ident, $nodes:literal, $body:block) => {
        #[peer_test(nodes = $nodes)]
        async fn $name(_nodes: Nodes) $body
    };
}
test_written_by_a_macro!(counted, 2, { assert_eq!(same(vec![1]), [1]) });
