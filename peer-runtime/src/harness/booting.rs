//! The nodes of a test while they boot.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::fault::{Fault, panicked};
use super::tests::Test;
use crate::error::Error;
use crate::options::StartOptions;
use crate::origin::{Peer, Start};
use crate::scope::{Nodes, Scope, ct_peer};

/// Boots that have begun.
pub(super) struct Booting(Vec<Boot>);

enum Boot {
    UnderWay(Start),
    /// There was nothing to wait for.
    Over(Result<Peer, Error>),
}

impl Booting {
    /// Begins to boot the nodes of a test, in its scope, which may have no thread and no runtime yet.
    pub(super) fn begin(test: &Test, scope: &Scope) -> Self {
        let _entered = scope.enter();
        let path = format!("{}::{}", test.module, test.name);
        let options = StartOptions::new().connection(test.connection).own_dir(test.own_dirs);
        let begin = |_| {
            let mut start = ct_peer(&path, options.clone());
            // A start begins with its first poll; whoever waits for it polls it again.
            match Pin::new(&mut start).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => Boot::Over(outcome),
                Poll::Pending => Boot::UnderWay(start),
            }
        };
        Self((0..test.nodes).map(begin).collect())
    }

    /// Waits for all of them; in a runtime.
    pub(super) async fn nodes(self) -> Result<Nodes, Fault> {
        let wait = |boot| {
            tokio::spawn(async {
                match boot {
                    Boot::UnderWay(start) => start.await,
                    Boot::Over(outcome) => outcome,
                }
            })
        };
        let boots: Vec<_> = self.0.into_iter().map(wait).collect();
        let mut nodes = Vec::new();
        for boot in boots {
            match boot.await {
                Ok(Ok(node)) => nodes.push(node),
                Ok(Err(error)) => return Err(Fault::NoNodes(error)),
                Err(error) => return Err(panicked(Box::new(error.to_string()))),
            }
        }
        Ok(Nodes::new(nodes))
    }
}
