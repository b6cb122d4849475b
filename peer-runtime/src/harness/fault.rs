//! Why a test or a hook did not pass.

use std::any::Any;
use std::time::Duration;

use super::everywhere::FailedRank;
use super::said::Skip;
use crate::error::Error;
use crate::failure::Failure;
use crate::panic;
use crate::timeouts;

/// Why a test or a hook did not pass.
#[derive(Debug)]
pub enum Fault {
    /// With the place, where panics are recorded.
    Panicked {
        payload: Box<dyn Any + Send>,
        place: Option<String>,
    },
    Failed(Failure),
    /// The body did not pass in one of the nodes.
    InRank(Box<FailedRank>),
    /// It returned another error than a `Failure`, in its own words.
    Returned(String),
    /// One of its nodes did not boot.
    NoNodes(Error),
    /// A linked peer went down; its report.
    Crashed(String),
    TimedOut(Duration),
    /// It passed, and its peers had left processes behind.
    Leaked(Vec<String>),
    /// It said so itself.
    Skipped(String),
    /// An `init_per_testcase` did not pass, by name.
    Init(String, Box<Fault>),
    /// The test passed, and then an `end_per_testcase` did not, by name.
    End(String, Box<Fault>),
    /// The run was ended.
    Interrupted,
    /// It could not be run at all.
    NotRun(std::io::Error),
}

impl Fault {
    /// What went wrong, in a sentence or more; indented where that comes from elsewhere.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Panicked { payload, .. } => panic::message(&**payload),
            Self::Failed(failure) => failure.to_string(),
            Self::InRank(failed) => format!("{} {}", failed.whose(), failed.reason()),
            Self::Returned(text) => text.clone(),
            Self::NoNodes(error) => error.to_string(),
            Self::Crashed(report) => format!("taken down by a linked peer: {report}"),
            Self::TimedOut(limit) => format!("it did not end within its timetrap of {}", timeouts::display(*limit)),
            Self::Leaked(leaks) => format!("its peers left processes behind: {}", leaks.join("; ")),
            Self::Skipped(why) => why.clone(),
            Self::Init(hook, fault) | Self::End(hook, fault) => format!("{hook} failed: {}", fault.reason()),
            Self::Interrupted => "the run was interrupted".to_owned(),
            Self::NotRun(error) => format!("it could not be run: {error}"),
        }
    }

    /// The same, if it happened before the test could begin.
    pub(super) fn of_init(self, name: &str) -> Self {
        match self {
            Self::Interrupted | Self::NotRun(_) => self,
            fault => Self::Init(name.to_owned(), Box::new(fault)),
        }
    }

    /// Whether somebody wanted it so, and nothing failed.
    pub(super) fn is_skip(&self) -> bool {
        match self {
            Self::Skipped(_) => true,
            Self::Init(_, fault) => fault.is_skip(),
            _ => false,
        }
    }

    /// Whether it is a panic of the test's body, wherever that ran.
    pub(super) fn is_panic(&self) -> bool {
        match self {
            Self::Panicked { .. } => true,
            Self::InRank(failed) => failed.panic().is_some(),
            _ => false,
        }
    }

    /// Where, as far as that is known.
    pub(super) fn place(&self) -> Option<String> {
        match self {
            Self::Panicked { place, .. } => place.clone(),
            Self::Failed(failure) => Some(failure.location().to_string()),
            Self::InRank(failed) => failed.place(),
            Self::Init(_, fault) | Self::End(_, fault) => fault.place(),
            _ => None,
        }
    }
}

/// What a panic came to; on the thread that panicked.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let payload = match payload.downcast::<Skip>() {
        Ok(skip) => return Fault::Skipped(skip.0),
        Err(payload) => payload,
    };
    let place = panic::place(&panic::message(&*payload));
    Fault::Panicked { payload, place }
}
