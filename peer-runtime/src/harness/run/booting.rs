//! The nodes of a test while they boot.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::error::Error;
use crate::harness::declare::Test;
use crate::harness::outcome::{Fault, PanicFault};
use crate::options::StartOptions;
use crate::origin::Peer;
use crate::scope::{Nodes, Scope, ct_peer};

/// A boot that has begun.
type Boot = Pin<Box<dyn Future<Output = Result<Peer, Error>> + Send>>;

/// Those of a test.
pub(super) struct Booting(Vec<Boot>);

impl Booting {
    /// Begins to boot the nodes of a test in its scope, which may have no thread and no runtime yet.
    pub(super) fn begin(test: &Test, scope: &Scope) -> Self {
        let _entered = scope.enter();
        let path = format!("{}::{}", test.module, test.name);
        let options = StartOptions::new().connection(test.connection).own_dir(test.own_dirs);
        let begin = |_| -> Boot {
            let mut start = Box::pin(ct_peer(&path, options.clone()));
            // A start begins with its first poll; the one that waits for it polls it again.
            match start.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => Box::pin(ready(result)),
                Poll::Pending => start,
            }
        };
        Self((0..test.nodes).map(begin).collect())
    }

    /// Waits for all of them; in a runtime.
    pub(super) async fn nodes(self) -> Result<Nodes, Fault> {
        let boots: Vec<_> = self.0.into_iter().map(tokio::spawn).collect();
        let mut nodes = Vec::new();
        for boot in boots {
            match boot.await {
                Ok(result) => nodes.push(result.map_err(Fault::Boot)?),
                Err(error) => {
                    return Err(Fault::Panicked(PanicFault { message: error.to_string(), recorded: None }));
                }
            }
        }
        Ok(Nodes::new(nodes))
    }
}
