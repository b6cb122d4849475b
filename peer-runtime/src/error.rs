//! The error of every operation: opaque, written for its reader, with accessors for programs.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::panic::RemotePanic;
use crate::sanitize;
use crate::state::Reason;
use crate::timeouts;

mod boot_failure;

pub(crate) use boot_failure::{BootFailure, BootPhase, SpawnFault};

/// What an operation of this crate failed of.
///
/// Its text names the operation, the node, what happened, what to do about it where that is known, and the last output
/// of the node, without colours, and with other control characters escaped. The accessors distinguish OTP's
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
    kind: ErrorKind,
    operation: String,
    node: Option<String>,
    what: String,
    hint: Option<String>,
    output: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ErrorKind {
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
    BootFailed(Box<BootFailure>),
    /// A message or a reply is larger than the connection takes.
    TooLarge,
    /// A value that could not be encoded or decoded.
    Codec,
    NoScope,
    Barrier(Break),
    Io,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Break {
    /// The arrival contradicts the others, or takes no part.
    Refused,
    Down(Reason),
    TimedOut,
    Ended,
}

impl Error {
    /// An error of `kind` in `operation` ("call of `suite::sum`"), and what happened.
    pub(crate) fn new(kind: ErrorKind, operation: impl Into<String>, what: impl Into<String>) -> Self {
        let (operation, what) = (operation.into(), what.into());
        Self(Box::new(Repr { kind, operation, node: None, what, hint: None, output: None }))
    }

    /// `option` was given `value`, and `fault` says what is wrong with that.
    pub(crate) fn option(option: &str, value: impl fmt::Display, fault: impl fmt::Display) -> Self {
        Self::new(ErrorKind::BadOption, "start of a peer", format!("option `{option}`: {value}: {fault}"))
    }

    /// `failure` of the start of a peer; it renders itself when the error is displayed.
    pub(crate) fn boot_failed(failure: BootFailure) -> Self {
        Self::new(ErrorKind::BootFailed(Box::new(failure)), "start of a peer", "")
    }

    pub(crate) fn timeout(operation: impl Into<String>, limit: Duration, waited_for: &str) -> Self {
        let what = format!("no {waited_for} within {}", timeouts::display(limit));
        Self::new(ErrorKind::Timeout, operation, what)
    }

    pub(crate) fn on(mut self, node: impl Into<String>) -> Self {
        self.0.node = Some(node.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn output(mut self, tail: String) -> Self {
        self.0.output = (!tail.is_empty()).then_some(tail);
        self
    }

    /// Whether a peer did not start for want of room on the machine, or of an answer: the same start may work a moment later.
    pub(crate) fn is_infrastructure(&self) -> bool {
        matches!(&self.0.kind, ErrorKind::BootFailed(failure) if failure.is_infrastructure())
    }

    /// Leaves out the last output of the node, where a report shows it beside the error.
    pub(crate) fn without_output(mut self) -> Self {
        self.0.output = None;
        self
    }
}

impl Error {
    /// Whether something took longer than it may: a call, a boot, a wait for a message or at a barrier. OTP's `timeout`.
    ///
    /// ```
    /// use peer::prelude::*;
    /// # use std::time::Duration;
    /// #[remote]
    /// async fn never() { std::future::pending().await }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer.call(never, ()).timeout(Duration::from_millis(10)).await.unwrap_err();
    /// assert!(error.is_timeout());
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_timeout(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Timeout | ErrorKind::Barrier(Break::TimedOut) => true,
            ErrorKind::BootFailed(failure) => failure.reason() == Some(&Reason::BootTimeout),
            _ => false,
        }
    }

    /// Whether the remote function panicked; [`panic`](Self::panic) has the details. The exception that
    /// OTP's `call/4,5` raises.
    ///
    /// ```
    /// use peer::prelude::*;
    /// #[remote]
    /// fn elect() { panic!("no quorum") }
    /// # #[tokio::main] async fn main() -> peer::Result {
    /// let peer = peer::start(()).await?;
    /// let error = peer.call(elect, ()).await.unwrap_err();
    /// assert!(error.is_panic() && error.to_string().contains("no quorum"));
    /// # peer.stop().await?; Ok(()) }
    /// ```
    pub fn is_panic(&self) -> bool {
        self.panic().is_some()
    }

    /// The panic of the remote function; none for another error.
    pub fn panic(&self) -> Option<&RemotePanic> {
        match &self.0.kind {
            ErrorKind::Panic(panic) => Some(panic),
            _ => None,
        }
    }

    /// Whether the node does not have the function. OTP's `undef`.
    pub fn is_undef(&self) -> bool {
        self.0.kind == ErrorKind::Undef
    }

    /// Whether the arguments are not those of the function. OTP's `badarg`.
    pub fn is_badarg(&self) -> bool {
        self.0.kind == ErrorKind::BadArg
    }

    /// Whether a start option was refused; its text names the option and the value. Also whether an operation
    /// needs an option that the peer was not started with.
    pub fn is_bad_option(&self) -> bool {
        self.0.kind == ErrorKind::BadOption
    }

    /// Whether the name is that of a node which is still there.
    pub fn is_name_in_use(&self) -> bool {
        self.0.kind == ErrorKind::NameInUse
    }

    /// Whether the node was not connected: booting, stopping or down. OTP's `noconnection`. Of a wait for a
    /// message, or at a barrier: whether its scope has ended.
    pub fn is_noconnection(&self) -> bool {
        matches!(self.0.kind, ErrorKind::NoConnection(_) | ErrorKind::NoProcess(_) | ErrorKind::Barrier(Break::Ended))
    }

    /// Whether the peer had been stopped, or had ended, before. OTP's `noproc`.
    pub fn is_noproc(&self) -> bool {
        matches!(self.0.kind, ErrorKind::NoProcess(_))
    }

    /// Whether the peer could not boot; [`down_reason`](Self::down_reason) is why, where its process was
    /// started at all. OTP's `boot_failed`.
    ///
    /// ```
    /// # use peer::prelude::*;
    /// # #[tokio::main] async fn main() {
    /// let error = peer::start(StartOptions::new().exec(("sh", ["-c", "exit 3"]))).await.unwrap_err();
    /// assert!(error.is_boot_failed());
    /// assert_eq!(error.down_reason(), Some(&Reason::Exited(3)));
    /// # }
    /// ```
    pub fn is_boot_failed(&self) -> bool {
        matches!(self.0.kind, ErrorKind::BootFailed(_))
    }

    /// Whether a message was larger than the connection takes.
    pub fn is_too_large(&self) -> bool {
        self.0.kind == ErrorKind::TooLarge
    }

    /// Whether a value could not be encoded or decoded: an argument, a result or a message.
    pub fn is_codec(&self) -> bool {
        self.0.kind == ErrorKind::Codec
    }

    /// Whether there was no scope to link to, or one that had ended.
    pub fn is_noscope(&self) -> bool {
        self.0.kind == ErrorKind::NoScope
    }

    /// Whether a barrier was not passed: a participant went down ([`down_reason`](Self::down_reason)), it timed out
    /// ([`is_timeout`](Self::is_timeout)), its scope ended, or the participants disagreed.
    pub fn is_barrier(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Barrier(_))
    }

    /// Why the node is down, where that is why the operation failed.
    ///
    /// See [`node::halt`](crate::node::halt) for an example.
    pub fn down_reason(&self) -> Option<&Reason> {
        match &self.0.kind {
            ErrorKind::NoConnection(reason) | ErrorKind::NoProcess(reason) => reason.as_ref(),
            ErrorKind::BootFailed(failure) => failure.reason(),
            ErrorKind::Barrier(Break::Down(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The full name of the node that it happened on, `name@host`, where there is one.
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { kind, operation, node, what, hint, output } = &*self.0;
        let (what, hint) = match kind {
            ErrorKind::BootFailed(failure) => (&failure.to_string(), &failure.hint()),
            _ => (what, hint),
        };
        write!(f, "{}", sanitize::text(operation))?;
        if let Some(node) = node {
            write!(f, " on node `{node}`")?;
        }
        write!(f, " failed: {}", sanitize::text(what).replace('\n', "\n  "))?;
        if let Some(hint) = hint {
            write!(f, "\n  help: {hint}")?;
        }
        if let Some(output) = output {
            f.write_str("\n  last output of the node:")?;
            for line in sanitize::text(output).lines() {
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
