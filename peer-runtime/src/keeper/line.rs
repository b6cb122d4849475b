//! The keeper's end of the line to its origin.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send};
use serde::Serialize;

use crate::wire::frame::{Item, Stream};
use crate::wire::keeper::{DESCRIPTORS, LIMIT, ToKeeper};
use crate::wire::message;

/// The descriptors that came with a request; none where this process could not take one more.
pub(super) type Descriptors = Option<[OwnedFd; DESCRIPTORS]>;

pub(super) struct Request {
    pub(super) message: ToKeeper,
    pub(super) descriptors: Descriptors,
}

/// What one look at the line brought.
pub(super) enum Received {
    Some(Vec<Request>),
    Nothing,
    End,
}

pub(super) struct Line {
    socket: OwnedFd,
    stream: Stream,
    /// Of requests that have not arrived whole.
    descriptors: VecDeque<Descriptors>,
    /// What the origin has not taken yet: it may have been stopped.
    told: Vec<u8>,
}

impl Line {
    /// Takes the socket that is standard input, and leaves nothing there.
    pub(super) fn take_input() -> io::Result<Self> {
        let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(rustix::stdio::stdout())?;
        Ok(Self { socket, stream: Stream::frames(LIMIT), descriptors: VecDeque::new(), told: Vec::new() })
    }

    /// What to wait for.
    pub(super) fn awaited(&self) -> PollFd<'_> {
        let more = if self.told.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        PollFd::new(&self.socket, PollFlags::IN | more)
    }

    /// Takes what has arrived, without waiting.
    pub(super) fn receive(&mut self) -> io::Result<Received> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let received = recvmsg(&self.socket, &mut [IoSliceMut::new(self.stream.spare())], &mut control, flags);
        let received = match received {
            Ok(received) if received.bytes == 0 => return Ok(Received::End),
            Ok(received) => received,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Ok(Received::Nothing),
            Err(error) => return Err(error.into()),
        };
        let mut came = Vec::new();
        let mut any = received.flags.contains(ReturnFlags::CTRUNC);
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                any = true;
                came.extend(descriptors);
            }
        }
        if any {
            // Fewer than were sent: this process has as many as it may have.
            self.descriptors.push_back(came.try_into().ok());
        }
        self.stream.filled(received.bytes);
        let mut requests = Vec::new();
        while let Some(Item::Frame(frame)) = self.stream.next().map_err(io::Error::other)? {
            let message = message::decode::<ToKeeper>(frame).map_err(io::Error::other)?.0;
            let takes = matches!(message, ToKeeper::Spawn(_));
            let descriptors = if takes { self.descriptors.pop_front().flatten() } else { None };
            requests.push(Request { message, descriptors });
        }
        Ok(Received::Some(requests))
    }

    /// Tells the origin something, as soon as it listens. The error says that it is gone.
    pub(super) fn tell<M: Serialize>(&mut self, message: &M) -> io::Result<()> {
        self.tell_later(message);
        self.flush()
    }

    /// The same, together with what it is told next.
    pub(super) fn tell_later<M: Serialize>(&mut self, message: &M) {
        self.told.extend_from_slice(&message::small(message));
    }

    /// Tells it what it has not heard yet, as far as it listens.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.told.len() {
            match send(&self.socket, &self.told[sent..], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(written) => sent += written,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.told.drain(..sent);
        Ok(())
    }
}
