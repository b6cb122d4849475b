//! The origin's end of the socket between it and its keeper.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use parking_lot::Mutex;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::sys;
use crate::timeouts::{self, KEEPER_ANSWER};
use crate::wire::frame::{Item, Stream};
use crate::wire::keeper::{DESCRIPTORS, FromKeeper, LIMIT, ToKeeper};
use crate::wire::message;
use crate::wire::process_tag::ProcessTag;

/// A frame to send, with the descriptors that go with its first byte.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Of the process to spawn; none for a request without an answer.
    tag: Option<ProcessTag>,
    frame: Vec<u8>,
    sent: usize,
    descriptors: Vec<OwnedFd>,
}

impl Outgoing {
    pub(super) fn new<M: Serialize>(
        tag: Option<ProcessTag>,
        message: &M,
        descriptors: Vec<OwnedFd>,
    ) -> io::Result<Self> {
        let mut frame = Vec::new();
        // The kernel would refuse as much, with the same error.
        message::append(&mut frame, LIMIT, message, &[]).map_err(|_| Errno::TOOBIG)?;
        Ok(Self { tag, frame, sent: 0, descriptors })
    }
}

#[derive(Debug)]
pub(super) struct KeeperSocket {
    keeper: u32,
    socket: AsyncFd<OwnedFd>,
    queue: Mutex<VecDeque<Outgoing>>,
    queued: Notify,
}

impl KeeperSocket {
    /// Takes a non-blocking socket; on the I/O thread.
    pub(super) fn new(socket: OwnedFd, keeper: u32) -> io::Result<Self> {
        let socket = sys::watch(socket, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { keeper, socket, queue: Mutex::default(), queued: Notify::new() })
    }

    /// Sends a request without descriptors. Without a keeper it has no effect, since its children are ending anyway.
    pub(super) fn request(&self, request: &ToKeeper) {
        let _ = Outgoing::new(None, request, Vec::new()).and_then(|outgoing| self.send(outgoing));
    }

    /// The error if the keeper does not answer in time.
    pub(super) fn silent(&self) -> io::Error {
        let limit = timeouts::display(KEEPER_ANSWER);
        let text =
            format!("the keeper of all peers, os pid {}, has not answered for {limit}; is it stopped?", self.keeper);
        io::Error::new(io::ErrorKind::TimedOut, text)
    }

    /// Sends a frame, after all earlier ones. The error is one of this frame, or that the keeper is gone.
    pub(super) fn send(&self, mut outgoing: Outgoing) -> io::Result<()> {
        let mut queue = self.queue.lock();
        if queue.is_empty() && self.write(&mut outgoing)? {
            return Ok(());
        }
        queue.push_back(outgoing);
        drop(queue);
        self.queued.notify_one();
        Ok(())
    }

    /// Writes what the kernel takes. Returns whether that was all.
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
                // The keeper closed its end with something unread.
                Err(Errno::CONNRESET) => return Err(Errno::PIPE.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Sends the queue until the keeper is gone. Passes errors of single frames, as for want of memory, to `refused`.
    pub(super) async fn drive(&self, refused: impl Fn(ProcessTag, io::Error)) {
        loop {
            self.queued.notified().await;
            while !self.queue.lock().is_empty() {
                let Ok(mut ready) = self.socket.writable().await else { return };
                let mut queue = self.queue.lock();
                let Some(first) = queue.front_mut() else { break };
                match self.write(first) {
                    Ok(true) => drop(queue.pop_front()),
                    Ok(false) => ready.clear_ready(),
                    // Half a frame cannot be taken back.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe || first.sent > 0 => return,
                    Err(error) => {
                        let tag = queue.pop_front().and_then(|refused| refused.tag);
                        drop(queue);
                        if let Some(tag) = tag {
                            refused(tag, error);
                        }
                    }
                }
            }
        }
    }

    /// The next message; `None` when the keeper is gone, or sends something invalid.
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
