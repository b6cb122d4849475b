//! The error of every operation: opaque, written for its reader, with accessors for programs.

use std::fmt;
use std::time::Duration;

use crate::panic::RemotePanic;
use crate::state::Reason;
use crate::timeouts;

/// What an operation of this crate failed of.
///
/// Its text names the operation, the node, what happened, what to do about it where that is known,
/// and the tail of what the node last wrote. The accessors tell the kinds apart, after OTP's
/// `timeout`, `undef`, `badarg`, `noconnection`, `noproc` and `boot_failed`.
///
/// ```
/// use peer::prelude::*;
/// # #[tokio::main] async fn main() -> peer::Result {
/// let peer = peer::start(()).await?;
/// let error = peer.apply::<u64, _>("nobody", "home", ()).await.unwrap_err();
/// assert!(error.is_undef());
/// assert!(error.to_string().contains("nobody::home"));
/// # peer.stop().await?; Ok(()) }
/// ```
#[derive(Clone)]
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: Kind,
    operation: String,
    node: Option<String>,
    what: String,
    hint: Option<String>,
    output: Option<String>,
}

/// The kinds of errors, for the accessors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Timeout,
    Panic(RemotePanic),
    Undef,
    BadArg,
    BadOption,
    NameInUse,
    /// The node is not connected: booting, stopping, or down with this reason.
    NoConnection(Option<Reason>),
    /// The control process has ended: there is nothing to stop or to ask any more.
    NoProcess(Option<Reason>),
    BootFailed(Option<Reason>),
    /// A message or a reply is larger than the connection takes.
    TooLarge,
    /// A value that could not be encoded or decoded.
    Codec,
    NoScope,
    Io,
}

impl Error {
    /// An error of `kind` in `operation` ("call of `suite::sum`"), and what happened.
    pub(crate) fn new(kind: Kind, operation: impl Into<String>, what: impl Into<String>) -> Self {
        let (operation, what) = (operation.into(), what.into());
        Self(Box::new(Repr { kind, operation, node: None, what, hint: None, output: None }))
    }

    /// `option` was given `value`, and `fault` says what is wrong with that.
    pub(crate) fn option(option: &str, value: impl fmt::Display, fault: impl fmt::Display) -> Self {
        Self::new(Kind::BadOption, "start of a peer", format!("option `{option}`: {value}: {fault}"))
    }

    pub(crate) fn timeout(operation: impl Into<String>, limit: Duration, waited_for: &str) -> Self {
        let what = format!("no {waited_for} within {}", timeouts::display(limit));
        Self::new(Kind::Timeout, operation, what)
    }

    pub(crate) fn on(mut self, node: impl Into<String>) -> Self {
        self.0.node = Some(node.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the tail of what the node wrote, where it wrote anything.
    pub(crate) fn output(mut self, tail: String) -> Self {
        self.0.output = (!tail.is_empty()).then_some(tail);
        self
    }

    /// For the console of the node itself, where its last output is already.
    pub(crate) fn without_output(mut self) -> Self {
        self.0.output = None;
        self
    }

    /// Whether something took longer than it may: a call, a boot, a wait for a message.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout | Kind::BootFailed(Some(Reason::BootTimeout)))
    }

    /// Whether the remote function panicked; [`panic`](Self::panic) tells how.
    pub fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// The panic of the remote function.
    pub fn panic(&self) -> Option<&RemotePanic> {
        match &self.0.kind {
            Kind::Panic(panic) => Some(panic),
            _ => None,
        }
    }

    /// Whether the node does not have the function.
    pub fn is_undef(&self) -> bool {
        self.0.kind == Kind::Undef
    }

    /// Whether the arguments are not those of the function.
    pub fn is_badarg(&self) -> bool {
        self.0.kind == Kind::BadArg
    }

    /// Whether a start option was refused; its text names the option and the value.
    pub fn is_bad_option(&self) -> bool {
        self.0.kind == Kind::BadOption
    }

    /// Whether the name is that of a node which is still there.
    pub fn is_name_in_use(&self) -> bool {
        self.0.kind == Kind::NameInUse
    }

    /// Whether the node was not connected: booting, stopping or down.
    pub fn is_noconnection(&self) -> bool {
        matches!(self.0.kind, Kind::NoConnection(_) | Kind::NoProcess(_))
    }

    /// Whether the peer had been stopped, or had ended, before.
    pub fn is_noproc(&self) -> bool {
        matches!(self.0.kind, Kind::NoProcess(_))
    }

    /// Whether the peer could not boot.
    pub fn is_boot_failed(&self) -> bool {
        matches!(self.0.kind, Kind::BootFailed(_))
    }

    /// Whether a message was larger than the connection takes (see `frame_limit`).
    pub fn is_too_large(&self) -> bool {
        self.0.kind == Kind::TooLarge
    }

    /// Whether a value could not be encoded or decoded.
    pub fn is_codec(&self) -> bool {
        self.0.kind == Kind::Codec
    }

    /// Whether there was no scope to link to.
    pub fn is_noscope(&self) -> bool {
        self.0.kind == Kind::NoScope
    }

    /// Why the node is down, where that is why the operation failed.
    pub fn down_reason(&self) -> Option<&Reason> {
        match &self.0.kind {
            Kind::NoConnection(reason) | Kind::NoProcess(reason) | Kind::BootFailed(reason) => reason.as_ref(),
            _ => None,
        }
    }

    /// The node that it happened on, where there is one.
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { operation, node, what, hint, output, .. } = &*self.0;
        write!(f, "{operation}")?;
        if let Some(node) = node {
            write!(f, " on node `{node}`")?;
        }
        write!(f, " failed: {}", what.replace('\n', "\n  "))?;
        if let Some(hint) = hint {
            write!(f, "\n  help: {hint}")?;
        }
        if let Some(output) = output {
            f.write_str("\n  last output of the node:")?;
            for line in output.lines() {
                write!(f, "\n    | {line}")?;
            }
        }
        Ok(())
    }
}

// The same as `Display`, so that `unwrap` and a test's `Result` print the good text.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
