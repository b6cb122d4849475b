//! A peer that becomes a node when the test lets it, and strangers on its control port until then.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;

use peer::BootNotices;
use peer::prelude::*;

use super::*;

/// A peer on a port of its own, which waits until it may go on to become a node.
pub(crate) struct Late {
    pub(crate) peer: Peer,
    pub(crate) port: u16,
    pub(crate) notices: BootNotices,
    pub(crate) fifo: PathBuf,
    _folder: Folder,
}

impl Late {
    /// Becomes a node in [`comes`](Self::comes).
    pub(crate) async fn start() -> Self {
        let exe = std::env::current_exe().unwrap();
        Self::running(r#"read line < "$0" && exec "$@""#, &[exe.to_str().unwrap()]).await
    }

    /// Runs a shell script, whose `$0` is a fifo.
    pub(crate) async fn running(script: &str, args: &[&str]) -> Self {
        let folder = Folder::new();
        let fifo = folder.fifo("fifo");
        let exec = [&["-c", script, fifo.to_str().unwrap()], args].concat();
        loop {
            // Free now; if it is somebody else's a moment later, another one is tried.
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let notices = BootNotices::new();
            let options = StartOptions::new().exec(("sh", exec.clone())).connection(Connection::Tcp(port));
            match peer::start_link(options.wait_boot(notices.tagged("late"))).await {
                Ok(peer) => return Self { peer, port, notices, fifo, _folder: folder },
                Err(error) => assert!(error.is_bad_option(), "{error}"),
            }
        }
    }

    pub(crate) fn stranger(&self) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap()
    }

    /// Lets the peer become a node, which the origin accepts.
    pub(crate) async fn comes(&mut self) {
        assert_eq!(self.peer.state(), PeerState::Booting);
        release(&self.fifo);
        let notice = self.notices.recv_within(DEADLINE).await.unwrap();
        assert_eq!(notice.outcome.unwrap(), self.peer.node());
        assert_eq!(self.peer.state(), PeerState::Running);
        goes_on(&self.peer).await;
    }
}

/// A hello as a peer would say it, with a token.
pub(crate) fn hello(token: &[u8; 32]) -> Vec<u8> {
    let mut bytes = b"\0\xffpeer-1\xfe\r\n\0".to_vec();
    bytes.extend_from_slice(&39_u32.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes.extend_from_slice(token);
    bytes.extend_from_slice(&[0, 1, 1, b'x', 0]);
    bytes
}

/// Waits until the origin has hung up; `false` if it said anything.
#[track_caller]
pub(crate) fn is_dropped(mut stranger: &TcpStream) -> bool {
    stranger.set_read_timeout(Some(DEADLINE)).unwrap();
    match stranger.read(&mut [0; 64]) {
        Ok(bytes) => bytes == 0,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
        Err(error) => panic!("a stranger was not hung up on: {error}"),
    }
}
