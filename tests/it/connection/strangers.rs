//! A TCP port that is taken, and callers on it that are not the peer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;

use peer::prelude::*;

use crate::support::*;
use peer::BootNotices;

#[peer_test(nodes = 1)]
async fn a_port_that_is_taken(nodes: Nodes) -> peer::Result {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = taken.local_addr()?.port();
    for connection in [Connection::Tcp(port), Connection::TcpAt(Ipv4Addr::LOCALHOST.into(), port)] {
        let name = ct_peer_name!();
        let error = refused(ct_peer!({ name: name.clone(), connection: connection })).await;
        assert!(error.is_bad_option() && !error.is_name_in_use());
        says(&error, &["`connection`", &port.to_string(), "in use", "0 picks a free port"]);
        // It has given its name back.
        ct_peer!({ name: name, connection: Connection::Tcp(0) }).await?.stop().await?;
    }
    goes_on(&nodes[0]).await;
    Ok(())
}

/// A peer that waits before it becomes a node, with a port of its own on which it is awaited.
struct Late {
    peer: Peer,
    port: u16,
    notices: BootNotices,
    fifo: PathBuf,
    _folder: Folder,
}

impl Late {
    async fn start() -> Self {
        let folder = Folder::new();
        let fifo = folder.fifo("go");
        let exe = std::env::current_exe().unwrap();
        let exec = ["-c", r#"read line < "$0" && exec "$@""#, fifo.to_str().unwrap(), exe.to_str().unwrap()];
        loop {
            // Free now; if it is somebody else's a moment later, another one is tried.
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let notices = BootNotices::new();
            let options = StartOptions::new().exec(("sh", exec)).connection(Connection::Tcp(port));
            match peer::start_link(options.wait_boot(notices.tagged("late"))).await {
                Ok(peer) => return Self { peer, port, notices, fifo, _folder: folder },
                Err(error) => assert!(error.is_bad_option(), "{error}"),
            }
        }
    }

    fn stranger(&self) -> TcpStream {
        let stranger = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stranger.set_read_timeout(Some(DEADLINE)).unwrap();
        stranger
    }

    /// Now the real peer comes, and gets in.
    async fn comes(mut self) -> Self {
        assert_eq!(self.peer.state(), PeerState::Booting);
        release(&self.fifo);
        let notice = self.notices.recv().await.unwrap();
        assert_eq!(notice.outcome.unwrap(), self.peer.node());
        assert_eq!(self.peer.state(), PeerState::Running);
        goes_on(&self.peer).await;
        self
    }
}

/// Waits until the origin has hung up.
#[track_caller]
fn is_dropped(mut stranger: TcpStream) {
    match stranger.read(&mut [0; 64]) {
        Ok(0) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("the stranger was not dropped, but read {other:?}"),
    }
}

/// A hello as a peer would say it, but for its token.
fn hello_with(token: u8) -> Vec<u8> {
    let mut bytes = b"\0\xffpeer-1\xfe\r\n\0".to_vec();
    bytes.extend_from_slice(&39_u32.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes.extend_from_slice(&[token; 32]);
    bytes.extend_from_slice(&[0, 1, 1, b'x', 0]);
    bytes
}

#[peer_test]
async fn strangers_stay_out() -> peer::Result {
    let late = Late::start().await;
    let magic = &hello_with(0)[..12];
    let said = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(),
        [0xff; 4096].to_vec(),
        [magic, &[0xff; 64]].concat(),
        [magic, &[0, 0, 0, 2, 9, 9]].concat(),
        hello_with(0),
        hello_with(0xff),
    ];
    for said in said {
        let mut stranger = late.stranger();
        stranger.write_all(&said)?;
        is_dropped(stranger);
    }
    // Some hang up by themselves, in the middle of a word.
    for cut in [0, 5, 20] {
        late.stranger().write_all(&hello_with(1)[..cut])?;
    }
    late.comes().await.peer.stop().await?;
    Ok(())
}

#[peer_test(nodes = 1)]
async fn a_silent_stranger_keeps_nobody_waiting(nodes: Nodes) -> peer::Result {
    let late = Late::start().await;
    let (silent, mut half) = (late.stranger(), late.stranger());
    half.write_all(&hello_with(1)[..20])?;
    goes_on(&nodes[0]).await;
    let late = late.comes().await;
    // The peer is in: nobody else is awaited.
    let port = late.port;
    let refused = within("a late stranger", move || TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    late.peer.stop().await?;
    // They are heard for as long as a peer would be, and no longer.
    is_dropped(silent);
    is_dropped(half);
    Ok(())
}

#[peer_test]
async fn a_crowd_of_silent_strangers_goes_away_in_time() -> peer::Result {
    let late = Late::start().await;
    let crowd: Vec<_> = (0..20).map(|_| late.stranger()).collect();
    late.comes().await.peer.stop().await?;
    crowd.into_iter().for_each(is_dropped);
    Ok(())
}

#[peer_test]
async fn a_stranger_does_not_hide_that_the_peer_ended() -> peer::Result {
    let mut late = Late::start().await;
    let _silent = late.stranger();
    crate::support::signal("KILL", late.peer.os_pid());
    let error = late.notices.recv().await?.outcome.unwrap_err();
    assert_eq!(error.down_reason(), Some(&Reason::Killed(9)), "{error}");
    Ok(())
}
