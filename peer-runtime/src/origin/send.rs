//! What a peer is sent: checks first, then one frame.

use serde::Serialize;

use super::shared::PeerShared;
use crate::codec::Encoding;
use crate::error::{Error, ErrorKind};
use crate::mailbox::{Message, Target};
use crate::options::Input;
use crate::registry;
use crate::wire::frame;
use crate::wire::message::{self, Function, ToPeer};

impl PeerShared {
    /// The number and the frame of a call of a function of this build.
    pub(super) fn typed<A: Serialize>(&self, name: &str, args: &A) -> Result<(u64, Vec<u8>), Error> {
        let function = self.check_typed(name, "call")?;
        let seq = self.calls.number();
        let frame =
            self.frame(&ToPeer::Call { seq, function }, Encoding::Postcard, args, || format!("call of `{name}`"))?;
        Ok((seq, frame))
    }

    /// The number and the frame of a call of a function that the node finds by module and name.
    pub(super) fn named<A: Serialize>(&self, function: Function<'_>, args: &A) -> Result<(u64, Vec<u8>), Error> {
        let text = function.to_string();
        let operation = || format!("call of `{text}`");
        self.check_node(operation)?;
        let seq = self.calls.number();
        let frame = self.frame(&ToPeer::Call { seq, function }, Encoding::MessagePack, args, operation)?;
        Ok((seq, frame))
    }

    pub(super) fn cast<A: Serialize>(&self, name: &str, args: &A) -> Result<(), Error> {
        let function = self.check_typed(name, "cast")?;
        let operation = || format!("cast of `{name}`");
        let frame = self.frame(&ToPeer::Cast { function }, Encoding::Postcard, args, operation)?;
        self.send_frame(&frame, operation)
    }

    pub(super) fn send<M: Serialize>(&self, to: Target, message: &M) -> Result<(), Error> {
        let operation = format!("message to mailbox `{}`", to.name());
        let encoding = if self.same_build() { Encoding::Postcard } else { Encoding::MessagePack };
        let message = Message::new(to, encoding, message).map_err(|fault| {
            self.error(ErrorKind::Codec, operation, format!("the message cannot be encoded: {fault}"))
        })?;
        self.post(&message)
    }

    pub(crate) fn post(&self, message: &Message) -> Result<(), Error> {
        let operation = || format!("message to mailbox `{}`", message.to.name());
        self.check_node(operation)?;
        let Message { to, type_name, encoding, payload } = message;
        let head = ToPeer::Message { to: to.clone(), type_name, encoding: *encoding };
        let frame = self.raw_frame(&head, payload, operation)?;
        self.send_frame(&frame, operation)
    }

    /// Feeds standard input: of a node by a frame, of a program directly.
    pub(super) fn feed(&self, bytes: &[u8]) -> Result<(), Error> {
        let operation = || "input".to_owned();
        self.check_fed()?;
        if !self.is_node() {
            return self.send_frame(bytes, operation);
        }
        let frame = self.raw_frame(&ToPeer::Input, bytes, operation)?;
        self.send_frame(&frame, operation)
    }

    pub(super) fn feed_end(&self) -> Result<(), Error> {
        self.check_fed()?;
        let operation = || "end of input".to_owned();
        if !self.is_node() {
            self.check_running(operation)?;
            self.outbox.finish();
            return Ok(());
        }
        self.send_frame(&message::small(&ToPeer::EndOfInput), operation)
    }

    /// Notes on the console what no caller can get as an error.
    pub(super) fn note_failure(&self, sent: Result<(), Error>) {
        if let Err(error) = sent {
            self.note(&error.without_output().to_string());
        }
    }

    fn check_node(&self, operation: impl FnOnce() -> String) -> Result<(), Error> {
        if self.is_node() {
            return Ok(());
        }
        let what = "it is no node: it was started with `program`, and has no functions and no mailboxes";
        Err(self.error(ErrorKind::Undef, operation(), what).hint("talk to it as its own clients do"))
    }

    fn check_fed(&self) -> Result<(), Error> {
        if self.options.input == Input::Fed {
            return Ok(());
        }
        let error = self.error(ErrorKind::BadOption, "input", "the peer was started with an empty standard input");
        Err(error.hint("start it with `input: Input::Fed`"))
    }

    /// The key of a function of this build, checked before anything is sent.
    fn check_typed<'a>(&self, name: &'a str, what: &str) -> Result<Function<'a>, Error> {
        let operation = || format!("{what} of `{name}`");
        self.check_node(operation)?;
        let function = Function::Typed(name);
        registry::find(&function).map_err(|(_, fault)| {
            self.error(ErrorKind::Undef, operation(), fault).hint("put `#[remote]` on the function")
        })?;
        if self.hello.get().is_some() && !self.same_build() {
            let fault = "the node runs another executable than its origin, where a typed function may be another one";
            let error = self.error(ErrorKind::Undef, operation(), fault);
            return Err(error.hint("use `apply`, by module and function name"));
        }
        Ok(function)
    }

    fn frame<A: Serialize>(
        &self,
        head: &ToPeer<'_>,
        encoding: Encoding,
        args: &A,
        operation: impl Fn() -> String,
    ) -> Result<Vec<u8>, Error> {
        let mut frame = Vec::with_capacity(128);
        let mut encoded = Ok(());
        let fits = frame::append(&mut frame, self.frame_limit, |out| {
            message::header(head, out);
            encoded = encoding.append(args, out);
        });
        encoded.map_err(|fault| {
            self.error(ErrorKind::Codec, operation(), format!("the arguments cannot be encoded: {fault}"))
        })?;
        fits.map_err(|length| self.too_large(length, operation()))?;
        Ok(frame)
    }

    fn raw_frame(&self, head: &ToPeer<'_>, payload: &[u8], operation: impl Fn() -> String) -> Result<Vec<u8>, Error> {
        let mut frame = Vec::new();
        message::append(&mut frame, self.frame_limit, head, payload)
            .map_err(|length| self.too_large(length, operation()))?;
        Ok(frame)
    }

    fn too_large(&self, length: usize, operation: String) -> Error {
        let what =
            format!("it is a message of {length} bytes; the limit is {} (option `frame_limit`)", self.frame_limit);
        self.error(ErrorKind::TooLarge, operation, what)
    }

    fn send_frame(&self, frame: &[u8], operation: impl Fn() -> String) -> Result<(), Error> {
        self.check_running(&operation)?;
        if self.outbox.send(frame) {
            return Ok(());
        }
        let what = if self.is_node() { "the control connection is closed" } else { "its standard input is closed" };
        Err(self.error(ErrorKind::NoConnection(None), operation(), what))
    }
}
