//! The error of every operation: opaque, written for its reader, with accessors for programs.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::panic::RemotePanic;
use crate::sanitize;
use crate::state::Reason;
use crate::timeouts;

mod accessors;

/// What an operation of this crate failed of.
///
/// Its text names the operation, the node, what happened, what to do about it where that is known,
/// and the tail of what the node last wrote, without colours, and with other control characters as Rust writes them. The accessors tell the kinds apart, after OTP's
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
    /// The machine had no room, or did not answer: whoever asked did nothing wrong.
    of_machine: bool,
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
    Barrier(Break),
    Io,
}

/// Why a barrier was not passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Break {
    /// Who arrived does not go with the others, or not at all.
    Refused,
    /// A participant went down.
    Down(Reason),
    TimedOut,
    /// The scope ended.
    Ended,
}

impl Error {
    /// An error of `kind` in `operation` ("call of `suite::sum`"), and what happened.
    pub(crate) fn new(kind: Kind, operation: impl Into<String>, what: impl Into<String>) -> Self {
        let (operation, what) = (operation.into(), what.into());
        Self(Box::new(Repr { kind, operation, node: None, what, hint: None, output: None, of_machine: false }))
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

    /// Says that the machine had no room, or did not answer.
    pub(crate) fn of_machine(mut self) -> Self {
        self.0.of_machine = true;
        self
    }

    /// Whether a peer could not boot for no fault of who asked for it: the same may work a moment later.
    pub(crate) fn is_infrastructure(&self) -> bool {
        let reason = match &self.0.kind {
            Kind::BootFailed(reason) => reason,
            _ => return false,
        };
        self.0.of_machine || matches!(reason, Some(Reason::BootTimeout | Reason::KeeperLost | Reason::Unheard(_)))
    }

    /// For where the last output of its node is already: on the console of that, and in reports.
    pub(crate) fn without_output(mut self) -> Self {
        self.0.output = None;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { operation, node, what, hint, output, .. } = &*self.0;
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
