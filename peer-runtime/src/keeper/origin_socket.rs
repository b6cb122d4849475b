//! The keeper's end of the socket between it and its origin.

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

/// The descriptors that came with a request; none if this process had reached its limit.
pub(super) type Descriptors = Option<[OwnedFd; DESCRIPTORS]>;

pub(super) struct Request {
    pub(super) message: ToKeeper,
    pub(super) descriptors: Descriptors,
}

pub(super) enum Received {
    Some(Vec<Request>),
    Nothing,
    End,
}

pub(super) struct OriginSocket {
    socket: OwnedFd,
    stream: Stream,
    /// Of requests that have not arrived whole.
    descriptors: VecDeque<Descriptors>,
    /// What the origin has not read yet: it may be stopped.
    outgoing: Vec<u8>,
}

impl OriginSocket {
    /// Takes the socket at standard input, and replaces it.
    pub(super) fn take_stdin() -> io::Result<Self> {
        let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        rustix::stdio::dup2_stdin(rustix::stdio::stdout())?;
        Ok(Self { socket, stream: Stream::frames(LIMIT), descriptors: VecDeque::new(), outgoing: Vec::new() })
    }

    pub(super) fn awaited(&self) -> PollFd<'_> {
        let more = if self.outgoing.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        PollFd::new(&self.socket, PollFlags::IN | more)
    }

    /// Reads what has arrived, without waiting.
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
            // Fewer than were sent: this process has reached its limit.
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

    /// Sends a message as soon as the origin reads. The error is that the origin is gone.
    pub(super) fn send<M: Serialize>(&mut self, message: &M) -> io::Result<()> {
        self.queue(message);
        self.flush()
    }

    /// Sends a message together with the next one.
    pub(super) fn queue<M: Serialize>(&mut self, message: &M) {
        self.outgoing.extend_from_slice(&message::small(message));
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match send(&self.socket, &self.outgoing[sent..], SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(written) => sent += written,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.outgoing.drain(..sent);
        Ok(())
    }
}
