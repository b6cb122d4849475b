//! The connection of one peer: frames that arrive on it, and text on its console.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::barrier;
use super::pending_calls::CallAnswer;
use super::shared::PeerShared;
use crate::link::handshake::{self, Hello};
use crate::link::reader::{Read, Reader};
use crate::link::tcp::{Caller, Listener};
use crate::mailbox::Message;
use crate::owner::PeerEvent;
use crate::state::Reason;
use crate::wire::frame::{Item, Stream};
use crate::wire::message::{self, ToOrigin};

/// The most bytes that are read at a node's end, if a child goes on writing: more than a pipe or a socket holds.
const DRAINED: usize = 8 << 20;

#[derive(Debug)]
pub(super) enum ConnectionEvent {
    Hello,
    Started,
    /// A program is ready.
    Ready,
    /// It missed its heartbeats.
    Silent,
    /// The connection ended; with a reason if the peer broke the protocol, or the origin failed.
    Ended(Option<Reason>),
}

/// What everything that reads from one peer shares.
#[derive(Clone)]
pub(super) struct ConnectionContext {
    pub(super) shared: Arc<PeerShared>,
    pub(super) token: [u8; 32],
    pub(super) events: mpsc::UnboundedSender<ConnectionEvent>,
    /// Set with everything that arrives.
    pub(super) heard: Arc<AtomicBool>,
    /// Turns true when the process has ended.
    pub(super) ending: watch::Receiver<bool>,
}

impl ConnectionContext {
    /// Attaches the ends of a peer's pipes, and sends the boot specification, its first frame.
    pub(super) fn attach(
        self,
        stdin: OwnedFd,
        frames: Option<OwnedFd>,
        console: Option<OwnedFd>,
        listener: Option<Listener>,
        boot: &[u8],
        tasks: &mut Vec<JoinHandle<()>>,
    ) -> io::Result<()> {
        if let Some(console) = console {
            tasks.push(tokio::spawn(relay_console(
                Arc::clone(&self.shared),
                Reader::new(console)?,
                self.ending.clone(),
                |_| {},
            )));
        }
        if let Some(listener) = listener {
            // An empty pipe takes it whole. `EPIPE` is the end of the process, whose status says more.
            match rustix::io::write(&stdin, boot) {
                Ok(_) | Err(rustix::io::Errno::PIPE) => {}
                Err(error) => return Err(error.into()),
            }
            tasks.push(tokio::spawn(self.connect(listener)));
        } else if let Some(frames) = frames {
            self.shared.outbox.open(stdin)?;
            self.shared.outbox.send(boot);
            let stream = Stream::text(self.shared.frame_limit);
            tasks.push(tokio::spawn(FrameReader { reader: Reader::new(frames)?, stream, context: self }.run()));
        }
        Ok(())
    }

    async fn connect(self, listener: Listener) {
        let mut ending = self.ending.clone();
        let caller = tokio::select! {
            caller = listener.accept(self.token, self.shared.frame_limit) => caller,
            _ = ending.wait_for(|ended| *ended) => return,
        };
        let Caller { reader, write, stream, hello } = match caller {
            Ok(caller) => caller,
            Err(failed) => return self.unreadable(&failed.error),
        };
        if let Err(error) = self.shared.outbox.open(write) {
            return self.unreadable(&error);
        }
        self.greet(hello);
        FrameReader { reader, stream, context: self }.run().await;
    }

    pub(super) fn report(&self, event: ConnectionEvent) {
        // Fails if the control process has ended.
        let _ = self.events.send(event);
    }

    /// The connection cannot be read, for a reason of the origin's.
    fn unreadable(&self, error: &io::Error) {
        self.report(ConnectionEvent::Ended(Some(Reason::Unheard(error.to_string()))));
    }

    fn greet(&self, hello: Hello) {
        self.shared.greet(hello);
        self.report(ConnectionEvent::Hello);
    }
}

struct FrameReader {
    reader: Reader,
    stream: Stream,
    context: ConnectionContext,
}

impl FrameReader {
    /// Handles what arrives until the connection ends, or the process has ended and all is handled.
    async fn run(mut self) {
        let mut ending = self.context.ending.clone();
        let why = loop {
            if let Err(reason) = self.handle_all() {
                break Some(reason);
            }
            tokio::select! {
                biased;
                _ = ending.wait_for(|ended| *ended) => break self.drain().err(),
                read = self.reader.read(self.stream.spare()) => match read {
                    Ok(bytes) if bytes > 0 => self.stream.filled(bytes),
                    _ => break None,
                },
            }
        };
        if why.is_none() {
            self.context.shared.printed(self.stream.rest());
        }
        self.context.report(ConnectionEvent::Ended(why));
    }

    /// Reads what is there, without waiting for an end that a child may keep from coming.
    fn drain(&mut self) -> Result<(), Reason> {
        let mut drained = 0;
        while drained < DRAINED
            && let Read::Bytes(bytes) = self.reader.read_now(self.stream.spare())
        {
            drained += bytes;
            self.stream.filled(bytes);
            self.handle_all()?;
        }
        Ok(())
    }

    fn handle_all(&mut self) -> Result<(), Reason> {
        let context = &self.context;
        context.heard.store(true, Ordering::Relaxed);
        context.shared.outbox.heard();
        loop {
            let item = self.stream.next().map_err(|fault| Reason::Protocol(fault.to_string()))?;
            match item {
                None => return Ok(()),
                Some(Item::Console(text)) => context.shared.printed(text),
                Some(Item::Frame(frame)) if context.shared.hello.get().is_none() => {
                    context.greet(handshake::read_hello(frame, &context.token).map_err(Reason::Protocol)?);
                }
                Some(Item::Frame(frame)) => {
                    if handle(context, frame)? {
                        self.stream.end_frames();
                    }
                }
            }
        }
    }
}

/// One message; whether it was the last one.
fn handle(context: &ConnectionContext, frame: &[u8]) -> Result<bool, Reason> {
    let shared = &context.shared;
    let (message, payload) =
        message::decode::<ToOrigin<'_>>(frame).map_err(|fault| Reason::Protocol(fault.to_string()))?;
    match message {
        ToOrigin::Reply { seq } => shared.calls.answer(seq, CallAnswer::Reply(payload.to_vec())),
        ToOrigin::Panic { seq, panic } => shared.calls.answer(seq, CallAnswer::Panic(panic)),
        ToOrigin::Refused { seq, refusal, text } => {
            shared.calls.answer(seq, CallAnswer::Refused(refusal, text.to_owned()))
        }
        ToOrigin::Message { to, type_name, encoding } => {
            let message = Message { to, type_name: type_name.to_owned(), encoding, payload: payload.to_vec() };
            shared.event(PeerEvent::Message(message));
        }
        ToOrigin::Started { node } => {
            shared.started(node);
            context.report(ConnectionEvent::Started);
        }
        ToOrigin::Note { text } => shared.note(text),
        ToOrigin::Pong => {}
        ToOrigin::Hello { .. } => return Err(Reason::Protocol("a second hello".to_owned())),
        ToOrigin::Bye => return Ok(true),
        ToOrigin::Arrive { id, name, members, timeout } => {
            barrier::arrive(shared, id, name, members, timeout)?;
        }
        ToOrigin::Withdraw { id } => barrier::withdraw(shared, id),
    }
    Ok(false)
}

/// Relays a peer's console until it ends, or the process has ended and all is read. `seen` gets what comes before that.
pub(super) async fn relay_console(
    shared: Arc<PeerShared>,
    reader: Reader,
    mut ending: watch::Receiver<bool>,
    mut seen: impl FnMut(&[u8]) + Send,
) {
    let mut buffer = vec![0; 8 << 10];
    loop {
        tokio::select! {
            biased;
            _ = ending.wait_for(|ended| *ended) => break,
            read = reader.read(&mut buffer) => match read {
                Ok(bytes) if bytes > 0 => {
                    shared.printed(&buffer[..bytes]);
                    seen(&buffer[..bytes]);
                }
                _ => return,
            },
        }
        // A peer that prints without pause must not keep the I/O thread busy.
        tokio::task::yield_now().await;
    }
    let mut drained = 0;
    while drained < DRAINED {
        match reader.read_now(&mut buffer) {
            Read::Bytes(bytes) => shared.printed(&buffer[..bytes]),
            Read::Nothing | Read::End => return,
        }
        drained += buffer.len();
    }
    shared.note("a process that left the group of the node goes on printing; that is shown no longer");
}
