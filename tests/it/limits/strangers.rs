//! Strangers on a TCP control port while its peer boots, and callers that know the token.

use std::io::Write;
use std::net::{Ipv4Addr, Shutdown as Half, TcpStream};
use std::thread;

use super::*;

/// A frame with the message that the node `a@b` is started.
const STARTED: &[u8] = b"\0\0\0\x05\x01\x03a@b";

/// That many callers say what no peer says, one after the other, and are hung up on.
fn come(port: u16, strangers: usize) {
    for number in 0..strangers {
        let mut stranger = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        // They may have been hung up on before they have said it.
        let _ = match number % 3 {
            0 => stranger.write_all(&[0xA5; 4096]),
            1 => stranger.write_all(&hello(&[number as u8; 32])),
            _ => stranger.write_all(&hello(&[0; 32])[..30]).and_then(|()| stranger.shutdown(Half::Write)),
        };
        assert!(is_dropped(&stranger), "stranger {number} got an answer");
    }
}

#[peer_test]
async fn a_thousand_strangers_stay_out() -> peer::Result {
    let mut late = Late::start().await;
    let port = late.port;
    tokio::task::spawn_blocking(move || come(port, 1_000)).await?;
    late.comes().await;
    late.peer.stop().await?;
    Ok(())
}

/// The token in a boot specification, where everything before it is shorter than 128 bytes.
fn token(specification: &[u8]) -> [u8; 32] {
    // Length of the frame, number of the message, version of the protocol.
    let mut at = 4 + 2;
    let skip_text = |at: &mut usize| *at += 1 + usize::from(specification[*at]);
    skip_text(&mut at);
    assert_eq!(specification[at..at + 2], [0, 0], "no host, no long names");
    at += 2;
    skip_text(&mut at);
    specification[at..at + 32].try_into().unwrap()
}

/// Says a hello on a port, and that it is started; whether the peer hung up without an answer.
fn say_hello(port: u16, token: &[u8; 32]) -> bool {
    let mut caller = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    // It may be too late already.
    let _ = caller.write_all(&[&hello(token)[..], STARTED].concat());
    is_dropped(&caller)
}

#[peer_test]
async fn one_caller_for_each_token() -> peer::Result {
    // It passes on what it reads, and is no node: the callers are ours.
    let mut late = Late::running(r#"cat > "$0"; exec sleep 1000"#, &[]).await;
    let fifo = late.fifo.clone();
    let token = token(&within("the boot specification", move || std::fs::read(fifo)).unwrap());
    let mut wrong = token;
    wrong[31] ^= 1;
    assert!(say_hello(late.port, &wrong));
    assert_eq!(late.peer.state(), PeerState::Booting);

    let (report, reports) = std::sync::mpsc::channel();
    let (port, count) = (late.port, 8);
    // Connected before any of them speaks, or the first one would have closed the port.
    let callers: Vec<_> = (0..count).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
    for mut caller in callers {
        let report = report.clone();
        thread::spawn(move || {
            let _ = caller.write_all(&[&hello(&token)[..], STARTED].concat());
            report.send(is_dropped(&caller))
        });
    }
    // All but one are hung up on; that one is the peer.
    for _ in 1..count {
        assert!(reports.recv_timeout(DEADLINE)?);
    }
    assert_eq!(late.notices.recv_within(DEADLINE).await?.outcome?, "a@b");
    late.peer.send("inbox", 1_u8);
    assert!(!reports.recv_timeout(DEADLINE)?);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(), "the port is open still");
    // What was good for this one is good for no other.
    let mut next = Late::start().await;
    assert!(say_hello(next.port, &token));
    next.comes().await;
    Ok(())
}
