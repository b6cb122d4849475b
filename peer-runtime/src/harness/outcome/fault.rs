//! Why an attempt of a test or a hook did not pass.

use std::fmt;
use std::time::Duration;

use super::rank_failure::RankFailure;
use crate::error::Error;
use crate::harness::declare::BodyError;
use crate::leak::Leak;
use crate::scope::Panicked;
use crate::timeouts;

/// Why an attempt of a test or a hook did not pass.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The body panicked.
    Panicked(PanicFault),
    /// The body returned an error.
    Returned(BodyError),
    /// The body did not pass in one of the nodes.
    Rank(Box<RankFailure>),
    /// One of the nodes did not boot.
    Boot(Error),
    /// A linked peer went down; its report.
    Crashed(String),
    /// It exceeded its timetrap.
    TimedOut(Duration),
    /// What cleans up exceeded what an interrupt leaves it.
    GraceExpired(Duration),
    /// The test passed, and its peers leaked processes.
    Leaked(Vec<Leak>),
    /// `peer::skip`, with its reason.
    Skipped(String),
    /// A hook before the test did not pass.
    Init { hook: String, fault: Box<Self> },
    /// The test passed, or was skipped, and a hook behind it did not pass.
    End { hook: String, after_skip: bool, fault: Box<Self> },
    /// Dropping what a hook had returned failed.
    Drop(Box<Self>),
    /// The run was interrupted.
    Interrupted,
    /// There was no thread or no runtime for it.
    NotRun(String),
}

/// A panic.
#[derive(Clone, Debug)]
pub(crate) struct PanicFault {
    pub(crate) message: String,
    /// Place and backtrace, where panics are recorded for the report.
    pub(crate) recorded: Option<Box<Panicked>>,
}

impl Fault {
    /// The fault itself, without the hook in which it happened.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::Init { fault, .. } | Self::End { fault, .. } | Self::Drop(fault) => fault.innermost(),
            fault => fault,
        }
    }

    /// Whether the test or the init asked for it, and nothing failed.
    pub(crate) fn is_skip(&self) -> bool {
        match self {
            Self::Skipped(_) => true,
            Self::Init { fault, .. } => fault.is_skip(),
            _ => false,
        }
    }

    /// Whether the run stopped waiting before the body ended.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self.innermost(), Self::TimedOut(_) | Self::GraceExpired(_) | Self::Crashed(_) | Self::Interrupted)
    }

    /// The message, if the body of the test itself panicked, here or in a node.
    pub(crate) fn panic_message(&self) -> Option<&str> {
        match self {
            Self::Panicked(panic) => Some(&panic.message),
            Self::Rank(failure) => failure.panic().map(|panic| panic.message()),
            _ => None,
        }
    }

    /// The recorded panic behind it.
    pub(crate) fn recorded_panic(&self) -> Option<&Panicked> {
        match self.innermost() {
            Self::Panicked(panic) => panic.recorded.as_deref(),
            _ => None,
        }
    }

    /// Whether a peer could not boot, or there was no thread, which is not the test's fault.
    pub(crate) fn is_infrastructure(&self) -> bool {
        match self {
            Self::Boot(_) | Self::NotRun(_) => true,
            Self::Returned(error) => error.error().is_some_and(Error::is_infrastructure),
            Self::Rank(failure) => failure.is_infrastructure(),
            Self::Init { fault, .. } => fault.is_infrastructure(),
            _ => false,
        }
    }

    /// `file:line:column`, if it is known.
    pub(crate) fn location(&self) -> Option<String> {
        match self.innermost() {
            Self::Panicked(panic) => panic.recorded.as_ref().map(|panic| panic.location.clone()),
            Self::Returned(BodyError::Failed { location, .. }) => Some(location.clone()),
            Self::Rank(failure) => failure.location(),
            _ => None,
        }
    }

    /// Marks what happened in a hook before the test.
    pub(crate) fn in_init(self, hook: String) -> Self {
        match self {
            Self::Interrupted | Self::NotRun(_) => self,
            fault => Self::Init { hook, fault: Box::new(fault) },
        }
    }
}

/// What went wrong, in a sentence or more, without its location.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => f.write_str(&panic.message),
            // The report shows the output of all nodes elsewhere.
            Self::Returned(error) => match (error.error(), error) {
                (Some(error), _) => write!(f, "{}", error.clone().without_output()),
                (None, BodyError::Failed { text, .. } | BodyError::Other(text)) => f.write_str(text),
                (None, BodyError::Error(error)) => write!(f, "{error}"),
            },
            Self::Rank(failure) => write!(f, "{} {}", failure.subject(), failure.reason()),
            Self::Boot(error) => write!(f, "{}", error.clone().without_output()),
            Self::Crashed(report) => write!(f, "taken down by a linked peer: {report}"),
            Self::TimedOut(limit) => write!(f, "it did not end within its timetrap of {}", timeouts::display(*limit)),
            Self::GraceExpired(limit) => {
                write!(
                    f,
                    "it did not end within {}, its share of the time after an interrupt",
                    timeouts::display(*limit)
                )
            }
            Self::Leaked(leaks) => {
                f.write_str("its peers leaked processes: ")?;
                leaks
                    .iter()
                    .enumerate()
                    .try_for_each(|(at, leak)| write!(f, "{}{leak}", if at == 0 { "" } else { "; " }))
            }
            Self::Skipped(why) => f.write_str(why),
            Self::Init { fault, .. } if fault.is_skip() => write!(f, "{fault}"),
            Self::Init { hook, fault } | Self::End { hook, fault, .. } => write!(f, "{hook} failed: {fault}"),
            Self::Drop(fault) => write!(f, "dropping what it had returned failed: {fault}"),
            Self::Interrupted => f.write_str("the run was interrupted"),
            Self::NotRun(error) => write!(f, "it could not be run: {error}"),
        }
    }
}
