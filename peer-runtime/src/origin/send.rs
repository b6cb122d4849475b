//! What all ways of talking to a peer share: checks first, then one frame.

use serde::Serialize;

use super::peer::Peer;
use crate::codec::Encoding;
use crate::error::{Error, Kind};
use crate::mailbox::Letter;
use crate::options::Input;
use crate::registry;
use crate::wire::frame;
use crate::wire::message::{self, Function, ToPeer};

impl Peer {
    /// Sends a letter on to the node.
    pub(crate) fn post(&self, letter: &Letter) -> Result<(), Error> {
        let operation = || format!("message to mailbox `{}`", letter.to.name());
        let head = ToPeer::Message { to: letter.to.clone(), type_name: &letter.type_name, encoding: letter.encoding };
        let mut frame = Vec::new();
        message::append(&mut frame, self.inner().frame_limit, &head, &letter.payload)
            .map_err(|length| self.too_large(length, operation()))?;
        self.send_frame(&frame, operation)
    }

    pub(super) fn check_fed(&self) -> Result<(), Error> {
        if self.inner().options.input == Input::Fed {
            return Ok(());
        }
        let error = self.inner().error(Kind::BadOption, "input", "the peer was started with an empty standard input");
        Err(error.hint("start it with `input: Input::Fed`"))
    }

    /// The key of a function of ours, checked before anything is sent.
    pub(super) fn check_typed<'a>(&self, name: &'a str, what: &str) -> Result<Function<'a>, Error> {
        let function = Function::Typed(name);
        let undef = |what: &str, fault: String| self.inner().error(Kind::Undef, format!("{what} of `{name}`"), fault);
        registry::find(&function).map_err(|(_, fault)| undef(what, fault).hint("put `#[remote]` on the function"))?;
        if self.inner().hello.get().is_some() && !self.inner().same_build() {
            let fault = "the node runs another executable than its origin, where a typed function may be another one"
                .to_owned();
            return Err(undef(what, fault).hint("use `apply`, by module and function name"));
        }
        Ok(function)
    }

    pub(super) fn typed<A: Serialize>(&self, name: &str, args: &A, what: &str) -> Result<(u64, Vec<u8>), Error> {
        let function = self.check_typed(name, what)?;
        let seq = self.inner().calls.number();
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
        let mut frame = Vec::with_capacity(128);
        let mut encoded = Ok(());
        let fits = frame::append(&mut frame, self.inner().frame_limit, |out| {
            message::header(head, out);
            encoded = encoding.append(args, out);
        });
        encoded.map_err(|fault| {
            self.inner().error(Kind::Codec, operation(), format!("the arguments cannot be encoded: {fault}"))
        })?;
        fits.map_err(|length| self.too_large(length, operation()))?;
        Ok(frame)
    }

    pub(super) fn too_large(&self, length: usize, operation: String) -> Error {
        let what = format!(
            "it is a message of {length} bytes; the limit is {} (option `frame_limit`)",
            self.inner().frame_limit
        );
        self.inner().error(Kind::TooLarge, operation, what)
    }

    pub(super) fn send_frame(&self, frame: &[u8], operation: impl Fn() -> String) -> Result<(), Error> {
        self.inner().check_running(&operation)?;
        if self.inner().outbox.send(frame) {
            Ok(())
        } else {
            Err(self.inner().error(Kind::NoConnection(None), operation(), "the control connection is closed"))
        }
    }

    /// Says on the console what has no caller to be told to.
    pub(super) fn note(&self, sent: Result<(), Error>) {
        if let Err(error) = sent {
            self.inner().note(&error.without_output().to_string());
        }
    }
}
