//! The origin's sending end: a sender writes by itself if nothing is queued, so that a call costs no other thread. The I/O
//! thread writes what the kernel does not take at once.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::sys;

/// Frames that senders write themselves before something arrives. The I/O thread writes further ones, many at once.
const ALONE: usize = 2;

/// A queue that grew beyond this is given back when it is empty.
const KEPT: usize = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<OutboxState>,
    /// Something is left for [`Outbox::drive`].
    left: Notify,
}

#[derive(Debug, Default)]
struct OutboxState {
    /// What no write has taken yet. Not empty: only the I/O thread writes.
    queue: Vec<u8>,
    /// How much of the queue has been taken since.
    sent: usize,
    sink: Sink,
    /// Frames that senders wrote themselves since something last arrived from the peer.
    unheard: usize,
    /// Nothing more will be sent: when the queue is empty the connection is closed.
    finishing: bool,
}

#[derive(Debug, Default)]
enum Sink {
    /// Not connected yet: frames wait.
    #[default]
    Pending,
    Open(Arc<AsyncFd<OwnedFd>>),
    Closed,
}

impl Outbox {
    /// Connects it to a descriptor that does not block.
    pub(crate) fn open(&self, fd: OwnedFd) -> io::Result<()> {
        let sink = Arc::new(sys::watch(fd, Interest::WRITABLE)?);
        let mut state = self.state.lock();
        if !matches!(state.sink, Sink::Closed) {
            state.sink = Sink::Open(sink);
        }
        drop(state);
        self.left.notify_one();
        Ok(())
    }

    /// Drops the connection, and what was not sent.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        if let Sink::Open(sink) = std::mem::replace(&mut state.sink, Sink::Closed) {
            // A socket has other descriptors; a pipe, where this is an error, has not.
            let _ = SockRef::from(sink.get_ref()).shutdown(Shutdown::Both);
        }
        state.queue = Vec::new();
        state.sent = 0;
        drop(state);
        self.left.notify_one();
    }

    /// Closes the connection when everything is sent; what is sent from now on is refused.
    pub(crate) fn finish(&self) {
        self.state.lock().finishing = true;
        self.left.notify_one();
    }

    /// Sends a frame, after all frames before it; `false` if the connection is closed.
    pub(crate) fn send(&self, frame: &[u8]) -> bool {
        let mut state = self.state.lock();
        let written = match &state.sink {
            Sink::Closed => return false,
            _ if state.finishing => return false,
            Sink::Open(sink) if state.queue.is_empty() && state.unheard < ALONE => {
                let written = write(sink.get_ref(), frame);
                state.unheard += 1;
                written
            }
            _ => 0,
        };
        if written < frame.len() {
            state.queue.extend_from_slice(&frame[written..]);
            drop(state);
            self.left.notify_one();
        }
        true
    }

    pub(crate) fn heard(&self) {
        self.state.lock().unheard = 0;
    }

    /// Sends what is queued, until the connection is closed.
    pub(crate) async fn drive(&self) {
        loop {
            loop {
                let sink = {
                    let state = self.state.lock();
                    match &state.sink {
                        Sink::Closed => return,
                        Sink::Open(sink) if !state.queue.is_empty() => Arc::clone(sink),
                        Sink::Open(_) if state.finishing => {
                            drop(state);
                            return self.close();
                        }
                        _ => break,
                    }
                };
                let Ok(mut ready) = sink.writable().await else { return };
                let mut state = self.state.lock();
                let written = write(sink.get_ref(), &state.queue[state.sent..]);
                state.sent += written;
                if state.sent < state.queue.len() {
                    // It stopped where the kernel would have blocked.
                    ready.clear_ready();
                    continue;
                }
                // Casts are answered by nothing: the next frame is alone again.
                state.unheard = 0;
                state.sent = 0;
                if state.queue.capacity() > KEPT {
                    state.queue = Vec::new();
                }
                state.queue.clear();
            }
            self.left.notified().await;
        }
    }
}

/// How much the kernel took. It takes all if the reader is gone: the receiving end reports that.
fn write(fd: &OwnedFd, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::write(fd, &bytes[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => break,
            // The connection is gone, and this with it.
            Err(_) => return bytes.len(),
        }
    }
    written
}
