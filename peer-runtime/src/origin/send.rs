//! What all ways of talking to a peer share: checks first, then one frame.

use serde::Serialize;

use super::shared::PeerShared;
use crate::codec::Encoding;
use crate::error::{Error, Kind};
use crate::mailbox::Message;
use crate::options::Input;
use crate::registry;
use crate::wire::frame;
use crate::wire::message::{self, Function, ToPeer};

impl PeerShared {
    /// Sends a message on to the node.
    pub(crate) fn post(&self, message: &Message) -> Result<(), Error> {
        let operation = || format!("message to mailbox `{}`", message.to.name());
        self.check_node(operation)?;
        let head =
            ToPeer::Message { to: message.to.clone(), type_name: &message.type_name, encoding: message.encoding };
        let mut frame = Vec::new();
        message::append(&mut frame, self.frame_limit, &head, &message.payload)
            .map_err(|length| self.too_large(length, operation()))?;
        self.send_frame(&frame, operation)
    }

    /// To a node in a frame; to a program that is none as it is.
    pub(super) fn feed(&self, bytes: &[u8]) -> Result<(), Error> {
        let operation = || "input".to_owned();
        if !self.is_node() {
            self.check_fed()?;
            return self.send_frame(bytes, operation);
        }
        let mut frame = Vec::new();
        message::append(&mut frame, self.frame_limit, &ToPeer::Input, bytes)
            .map_err(|length| self.too_large(length, operation()))?;
        self.check_fed()?;
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

    /// An error for a program that nobody can call.
    fn check_node(&self, operation: impl FnOnce() -> String) -> Result<(), Error> {
        if self.is_node() {
            return Ok(());
        }
        let what = "it is no node: it was started with `program`, and has no functions and no mailboxes";
        Err(self.error(Kind::Undef, operation(), what).hint("talk to it as its own clients do"))
    }

    fn check_fed(&self) -> Result<(), Error> {
        if self.options.input == Input::Fed {
            return Ok(());
        }
        let error = self.error(Kind::BadOption, "input", "the peer was started with an empty standard input");
        Err(error.hint("start it with `input: Input::Fed`"))
    }

    /// The key of a function of ours, checked before anything is sent.
    pub(super) fn check_typed<'a>(&self, name: &'a str, what: &str) -> Result<Function<'a>, Error> {
        self.check_node(|| format!("{what} of `{name}`"))?;
        let function = Function::Typed(name);
        let undef = |what: &str, fault: String| self.error(Kind::Undef, format!("{what} of `{name}`"), fault);
        registry::find(&function).map_err(|(_, fault)| undef(what, fault).hint("put `#[remote]` on the function"))?;
        if self.hello.get().is_some() && !self.same_build() {
            let fault = "the node runs another executable than its origin, where a typed function may be another one"
                .to_owned();
            return Err(undef(what, fault).hint("use `apply`, by module and function name"));
        }
        Ok(function)
    }

    pub(super) fn typed<A: Serialize>(&self, name: &str, args: &A, what: &str) -> Result<(u64, Vec<u8>), Error> {
        let function = self.check_typed(name, what)?;
        let seq = self.calls.number();
        let frame =
            self.frame(&ToPeer::Call { seq, function }, Encoding::Postcard, args, || format!("{what} of `{name}`"))?;
        Ok((seq, frame))
    }

    pub(super) fn frame<A: Serialize>(
        &self,
        head: &ToPeer<'_>,
        encoding: Encoding,
        args: &A,
        operation: impl Fn() -> String,
    ) -> Result<Vec<u8>, Error> {
        self.check_node(&operation)?;
        let mut frame = Vec::with_capacity(128);
        let mut encoded = Ok(());
        let fits = frame::append(&mut frame, self.frame_limit, |out| {
            message::header(head, out);
            encoded = encoding.append(args, out);
        });
        encoded.map_err(|fault| {
            self.error(Kind::Codec, operation(), format!("the arguments cannot be encoded: {fault}"))
        })?;
        fits.map_err(|length| self.too_large(length, operation()))?;
        Ok(frame)
    }

    pub(super) fn too_large(&self, length: usize, operation: String) -> Error {
        let what =
            format!("it is a message of {length} bytes; the limit is {} (option `frame_limit`)", self.frame_limit);
        self.error(Kind::TooLarge, operation, what)
    }

    pub(super) fn send_frame(&self, frame: &[u8], operation: impl Fn() -> String) -> Result<(), Error> {
        self.check_running(&operation)?;
        if self.outbox.send(frame) {
            Ok(())
        } else {
            let what =
                if !self.is_node() { "its standard input is closed" } else { "the control connection is closed" };
            Err(self.error(Kind::NoConnection(None), operation(), what))
        }
    }

    /// Says on the console what has no caller to be told to.
    pub(super) fn note_failure(&self, sent: Result<(), Error>) {
        if let Err(error) = sent {
            self.note(&error.without_output().to_string());
        }
    }
}
