//! Callers on a TCP port whose handshake is not finished.

use std::io;
use std::os::fd::OwnedFd;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::handshake::{Authenticated, Handshake, Progress};
use crate::timeouts::PROOF;

/// Handshakes at the same time. Further callers wait in the kernel's queue: the peer sends its hello as soon as it is
/// connected, so only silent strangers hold a place, each for [`PROOF`] at most.
const MOST: usize = 16;

/// The handshakes that are not finished. Dropping it closes their connections.
#[derive(Debug, Default)]
pub(super) struct PendingHandshakes(JoinSet<Option<Authenticated>>);

impl PendingHandshakes {
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Begins one, for a limited time.
    pub(super) fn begin(&mut self, socket: OwnedFd, token: [u8; 32]) -> io::Result<()> {
        let socket = TcpStream::from_std(socket.into())?;
        self.0.spawn(async move { tokio::time::timeout(PROOF, authenticate(socket, token)).await.ok().flatten() });
        Ok(())
    }

    /// Waits for the next one that ends, and gives the peer if that was it; none if there is no handshake.
    pub(super) async fn next(&mut self) -> Option<Option<Authenticated>> {
        self.0.join_next().await.map(|ended| ended.ok().flatten())
    }
}

async fn authenticate(socket: TcpStream, token: [u8; 32]) -> Option<Authenticated> {
    let mut handshake = Handshake::new();
    loop {
        let bytes = read(&socket, handshake.spare()).await?;
        handshake.filled(bytes);
        match handshake.check(&token) {
            Progress::Proved(hello) => {
                let socket = socket.into_std().ok()?.into();
                return Some(Authenticated { socket, stream: handshake.into_stream(), hello });
            }
            Progress::Refused => return None,
            Progress::Unfinished => {}
        }
    }
}

/// Waits for bytes, and reads what fits; none at the end, and after an error.
async fn read(socket: &TcpStream, buffer: &mut [u8]) -> Option<usize> {
    loop {
        socket.readable().await.ok()?;
        match socket.try_read(buffer) {
            Ok(0) => return None,
            Ok(bytes) => return Some(bytes),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
}
