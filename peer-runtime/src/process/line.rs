//! The origin's end of the line to its keeper.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::sys;
use crate::wire::frame::{Item, Stream};
use crate::wire::keeper::{DESCRIPTORS, FromKeeper, LIMIT, Mark};
use crate::wire::message;

/// A frame on its way, with the descriptors that go with its first byte.
pub(super) struct Outgoing {
    /// Of what is to be spawned.
    mark: Option<Mark>,
    frame: Vec<u8>,
    sent: usize,
    descriptors: Vec<OwnedFd>,
}

impl Outgoing {
    /// A request that nobody waits for.
    pub(super) fn new<M: Serialize>(message: &M) -> io::Result<Self> {
        Self::frame(None, message, Vec::new())
    }

    /// The request to spawn the process that will bear `mark`.
    pub(super) fn spawn<M: Serialize>(mark: Mark, message: &M, descriptors: Vec<OwnedFd>) -> io::Result<Self> {
        Self::frame(Some(mark), message, descriptors)
    }

    fn frame<M: Serialize>(mark: Option<Mark>, message: &M, descriptors: Vec<OwnedFd>) -> io::Result<Self> {
        let mut frame = Vec::new();
        // The kernel would not take it either.
        message::append(&mut frame, LIMIT, message, &[]).map_err(|_| Errno::TOOBIG)?;
        Ok(Self { mark, frame, sent: 0, descriptors })
    }
}

pub(super) struct Line {
    socket: AsyncFd<OwnedFd>,
    queue: Mutex<VecDeque<Outgoing>>,
    /// Something is left for [`Line::drive`].
    left: Notify,
}

impl Line {
    /// Takes a socket that does not block; on the I/O thread.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = sys::watch(socket, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { socket, queue: Mutex::default(), left: Notify::new() })
    }

    /// Sends a frame, after all before it. The error is that of this frame, or that the other end is gone.
    pub(super) fn send(&self, mut outgoing: Outgoing) -> io::Result<()> {
        let mut queue = self.queue();
        if queue.is_empty() && self.write(&mut outgoing)? {
            return Ok(());
        }
        queue.push_back(outgoing);
        drop(queue);
        self.left.notify_one();
        Ok(())
    }

    /// Writes what the kernel takes; whether that was all.
    fn write(&self, outgoing: &mut Outgoing) -> io::Result<bool> {
        while outgoing.sent < outgoing.frame.len() {
            let fds: Vec<_> = outgoing.descriptors.iter().map(AsFd::as_fd).collect();
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() {
                control.push(SendAncillaryMessage::ScmRights(&fds));
            }
            let rest = IoSlice::new(&outgoing.frame[outgoing.sent..]);
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            match sendmsg(self.socket.get_ref(), &[rest], &mut control, flags) {
                Ok(written) => {
                    outgoing.sent += written;
                    outgoing.descriptors.clear();
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                // The other end was closed with something unread.
                Err(Errno::CONNRESET) => return Err(Errno::PIPE.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Sends what had to wait, until the other end is gone. What the kernel refuses to take, for want of something, is
    /// told to `refused`.
    pub(super) async fn drive(&self, refused: impl Fn(Mark, io::Error)) {
        loop {
            self.left.notified().await;
            while !self.queue().is_empty() {
                let Ok(mut ready) = self.socket.writable().await else { return };
                let mut queue = self.queue();
                let Some(first) = queue.front_mut() else { break };
                match self.write(first) {
                    Ok(true) => drop(queue.pop_front()),
                    Ok(false) => ready.clear_ready(),
                    // Half a frame cannot be taken back.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe || first.sent > 0 => return,
                    Err(error) => {
                        let mark = queue.pop_front().and_then(|refused| refused.mark);
                        drop(queue);
                        if let Some(mark) = mark {
                            refused(mark, error);
                        }
                    }
                }
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Outgoing>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For [`next`](Self::next).
    pub(super) fn stream(&self) -> Stream {
        Stream::frames(LIMIT)
    }

    /// The next message; none when the other end is gone, or does not make sense.
    pub(super) async fn next(&self, stream: &mut Stream) -> Option<FromKeeper> {
        loop {
            if let Some(Item::Frame(frame)) = stream.next().ok()? {
                return Some(message::decode(frame).ok()?.0);
            }
            let mut ready = self.socket.readable().await.ok()?;
            match ready.try_io(|socket| Ok(rustix::io::read(socket, stream.spare())?)) {
                Ok(Ok(0)) => return None,
                Ok(Ok(bytes)) => stream.filled(bytes),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(_)) => return None,
                Err(_would_block) => {}
            }
        }
    }
}
