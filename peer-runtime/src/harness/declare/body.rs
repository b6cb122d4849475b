//! What the bodies of tests and hooks return.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use crate::error::Error;
use crate::failure::Failure;

/// An error that a body returned, as data.
#[derive(Clone, Debug)]
pub enum BodyError {
    /// A [`Failure`], which knows the line of its `?`.
    Failed {
        /// The error and its causes.
        text: String,
        /// The error, if it is this crate's.
        error: Option<Error>,
        /// `file:line:column` of the `?`.
        location: String,
        /// When the `?` met it.
        at: SystemTime,
    },
    /// An error of this crate, returned without a `?` in the test itself.
    Error(Error),
    /// The `Debug` text of any other error.
    Other(String),
}

/// What running a body yields, if it does not panic.
pub(crate) type BodyResult = Result<(), BodyError>;

/// A body that runs.
pub(crate) type BodyFuture = Pin<Box<dyn Future<Output = BodyResult>>>;

/// What a body may return: nothing, or a `Result` of nothing with any error that implements `Debug`.
#[diagnostic::on_unimplemented(
    message = "tests, and hooks that end something, cannot return `{Self}`",
    label = "return nothing, or a `Result<(), E>` such as `peer::Result`"
)]
pub trait Outcome {
    /// The error as data.
    fn into_result(self) -> BodyResult;
}

impl Outcome for () {
    fn into_result(self) -> BodyResult {
        Ok(())
    }
}

impl<E: Debug + 'static> Outcome for Result<(), E> {
    fn into_result(self) -> BodyResult {
        self.map_err(BodyError::of)
    }
}

impl BodyError {
    pub(super) fn of<E: Debug + 'static>(error: E) -> Self {
        let any = &error as &dyn Any;
        if let Some(failure) = any.downcast_ref::<Failure>() {
            return Self::Failed {
                text: failure.to_string(),
                error: failure.error().downcast_ref().cloned(),
                location: failure.location().to_string(),
                at: failure.at(),
            };
        }
        any.downcast_ref::<Error>().cloned().map_or_else(|| Self::Other(format!("{error:?}")), Self::Error)
    }

    /// The error of this crate behind it, if there is one.
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed { error, .. } => error.as_ref(),
            Self::Error(error) => Some(error),
            Self::Other(_) => None,
        }
    }
}

/// Called by generated code with what a body returned.
pub fn outcome(outcome: impl Outcome) -> BodyResult {
    outcome.into_result()
}
