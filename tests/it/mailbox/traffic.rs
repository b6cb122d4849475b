//! Much at once, and what may not be lost, or mistaken, on the way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use peer::prelude::*;

use crate::support::*;

#[remote]
fn echo(text: String) -> String {
    text
}

#[remote]
async fn echo_later(text: String) -> String {
    tokio::task::yield_now().await;
    text
}

#[peer_test]
async fn many_large_calls_run_side_by_side() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let text = |number: u8| char::from(b'0' + number).to_string().repeat(1 << 20);
        let calls: Vec<_> = (0..32_u8)
            .map(|number| {
                let call = if number.is_multiple_of(2) {
                    peer.call(echo, (text(number),))
                } else {
                    peer.call(echo_later, (text(number),))
                };
                tokio::spawn(call.timeout(DEADLINE))
            })
            .collect();
        for (number, call) in (0_u8..).zip(calls) {
            assert!(call.await?? == text(number), "call {number}");
        }
        peer.stop().await?;
    }
    Ok(())
}

/// What a thread that makes noise sends at most, in pieces of `PIECE` bytes.
const PIECES: u32 = 100;
const PIECE: usize = 1 << 20;

/// Keeps the connection busy for a while; begins before it returns.
fn noise(to: peer::Address<String>) {
    let (begun, wait) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..PIECES {
            to.send("~".repeat(PIECE));
            let _ = begun.send(());
        }
    });
    wait.recv().unwrap();
}

fn send_numbers(numbers: &peer::Address<u32>) {
    for number in 0..10 {
        numbers.send(number);
    }
}

async fn numbers_arrive(numbers: &peer::Mailbox<u32>) -> peer::Result {
    for expected in 0..10 {
        assert_eq!(numbers.recv_within(DEADLINE).await?, expected);
    }
    Ok(())
}

/// Takes everything out of a mailbox.
async fn empty(noise: &peer::Mailbox<String>) {
    while noise.recv_within(Duration::ZERO).await.is_ok() {}
}

static QUIET: AtomicBool = AtomicBool::new(false);
static NOISE: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Sends numbers beside noise that does not end before [`be_quiet`].
#[remote]
fn send_beside_noise(to: peer::Address<String>, numbers: peer::Address<u32>) {
    QUIET.store(false, Ordering::Relaxed);
    let (begun, wait) = mpsc::channel();
    // More than one: while one writes, the next one has something to be written.
    for _ in 0..3 {
        let (to, begun) = (to.clone(), begun.clone());
        NOISE.lock().unwrap().push(std::thread::spawn(move || {
            while !QUIET.load(Ordering::Relaxed) {
                to.send("~".repeat(PIECE));
                let _ = begun.send(());
            }
        }));
    }
    wait.recv().unwrap();
    send_numbers(&numbers);
}

#[remote]
fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
    NOISE.lock().unwrap().drain(..).for_each(|noise| noise.join().unwrap());
}

#[peer_test]
async fn a_busy_sender_starves_nobody() -> peer::Result {
    for connection in CONNECTIONS {
        let peer = ct_peer!({ connection: connection }).await?;
        let (noise, numbers) = (mailbox::<String>("noise"), mailbox::<u32>("numbers"));
        for _ in 0..20 {
            peer.cast(send_beside_noise, (noise.address(), numbers.address()));
            let listen = async { while noise.recv().await.is_ok() {} };
            // Only who has them asks for quiet, in a call that is beside the noise, too.
            let arrive = async {
                numbers_arrive(&numbers).await?;
                peer.call(be_quiet, ()).timeout(DEADLINE).await?;
                peer::Result::<()>::Ok(())
            };
            tokio::select! {
                arrived = arrive => arrived?,
                () = listen => panic!("the noise has ended"),
            }
            empty(&noise).await;
        }
        peer.stop().await?;
    }
    Ok(())
}

#[remote]
fn send_and_halt(to: peer::Address<String>, numbers: peer::Address<u32>) {
    noise(to);
    send_numbers(&numbers);
    peer::node::halt(3);
}

#[peer_test]
async fn a_node_that_halts_has_sent_everything() -> peer::Result {
    for connection in CONNECTIONS {
        for _ in 0..3 {
            let peer = ct_peer!({ connection: connection }).await?;
            let (noise, numbers) = (mailbox::<String>("noise"), mailbox::<u32>("numbers"));
            peer.cast(send_and_halt, (noise.address(), numbers.address()));
            assert_eq!(gone(&peer).await, Reason::Exited(3));
            numbers_arrive(&numbers).await?;
            empty(&noise).await;
        }
    }
    Ok(())
}

/// Keeps the connection busy from several threads, for as long as the node lives.
#[remote]
fn make_noise(noise: peer::Address<String>) {
    for _ in 0..4 {
        let noise = noise.clone();
        std::thread::spawn(move || {
            loop {
                noise.send("~".repeat(1000));
            }
        });
    }
}

#[peer_test]
async fn messages_are_never_taken_for_text() -> peer::Result {
    for connection in CONNECTIONS {
        for _ in 0..3 {
            let peer = ct_peer!({ connection: connection }).await?;
            let noise = mailbox::<String>("noise");
            peer.call(make_noise, (noise.address(),)).await?;
            noise.recv().await?;
            peer.stop().await?;
            let words = last_words(&peer).await;
            assert!(words.is_empty(), "{} bytes: {:?}", words.len(), &words.chars().take(100).collect::<String>());
            empty(&noise).await;
        }
    }
    Ok(())
}

type Nested = Option<Option<Option<u8>>>;

#[remote]
fn send_nested(to: peer::Address<Nested>, value: Nested) {
    to.send(value);
}

#[remote]
fn nested(value: Nested) -> Nested {
    value
}

#[peer_test]
async fn values_arrive_as_they_are() -> peer::Result {
    let peer = ct_peer!().await?;
    let here = mailbox::<Nested>("here");
    for value in [None, Some(None), Some(Some(None)), Some(Some(Some(1)))] {
        assert_eq!(peer.call(nested, (value,)).await?, value);
        peer.call(send_nested, (here.address(), value)).await?;
        assert_eq!(here.recv().await?, value);
    }
    peer.stop().await?;
    Ok(())
}

/// What a mailbox has room for.
const ROOM: u32 = 65_536;

#[peer_test]
async fn a_full_mailbox_tells_what_it_drops() -> peer::Result {
    let peer = ct_peer!().await?;
    for number in 0..ROOM + 10 {
        peer.send("full", number);
    }
    assert_eq!(peer.call(first_of, ("full".to_owned(),)).await?, 10);
    peer.stop().await?;
    let words = last_words(&peer).await;
    let told = "mailbox `full` is full: 65536 messages wait in it, and the oldest make room from now on";
    assert_eq!(words.matches(told).count(), 1, "{words}");
    Ok(())
}

#[remote]
async fn first_of(name: String) -> u32 {
    mailbox::<u32>(&name).recv().await.unwrap()
}

/// Starts a peer of the node's own, and gives the address of a mailbox in it.
#[remote]
async fn address_in_a_peer() -> peer::Address<u32> {
    let peer = peer::start_link(()).await.unwrap();
    peer.call(address_here, ()).await.unwrap()
}

#[remote]
fn address_here() -> peer::Address<u32> {
    mailbox::<u32>("inbox").address()
}

#[remote]
fn send_number(to: peer::Address<u32>, number: u32) {
    to.send(number);
}

#[peer_test]
#[ignore = "run by letters_that_are_lost_are_noted"]
async fn inner_lost_letters() -> peer::Result {
    let (node, other) = (ct_peer!().await?, ct_peer!().await?);
    // Two nodes away: out of reach.
    let far = node.call(address_in_a_peer, ()).await?;
    far.send(1);
    other.call(send_number, (far, 2)).await?;
    let gone = node.call(address_here, ()).await?;
    node.stop().await?;
    gone.send(3);
    other.call(send_number, (gone, 4)).await?;
    // All the same everybody is well.
    let here = mailbox::<u32>("here");
    other.call(send_number, (here.address(), 5)).await?;
    assert_eq!(here.recv().await?, 5);
    other.stop().await?;
    Ok(())
}

#[peer_test]
async fn letters_that_are_lost_are_noted() -> peer::Result {
    let node = ct_peer!().await?;
    let call = node.call(crate::console::lines::run_test, ("mailbox::traffic::inner_lost_letters".to_owned(),));
    let (passed, printed) = call.timeout(DEADLINE).await?;
    assert!(passed, "{printed}");
    assert_eq!(printed.matches("`inbox`").count(), 4, "{printed}");
    assert_eq!(printed.matches("no node of that address is known").count(), 2, "{printed}");
    node.stop().await?;
    Ok(())
}
