//! The node's end of a control connection: blocking reads and writes on own threads, so that it answers at any time.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::timeouts::Deadline;
use crate::wire::frame::{Item, Stream};

/// Replies that wait for a following one are sent at the latest when this many bytes wait.
const HELD: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) fd: OwnedFd,
    pub(crate) stream: Stream,
}

impl Incoming {
    /// Reads more; no bytes are the end, and so is every error.
    pub(crate) fn fill(&mut self) -> usize {
        loop {
            match rustix::io::read(&self.fd, self.stream.spare()) {
                Ok(bytes) => {
                    self.stream.filled(bytes);
                    return bytes;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return 0,
            }
        }
    }

    /// The next frame, waiting for it; none at the end, and after bytes that are no frame.
    pub(crate) fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.stream.next() {
                Ok(Some(Item::Frame(frame))) => return Some(frame.to_vec()),
                Ok(Some(Item::Console(_))) | Err(_) => return None,
                Ok(None) => {}
            }
            if self.fill() == 0 {
                return None;
            }
        }
    }
}

/// The sending end. Senders that meet are sent together by the one that came first.
#[derive(Debug)]
pub(crate) struct Outgoing {
    fd: OwnedFd,
    state: Mutex<SendQueue>,
    /// Notified when no thread sends.
    idle: Condvar,
    /// What a node does without its connection.
    lost: fn() -> !,
}

#[derive(Debug, Default)]
struct SendQueue {
    queue: Vec<u8>,
    sending: bool,
    /// Threads that wait for the end of `sending`.
    waiting: usize,
    /// The last message is queued: later ones are dropped.
    finished: bool,
}

impl Outgoing {
    pub(crate) fn new(fd: OwnedFd, lost: fn() -> !) -> Self {
        Self { fd, lost, state: Mutex::default(), idle: Condvar::new() }
    }

    /// Adds what `write` appends, to be sent by the next [`flush`](Self::flush). Whether it can wait for that.
    pub(crate) fn hold(&self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.state.lock();
        if !state.finished {
            write(&mut state.queue);
        }
        state.queue.len() < HELD
    }

    /// Sends all that is held, or leaves it to the thread that is sending. Waits while too much is held, which slows down a
    /// sender of more than the origin reads.
    pub(crate) fn flush(&self) {
        let mut state = self.state.lock();
        while state.sending && state.queue.len() > HELD {
            self.wait_idle(&mut state);
        }
        self.send_all(state);
    }

    /// The same for a thread that has something else to do: it never waits for another one.
    pub(crate) fn flush_if_idle(&self) {
        self.send_all(self.state.lock());
    }

    /// Sends all that is held and `last`, and nothing more. Waits at most until `deadline`: the origin may not read.
    pub(crate) fn finish(&'static self, last: &[u8], deadline: Deadline) {
        let mut state = self.state.lock();
        if !state.finished {
            state.queue.extend_from_slice(last);
            state.finished = true;
        }
        drop(state);
        // A write may block for good, so it is another thread's; without one it has to be ours.
        if std::thread::Builder::new().name("peer-last".to_owned()).spawn(|| self.drain()).is_err() {
            self.drain();
        }
        let mut state = self.state.lock();
        while state.sending || !state.queue.is_empty() {
            if self.idle.wait_for(&mut state, deadline.left()).timed_out() {
                return;
            }
        }
    }

    /// Sends until nothing is held, also what other threads hold.
    fn drain(&self) {
        loop {
            let mut state = self.state.lock();
            while state.sending {
                self.wait_idle(&mut state);
            }
            if state.queue.is_empty() {
                return;
            }
            self.send_all(state);
        }
    }

    fn wait_idle(&self, state: &mut MutexGuard<'_, SendQueue>) {
        state.waiting += 1;
        self.idle.wait(state);
        state.waiting -= 1;
    }

    /// Sends, unless another thread does, until nothing is held or another thread waits to go on with it.
    fn send_all<'a>(&'a self, mut state: MutexGuard<'a, SendQueue>) {
        if state.sending {
            return;
        }
        state.sending = true;
        let mut bytes = Vec::new();
        while !state.queue.is_empty() {
            std::mem::swap(&mut bytes, &mut state.queue);
            drop(state);
            self.write_all(&bytes);
            bytes.clear();
            state = self.state.lock();
            if state.queue.is_empty() && bytes.capacity() <= HELD {
                // The next sender needs no new buffer.
                std::mem::swap(&mut bytes, &mut state.queue);
            }
            if state.waiting > 0 {
                break;
            }
        }
        state.sending = false;
        drop(state);
        self.idle.notify_all();
    }

    /// Writes bytes. A write that fails has lost the connection: nothing after half a frame could be read.
    fn write_all(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match rustix::io::write(&self.fd, bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => (self.lost)(),
            }
        }
    }
}

/// Connects to the first address that answers before `deadline`. A link that is silent for `silence` reads as ended.
pub(crate) fn connect(
    addresses: &[SocketAddr],
    deadline: Deadline,
    silence: Option<Duration>,
) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut failed = io::Error::other("the origin gave no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, deadline.left()) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(silence)?;
                stream.set_write_timeout(silence)?;
                let read = OwnedFd::from(stream);
                let write = read.try_clone()?;
                return Ok((read, write));
            }
            Err(error) => failed = io::Error::new(error.kind(), format!("{address}: {error}")),
        }
    }
    Err(failed)
}
