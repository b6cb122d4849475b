//! Barriers: who is waited for, what breaks one, and what is told then.

mod broken;
mod ends;
mod parties;
mod passing;
mod refused;
mod timeouts;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use peer::prelude::*;
use peer::{Barrier, Call};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::support::*;

/// Who takes part in a barrier.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Who {
    All,
    Nodes,
    Parties(usize),
}

impl Who {
    fn at(self, barrier: Barrier) -> Barrier {
        match self {
            Self::All => barrier,
            Self::Nodes => barrier.among_nodes(),
            Self::Parties(parties) => barrier.parties(parties),
        }
    }
}

/// An error, as a node passes it on.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    text: String,
    is_barrier: bool,
    is_timeout: bool,
    is_noconnection: bool,
    reason: Option<Reason>,
    node: Option<String>,
}

impl From<peer::Error> for Told {
    fn from(error: peer::Error) -> Self {
        Self {
            text: error.to_string(),
            is_barrier: error.is_barrier(),
            is_timeout: error.is_timeout(),
            is_noconnection: error.is_noconnection(),
            reason: error.down_reason().cloned(),
            node: error.node().map(str::to_owned),
        }
    }
}

type Met = Result<(), Told>;

/// Polls a future once; it must not be done by that.
async fn arrive<F: Future>(future: &mut std::pin::Pin<&mut F>) {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Pending => Poll::Ready(()),
        Poll::Ready(_) => panic!("it is done already"),
    })
    .await;
}

/// Waits at a barrier in the node.
#[remote]
async fn meet(name: String, who: Who) -> Met {
    Ok(who.at(peer::barrier(&name)).timeout(DEADLINE).await?)
}

/// The same, and tells the test that it has arrived.
#[remote]
async fn meet_aloud(name: String, who: Who, timeout: Duration) -> Met {
    let mut barrier = pin!(who.at(peer::barrier(&name)).timeout(timeout));
    arrive(&mut barrier).await;
    // Behind the arrival, on the same connection.
    peer::node::origin().unwrap().send("arrived", peer::node::name());
    Ok(barrier.await?)
}

/// The same without `async`.
#[remote]
fn meet_blocking(name: String, timeout: Duration) -> Met {
    Ok(peer::barrier(&name).timeout(timeout).wait()?)
}

#[remote]
fn ping() -> u32 {
    1
}

#[remote]
#[expect(clippy::disallowed_methods, reason = "the node ends by itself")]
fn exit(status: i32) {
    println!("last words");
    std::process::exit(status);
}

/// Runs a call beside the test.
fn beside<R: serde::de::DeserializeOwned + Send + 'static>(call: Call<R>) -> JoinHandle<Result<R, peer::Error>> {
    tokio::spawn(call.timeout(DEADLINE))
}

/// The node waits at a barrier of all from now on.
async fn waits_at(node: &Peer, name: &str) -> peer::Result<JoinHandle<Result<Met, peer::Error>>> {
    waits(node, name, Who::All, DEADLINE).await
}

/// The node waits at a barrier from now on.
async fn waits(
    node: &Peer,
    name: &str,
    who: Who,
    timeout: Duration,
) -> peer::Result<JoinHandle<Result<Met, peer::Error>>> {
    let call = beside(node.call(meet_aloud, (name.to_owned(), who, timeout)));
    assert_eq!(mailbox::<String>("arrived").recv_within(DEADLINE).await?, node.node());
    Ok(call)
}
