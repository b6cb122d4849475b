//! The nodes of a test, and the starts that follow Common Test's conventions.

use std::ops::Deref;

use super::current::start_link;
use crate::name;
use crate::options::StartOptions;
use crate::origin::{Peer, Start};

/// The nodes that a test is given: booted, linked, named after the test.
///
/// ```no_run
/// use peer::prelude::*;
/// #[remote]
/// fn ping() -> u32 { 1 }
/// #[peer_test(nodes = 4)]
/// async fn all_answer(nodes: Nodes) -> peer::Result {
///     for node in &nodes {
///         assert_eq!(node.call(ping, ()).await?, 1);
///     }
///     nodes[3].stop().await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Nodes(Vec<Peer>);

impl Nodes {
    pub(crate) fn new(nodes: Vec<Peer>) -> Self {
        Self(nodes)
    }
}

impl Deref for Nodes {
    type Target = [Peer];

    fn deref(&self) -> &[Peer] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Nodes {
    type Item = &'a Peer;
    type IntoIter = std::slice::Iter<'a, Peer>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Nodes {
    type Item = Peer;
    type IntoIter = std::vec::IntoIter<Peer>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// `ct_peer!`: a linked peer, named after the function at `path` unless it is named.
pub fn ct_peer(path: &str, options: impl Into<StartOptions>) -> Start {
    let mut options = options.into();
    if options.name.is_none() {
        options.name = Some(ct_peer_name(path));
    }
    start_link(options)
}

/// `ct_peer_name!()`: a name after the function at `path`.
pub fn ct_peer_name(path: &str) -> String {
    name::from_function(path)
}

/// `ct_peer_name!("case")`: a name after another function than the calling one.
pub fn ct_peer_name_of(module: &str, case: impl AsRef<str>) -> String {
    name::from_function(&format!("{module}::{}", case.as_ref()))
}
