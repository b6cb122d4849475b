//! Mailboxes in both directions, async functions, and nodes that have peers of their own.

use std::path::PathBuf;
use std::sync::Mutex;

use peer::prelude::*;
use serde::{Deserialize, Serialize};

use crate::support::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Letter {
    number: u64,
    text: Option<String>,
    bytes: Vec<u8>,
}

/// Opens a mailbox of the node, and gives its address.
#[remote]
fn open(name: String) -> peer::Address<Letter> {
    mailbox::<Letter>(&name).address()
}

#[remote]
async fn receive(name: String) -> Result<Letter, String> {
    mailbox::<Letter>(&name).recv().await.map_err(|error| error.to_string())
}

#[remote]
fn send_by_address(to: peer::Address<Letter>, letter: Letter) {
    to.send(letter);
}

#[remote]
fn send_by_name(to: String, letter: Letter) {
    peer::node::origin().unwrap().send(to.as_str(), letter);
}

fn letter(number: u64) -> Letter {
    Letter { number, text: number.is_multiple_of(2).then(|| format!("\0 {number} \u{E9}")), bytes: vec![0xD7; 300] }
}

#[peer_test]
async fn mailboxes_are_reached_by_name_and_by_address() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        // Down by name, before and after the mailbox is opened; down by address, in two ways.
        peer.send("inbox", letter(1));
        let address = peer.call(open, ("inbox".to_owned(),)).await?;
        peer.send("inbox", letter(2));
        peer.send(&address, letter(3));
        address.send(letter(4));
        for number in 1..=4 {
            assert_eq!(peer.call(receive, ("inbox".to_owned(),)).await?, Ok(letter(number)));
        }
        // Up by name and by address.
        let here = mailbox::<Letter>("here");
        peer.call(send_by_name, ("here".to_owned(), letter(5))).await?;
        peer.call(send_by_address, (here.address(), letter(6))).await?;
        for number in 5..=6 {
            assert_eq!(here.recv().await?, letter(number));
        }
        peer.stop().await?;
    }
    Ok(())
}

#[peer_test]
async fn an_address_may_travel_in_a_message() -> peer::Result {
    let peer = ct_peer!().await?;
    let replies = mailbox::<Letter>("replies");
    peer.send("addresses", replies.address());
    peer.call(answer_next, ()).await?;
    assert_eq!(replies.recv().await?, letter(7));
    peer.stop().await?;
    Ok(())
}

#[remote]
async fn answer_next() {
    let to = mailbox::<peer::Address<Letter>>("addresses").recv().await.unwrap();
    to.send(letter(7));
}

#[peer_test]
async fn nodes_reach_each_other_by_address() -> peer::Result {
    for (one, two) in
        [(CONNECTIONS[0], CONNECTIONS[1]), (CONNECTIONS[1], CONNECTIONS[0]), (CONNECTIONS[0], CONNECTIONS[0])]
    {
        let (one, two) = (ct_peer!({ connection: one }).await?, ct_peer!({ connection: two }).await?);
        let inbox = two.call(open, ("inbox".to_owned(),)).await?;
        one.call(send_by_address, (inbox, letter(8))).await?;
        assert_eq!(two.call(receive, ("inbox".to_owned(),)).await?, Ok(letter(8)));
        one.stop().await?;
        two.stop().await?;
    }
    Ok(())
}

const MANY: u64 = 10_000;

#[remote]
async fn forward_in_order(count: u64, to: peer::Address<u64>) -> u64 {
    let inbox = mailbox::<u64>("numbers");
    for number in 0..count {
        assert_eq!(inbox.recv().await.unwrap(), number);
        to.send(number);
    }
    count
}

#[peer_test]
async fn ten_thousand_messages_stay_in_order() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let back = mailbox::<u64>("back");
        let call = tokio::spawn(peer.call(forward_in_order, (MANY, back.address())).timeout(DEADLINE));
        for number in 0..MANY {
            peer.send("numbers", number);
        }
        for number in 0..MANY {
            assert_eq!(back.recv().await?, number);
        }
        assert_eq!(call.await??, MANY);
        peer.stop().await?;
    }
    Ok(())
}

#[remote]
async fn meet(own: u32, other: Option<u32>) -> u32 {
    if let Some(other) = other {
        peer::node::origin().unwrap().send("met", own);
        // Only another function can let this one go on.
        mailbox::<u32>(&format!("for {own}")).recv().await.unwrap() + other
    } else {
        own
    }
}

#[peer_test]
async fn async_functions_run_side_by_side() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let met = mailbox::<u32>("met");
        let calls: Vec<_> = (0..300_u32).map(|own| tokio::spawn(peer.call(meet, (own, Some(1000))))).collect();
        for _ in &calls {
            met.recv().await?;
        }
        assert_eq!(peer.call(meet, (7, None)).await?, 7);
        for own in (0..300_u32).rev() {
            peer.send(format!("for {own}"), own);
        }
        for (own, call) in (0_u32..).zip(calls) {
            assert_eq!(call.await??, own + 1000);
        }
        peer.stop().await?;
    }
    Ok(())
}

impl Fifo {
    /// Waits until all who have opened it for writing are gone; somebody must have.
    pub(crate) fn end(&self) -> impl Future<Output = ()> + use<> {
        let path = self.0.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path));
        async move {
            tokio::time::timeout(DEADLINE, read).await.expect("the end of who holds the fifo").unwrap().unwrap();
        }
    }
}

/// Holds the fifo at `path` open until this node ends.
#[remote]
pub(crate) fn hold(path: PathBuf) {
    std::mem::forget(std::fs::OpenOptions::new().write(true).open(path).unwrap());
}

/// The peers that this node has started.
static PEERS: Mutex<Vec<Peer>> = Mutex::new(Vec::new());

/// Starts peers of the node's own, a linked one and an unlinked one, which hold `fifo` for as long as they live.
/// Gives their pids and names.
#[remote]
async fn start_peers(tcp: bool, fifo: PathBuf) -> Vec<(u32, String)> {
    let connection = if tcp { Connection::Tcp(0) } else { Connection::StandardIo };
    let options = || StartOptions::new().connection(connection);
    let peers = [peer::start_link(options()).await.unwrap(), peer::start(options()).await.unwrap()];
    for peer in &peers {
        peer.call(hold, (fifo.clone(),)).await.unwrap();
    }
    let found = peers.iter().map(|peer| (peer.os_pid(), peer.name().to_owned())).collect();
    PEERS.lock().unwrap().extend(peers);
    found
}

#[remote]
async fn say_in_peers(words: String) -> String {
    let peers = PEERS.lock().unwrap().clone();
    for peer in &peers {
        peer.call(say, (words.clone(),)).await.unwrap();
    }
    peers[0].call(grand_origin, ()).await.unwrap()
}

#[remote]
fn grand_origin() -> String {
    peer::node::origin().unwrap().name()
}

#[peer_test]
async fn a_node_has_peers_of_its_own() -> peer::Result {
    for connection in CONNECTIONS {
        let node = ct_peer!({ connection: connection }).await?;
        let fifo = Fifo::new();
        let end = fifo.end();
        let peers = node.call(start_peers, (connection != Connection::StandardIo, fifo.0.clone())).await?;
        assert_eq!(node.call(say_in_peers, ("hello".to_owned(),)).await?, node.node());
        for (pid, name) in &peers {
            assert!(!is_gone(*pid));
            printed(&node, &format!("{name} | hello")).await;
        }
        node.stop().await?;
        end.await;
    }
    Ok(())
}

#[peer_test]
async fn peers_of_a_killed_node_end_with_it() -> peer::Result {
    for connection in CONNECTIONS {
        let node = ct_peer!({ connection: connection }).await?;
        let fifo = Fifo::new();
        let end = fifo.end();
        node.call(start_peers, (connection != Connection::StandardIo, fifo.0.clone())).await?;
        signal("KILL", node.os_pid());
        assert_eq!(gone(&node).await, Reason::Killed(9));
        end.await;
    }
    Ok(())
}

#[remote]
async fn lose_a_peer() -> String {
    let peer = peer::start_link(()).await.unwrap();
    signal("KILL", peer.os_pid());
    let reason = gone(&peer).await;
    peer.call(sum, (vec![],)).await.unwrap_err();
    reason.to_string()
}

#[peer_test]
async fn a_node_may_lose_a_peer() -> peer::Result {
    let node = ct_peer!().await?;
    assert_eq!(node.call(lose_a_peer, ()).await?, "killed by signal 9 (SIGKILL)");
    node.stop().await?;
    assert!(!last_words(&node).await.contains("panicked"));
    Ok(())
}

/// Sends a message of its node's peer on to an address of the test: two hops up.
#[remote]
async fn grand_peer_sends(to: peer::Address<Letter>) {
    let peer = peer::start_link(()).await.unwrap();
    peer.call(send_by_address, (to, letter(9))).await.unwrap();
    peer.stop().await.unwrap();
}

#[peer_test]
async fn an_address_reaches_over_two_nodes() -> peer::Result {
    let node = ct_peer!().await?;
    let here = mailbox::<Letter>("here");
    node.call(grand_peer_sends, (here.address(),)).await?;
    assert_eq!(here.recv().await?, letter(9));
    node.stop().await?;
    Ok(())
}
