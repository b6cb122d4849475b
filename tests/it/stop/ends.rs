//! Nodes that start and end in unusual ways: what comes before main, what happens while one stops.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use peer::prelude::*;

/// What a crate leaves in a table that constructors fill before main.
struct Registered(&'static str);
inventory::collect!(Registered);
inventory::submit!(Registered("here"));

#[remote]
fn registered() -> Vec<String> {
    inventory::iter::<Registered>().map(|one| one.0.to_owned()).collect()
}

/// A node without main serves from a constructor; those after it must have run, too.
#[peer_test(nodes = 1)]
async fn constructors_run_before_a_node_serves(nodes: Nodes) -> peer::Result {
    assert_eq!(registered(), ["here"]);
    assert_eq!(nodes[0].call(registered, ()).await?, ["here"]);
    Ok(())
}

/// Blocks the stop of this node until the other side of the connection is closed.
#[remote]
fn stop_when_closed(port: u16) {
    peer::node::on_stop(move || {
        let mut line = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the test listens");
        // The end, or an error, is what is waited for.
        let _ = line.read(&mut [0]);
    });
}

#[remote]
async fn never() {
    std::future::pending().await
}

#[peer_test]
async fn a_call_runs_out_of_time_while_its_node_stops() -> peer::Result {
    for connection in [Connection::StandardIo, Connection::Tcp(0)] {
        let node = ct_peer!({ connection: connection, shutdown: Shutdown::Graceful(peer::UNLIMITED) }).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        node.call(stop_when_closed, (listener.local_addr()?.port(),)).await?;
        let stopping = {
            let node = node.clone();
            let mut call = Box::pin(node.call(never, ()).timeout(Duration::from_millis(500)));
            // Sent by its first poll, before the stop.
            assert!(matches!(polled_once(&mut call).await, std::task::Poll::Pending));
            let stopping = tokio::spawn(node.stop());
            let error = call.await.expect_err("it never ends");
            assert!(error.is_timeout(), "{error}");
            stopping
        };
        drop(listener.accept()?);
        stopping.await??;
    }
    Ok(())
}

/// Polls once.
async fn polled_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut future = std::pin::Pin::new(future);
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx))).await
}

/// The signature that most tests have.
#[peer_test(nodes = 1)]
async fn a_test_may_return_any_error(nodes: Nodes) -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(nodes[0].call(registered, ()).await?.len(), 1);
    Ok(())
}
