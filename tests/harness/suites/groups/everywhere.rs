//! Bodies that run in every node, and fail, hang and crash there.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use peer::prelude::*;

use super::trace;

async fn for_ever() {
    std::future::pending().await
}

/// Arrives at a barrier and tells the rank `to` so, behind it on the same connection; then waits there.
async fn arrives_at(barrier: peer::Barrier, rank: &Rank, to: usize) -> Result<(), peer::Error> {
    let mut barrier = pin!(barrier);
    let arrived = std::future::poll_fn(|cx| Poll::Ready(barrier.as_mut().poll(cx))).await;
    rank.send(to, "arrived", rank.rank());
    match arrived {
        Poll::Ready(met) => met,
        Poll::Pending => barrier.await,
    }
}

/// The same, whatever becomes of that, and then for ever.
async fn waits_at(barrier: peer::Barrier, rank: &Rank, to: usize) {
    let _ = arrives_at(barrier, rank, to).await;
    for_ever().await;
}

/// Until all the others have said that they have arrived.
async fn others_have_arrived(rank: &Rank) -> peer::Result {
    let arrived = rank.mailbox::<usize>("arrived");
    for _ in 1..rank.size() {
        arrived.recv().await?;
    }
    Ok(())
}

#[peer_test(nodes = 3, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn passes(rank: Rank) -> peer::Result {
    rank.barrier("all").await?;
    Ok(())
}

#[peer_test(nodes = 3, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn fails_in_one_rank(rank: Rank) -> peer::Result {
    if rank.rank() != 1 {
        waits_at(rank.barrier("all"), &rank, 1).await;
    }
    others_have_arrived(&rank).await?;
    peer::comment("about to fail");
    let _: u32 = "one".parse()?;
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn panics_in_one_rank(rank: Rank) {
    if rank.rank() == 0 {
        for_ever().await;
    }
    assert_eq!(rank.size(), 3, "three are a quorum");
}

#[peer_test(nodes = 3, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn aborts_in_one_rank(rank: Rank) -> peer::Result {
    if rank.rank() == 0 {
        others_have_arrived(&rank).await?;
        std::process::abort();
    }
    // It is broken by that end, which is not what is to be told.
    waits_at(rank.barrier("all"), &rank, 0).await;
    Ok(())
}

/// What one of two ranks has of the other, and closes when it is dropped; not before the other has seen that, and failed.
struct Connection(TcpStream);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = self.0.read_to_end(&mut Vec::new());
    }
}

/// A connection from rank 1 to rank 0.
async fn connection(rank: &Rank) -> peer::Result<Connection> {
    if rank.rank() == 0 {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        rank.send(1, "address", listener.local_addr()?);
        Ok(Connection(listener.accept()?.0))
    } else {
        Ok(Connection(TcpStream::connect(rank.mailbox::<SocketAddr>("address").recv().await?)?))
    }
}

/// Until the other one closes it.
fn is_lost(connection: &mut Connection) -> peer::Result {
    connection.0.read_to_end(&mut Vec::new())?;
    lost()
}

fn lost() -> peer::Result {
    Err("the connection was lost")?
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn panics_first(rank: Rank) -> peer::Result {
    let mut connection = connection(&rank).await?;
    if rank.rank() == 0 {
        panic!("this is the cause");
    }
    is_lost(&mut connection)
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn returns_first(rank: Rank) -> peer::Result {
    let mut connection = connection(&rank).await?;
    if rank.rank() == 0 {
        Err("this is the cause")?;
    }
    is_lost(&mut connection)
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn aborts_first(rank: Rank) -> peer::Result {
    let mut connection = connection(&rank).await?;
    let mut word = [0];
    if rank.rank() == 0 {
        connection.0.write_all(&word)?;
        connection.0.read_exact(&mut word)?;
        std::process::abort();
    }
    // Its own end must not be what makes the other one fail: that could come to it later than the end is told.
    connection.0.read_exact(&mut word)?;
    let failed = lost();
    connection.0.write_all(&word)?;
    connection.0.read_to_end(&mut Vec::new())?;
    failed
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn exits_in_one_rank(rank: Rank) {
    if rank.rank() == 0 {
        for_ever().await;
    }
    #[expect(clippy::disallowed_methods, reason = "it is what is tried")]
    std::process::exit(0);
}

#[peer_test(nodes = 3, everywhere, timetrap = "2s")]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn hangs_in_one_rank(rank: Rank) -> peer::Result {
    match rank.rank() {
        0 => return Ok(()),
        1 => loop {
            std::thread::park();
        },
        // Where not all have to come.
        _ => waits_at(rank.barrier("end").parties(2), &rank, 1).await,
    }
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn skips_in_one_rank(rank: Rank) {
    if rank.rank() == 1 {
        peer::skip("there is no tun device here");
    }
    for_ever().await;
}

#[peer_test(nodes = 3, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn waits_at_the_wrong_barrier(rank: Rank) -> peer::Result {
    if rank.rank() == 0 {
        others_have_arrived(&rank).await?;
        rank.barrier("left").timeout(Duration::from_millis(100)).await?;
    }
    arrives_at(rank.barrier("right"), &rank, 0).await?;
    Ok(())
}

/// Rank 1 passes, and comes to no barrier any more.
#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn waits_for_one_that_has_passed(rank: Rank) -> peer::Result {
    if rank.rank() == 0 {
        rank.barrier("both").timeout(peer::UNLIMITED).await?;
    }
    Ok(())
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
#[should_panic(expected = "no quorum")]
async fn panics_as_expected(rank: Rank) {
    assert_eq!(rank.rank(), 0, "no quorum");
    for_ever().await;
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
#[should_panic(expected = "no quorum")]
async fn panics_otherwise(rank: Rank) {
    assert_eq!(rank.rank(), 0, "no leader");
    for_ever().await;
}

#[peer_test(nodes = 2, everywhere)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
#[should_panic]
async fn does_not_panic(_rank: Rank) {}

/// Only at its second attempt, in other nodes than at the first one.
#[peer_test(nodes = 2, everywhere, retries = 1)]
#[ignore = "run by tests/harness/groups.rs and tests/it/everywhere.rs"]
async fn passes_when_it_is_tried_again(rank: Rank) -> peer::Result {
    if let Some(path) = std::env::var_os("TRACE").filter(|_| rank.rank() == 1)
        && !std::fs::read_to_string(path)?.contains("first attempt")
    {
        trace("first attempt");
        Err("not yet")?;
    }
    rank.barrier("both").await?;
    Ok(())
}

#[peer_group]
mod hooks {
    use super::*;

    #[init_per_testcase]
    async fn init_per_testcase() -> peer::Result<()> {
        trace(&format!("init in a node: {}", peer::node::is_node()));
        // It takes no part in the barriers of the ranks.
        ct_peer!().await?;
        Ok(())
    }

    #[end_per_testcase]
    async fn end_per_testcase(status: peer::TestStatus) {
        let status = match status {
            peer::TestStatus::Failed { reason, place: Some(place) } => {
                let (_, reason) = reason.split_once("` ").unwrap();
                format!("{reason}, in {}", place.split(':').next().unwrap())
            }
            other => other.to_string(),
        };
        trace(&format!("end in a node: {}: {status}", peer::node::is_node()));
    }

    #[peer_test(nodes = 2, everywhere)]
    #[ignore = "run by tests/harness/groups.rs"]
    async fn passes(rank: Rank) -> peer::Result {
        rank.barrier("both").await?;
        if rank.rank() == 0 {
            trace(&format!("body in a node: {}", peer::node::is_node()));
        }
        Ok(())
    }

    #[peer_test(nodes = 2, everywhere)]
    #[ignore = "run by tests/harness/groups.rs"]
    async fn fails(rank: Rank) -> peer::Result {
        if rank.rank() == 0 {
            for_ever().await;
        }
        Err("no leader")?
    }
}
