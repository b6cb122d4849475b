//! What a node prints, and what it reads.

use std::io::{BufRead, Read, Write};

use peer::prelude::*;

use crate::scope::crash::{say_in_peer, start_one};
use crate::support::*;

for_each_connection! {
    everything_printed_is_relayed
    any_bytes_may_be_printed
    half_a_character_may_be_read
    two_readers_share_the_input
    input_is_empty_unless_fed
}

#[remote]
fn say_everywhere() {
    println!("from a called function");
    eprintln!("on standard error");
    std::thread::spawn(|| println!("from a thread of its own")).join().unwrap();
    print!("no end of line");
}

async fn everything_printed_is_relayed(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    peer.call(say_everywhere, ()).await?;
    peer.stop().await?;
    let expected = "from a called function\non standard error\nfrom a thread of its own\nno end of line";
    assert_eq!(last_words(&peer).await, expected);
    Ok(())
}

#[remote]
fn write_bytes(bytes: Vec<u8>) {
    let mut out = std::io::stdout().lock();
    out.write_all(&bytes).unwrap();
    out.flush().unwrap();
}

async fn any_bytes_may_be_printed(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    for bytes in [&b"\xC3"[..], b"\xC3\xA9", b"\xFE", b"\xFF\x00", b"\xD7\xC3\xC3\xFF"] {
        peer.call(write_bytes, ([b"<", bytes, b">\n"].concat(),)).await?;
        // The frames are where they were.
        assert_eq!(peer.call(sum, (vec![20, 22],)).await?, 42);
    }
    peer.call(write_bytes, ((0..=255).filter(|byte| *byte != b'\n' && *byte != b'\r').collect(),)).await?;
    assert_eq!(peer.call(sum, (vec![20, 22],)).await?, 42);
    peer.stop().await?;
    let words = last_words(&peer).await;
    let all: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n' && *byte != b'\r').collect();
    let expected = ["<\u{FFFD}>", "<\u{E9}>", "<\u{FFFD}>", "<\u{FFFD}\\0>", "<\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}>"];
    // The text of an error shows what a terminal would take for a command.
    let shown = |c: char| if c.is_control() && c != '\t' { c.escape_debug().to_string() } else { c.to_string() };
    let all: String = String::from_utf8_lossy(&all).chars().map(shown).collect();
    assert_eq!(words, format!("{}\n{all}", expected.join("\n")));
    Ok(())
}

async fn half_a_character_may_be_read(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    peer.call(write_bytes, (b"caf\xC3".to_vec(),)).await?;
    printed(&peer, "caf\u{FFFD}").await;
    peer.call(write_bytes, (b"\xA9 au lait\n".to_vec(),)).await?;
    printed(&peer, "caf\u{E9} au lait").await;
    peer.stop().await?;
    assert_eq!(last_words(&peer).await, "caf\u{E9} au lait");
    Ok(())
}

#[remote]
fn read_line(arrived: peer::Address<u32>) -> Option<String> {
    arrived.send(1);
    std::io::stdin().lock().lines().next().map(Result::unwrap)
}

async fn two_readers_share_the_input(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection, input: Input::Fed }).await?;
    let arrived = mailbox::<u32>("arrived");
    let read = || tokio::spawn(peer.call(read_line, (arrived.address(),)));
    let readers = [read(), read()];
    for _ in 0..2 {
        arrived.recv().await?;
    }
    // While both wait, the node answers everybody else.
    assert_eq!(peer.call(sum, (vec![20, 22],)).await?, 42);
    peer.input("one\ntw")?;
    peer.input(b"o\n")?;
    let mut lines = Vec::new();
    for reader in readers {
        lines.push(reader.await??.unwrap());
    }
    lines.sort();
    assert_eq!(lines, ["one", "two"]);
    peer.end_input()?;
    assert_eq!(peer.call(read_line, (arrived.address(),)).await?, None);
    peer.stop().await?;
    Ok(())
}

#[remote]
fn read_to_end() -> Vec<u8> {
    let mut all = Vec::new();
    std::io::stdin().lock().read_to_end(&mut all).unwrap();
    all
}

async fn input_is_empty_unless_fed(connection: Connection) -> peer::Result {
    let peer = ct_peer!({ connection: connection }).await?;
    assert_eq!(peer.call(read_to_end, ()).await?, b"");
    let error = peer.input("x").unwrap_err();
    assert!(error.is_bad_option() && error.to_string().contains("Input::Fed"), "{error}");
    assert!(peer.end_input().unwrap_err().is_bad_option());
    peer.stop().await?;

    let fed = ct_peer!({ connection: connection, input: Input::Fed }).await?;
    let bytes: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    // More than a pipe takes, before anybody reads: feeding waits for nobody.
    fed.input(&bytes)?;
    fed.end_input()?;
    assert_eq!(fed.call(read_to_end, ()).await?, bytes);
    fed.stop().await?;
    assert!(fed.input("x").unwrap_err().is_noconnection());
    Ok(())
}

#[peer_test]
async fn a_node_that_is_not_detached_keeps_the_terminal() -> peer::Result {
    let error = ct_peer!({ connection: Connection::StandardIo, detached: false }).await.unwrap_err();
    assert!(error.is_bad_option() && error.to_string().contains("option `detached`"), "{error}");
    // An origin whose output we can see.
    let origin = ct_peer!().await?;
    let (_, name) = origin.call(start_one, (true, false)).await?;
    origin.call(say_in_peer, ("relayed".to_owned(),)).await?;
    printed(&origin, &format!("{name} | relayed")).await;
    let (_, _) = origin.call(start_one, (true, true)).await?;
    origin.call(say_in_peer, ("on the terminal".to_owned(),)).await?;
    printed(&origin, "on the terminal").await;
    let words = last_words(&origin).await;
    assert!(words.lines().any(|line| line == "on the terminal"), "{words}");
    origin.cast(say, ("the end".to_owned(),));
    origin.stop().await?;
    assert_eq!(gone(&origin).await, Reason::Stopped);
    Ok(())
}
