//! Why a test or a hook did not pass.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::everywhere::FailedRank;
use crate::error::Error;
use crate::failure::Failure;
use crate::panic::{self, Skip};
use crate::scope::{self, Panicked};
use crate::timeouts::{self, LET_GO};
use crate::truncate;

/// Why a test or a hook did not pass.
#[derive(Debug)]
pub enum Fault {
    /// With its place and more, where panics are kept for their test.
    Panicked {
        payload: Box<dyn Any + Send>,
        told: Option<Box<Panicked>>,
    },
    Failed(Failure),
    /// The body did not pass in one of the nodes.
    InRank(Box<FailedRank>),
    /// It returned another error than a `Failure`, in its own words.
    Returned(String),
    /// It returned an error of this crate as it is.
    Error(Error),
    /// One of its nodes did not boot.
    NoNodes(Error),
    /// A linked peer went down; its report.
    Crashed(String),
    TimedOut(Duration),
    /// What cleans up did not end in the time that it has once the run is interrupted.
    Cut(Duration),
    /// It passed, and its peers had left processes behind.
    Leaked(Vec<String>),
    /// It said so itself.
    Skipped(String),
    /// An `init_per_testcase` did not pass, by name.
    Init(String, Box<Fault>),
    /// The test passed, or was skipped, and then what cleans up behind it did not pass.
    End {
        hook: String,
        of_skipped: bool,
        fault: Box<Fault>,
    },
    /// What an init had returned could not be dropped.
    Drop(Box<Fault>),
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
            Self::Failed(failure) => failed(failure),
            Self::InRank(failed) => format!("{} {}", failed.whose(), failed.reason()),
            Self::Returned(text) => text.clone(),
            Self::Error(error) | Self::NoNodes(error) => said(error),
            Self::Crashed(report) => format!("taken down by a linked peer: {report}"),
            Self::TimedOut(limit) => format!("it did not end within its timetrap of {}", timeouts::display(*limit)),
            Self::Cut(limit) => format!("it did not end within {}", cut(*limit)),
            Self::Leaked(leaks) => format!("its peers left processes behind: {}", leaks.join("; ")),
            Self::Skipped(why) => why.clone(),
            Self::Init(_, fault) if fault.is_skip() => fault.reason(),
            Self::Init(hook, fault) | Self::End { hook, fault, .. } => format!("{hook} failed: {}", fault.reason()),
            Self::Drop(fault) => format!("what it had returned could not be dropped: {}", fault.reason()),
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

    /// Whether it was not waited for until its end.
    pub(super) fn is_given_up(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Cut(_) | Self::Crashed(_) | Self::Interrupted => true,
            Self::Init(_, fault) | Self::End { fault, .. } | Self::Drop(fault) => fault.is_given_up(),
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

    /// Whether a peer could not boot, or there was no thread to run it on, and that is not the fault of the test or hook.
    pub(super) fn is_infrastructure(&self) -> bool {
        match self {
            Self::NoNodes(_) | Self::NotRun(_) => true,
            Self::Error(error) => error.is_infrastructure(),
            Self::Failed(failure) => failure.error().downcast_ref().is_some_and(Error::is_infrastructure),
            Self::InRank(failed) => failed.is_infrastructure(),
            Self::Init(_, fault) => fault.is_infrastructure(),
            _ => false,
        }
    }

    /// Whether it has a value of a type that others wrote, which may do anything when it is dropped.
    fn has_foreign_values(&self) -> bool {
        match self {
            Self::Panicked { payload, .. } => !payload.is::<&str>() && !payload.is::<String>(),
            Self::Failed(failure) => !failure.error().is::<Error>(),
            Self::Init(_, fault) | Self::End { fault, .. } | Self::Drop(fault) => fault.has_foreign_values(),
            _ => false,
        }
    }

    /// Where, as far as that is known.
    pub(super) fn place(&self) -> Option<String> {
        match self {
            Self::Panicked { told, .. } => told.as_ref().map(|told| told.place.clone()),
            Self::Failed(failure) => Some(failure.location().to_string()),
            Self::InRank(failed) => failed.place(),
            Self::Init(_, fault) | Self::End { fault, .. } | Self::Drop(fault) => fault.place(),
            _ => None,
        }
    }
}

/// An error in a report, which has the output of all nodes.
pub(super) fn said(error: &Error) -> String {
    error.clone().without_output().to_string()
}

/// The same of what a `?` made of one.
pub(super) fn failed(failure: &Failure) -> String {
    failure.error().downcast_ref().map_or_else(|| failure.to_string(), said)
}

/// How much time there was for cleaning up once the run was interrupted.
pub(super) fn cut(limit: Duration) -> String {
    format!("{}, which is what it has once the run is interrupted", timeouts::display(limit))
}

/// What is told of a thread, named as in a sentence, that has not let go so long after the end of its scope.
pub(super) fn blocked(whose: &str, after: Duration) -> String {
    let after = timeouts::display(after);
    format!(
        "{whose} is still blocked {after} after its scope ended, and was abandoned; it can start and call nothing any more"
    )
}

/// The panic that a fault tells of.
pub(super) fn panic_of(fault: Option<&Fault>) -> Option<&Panicked> {
    match fault? {
        Fault::Panicked { told, .. } => told.as_deref(),
        Fault::Init(_, fault) | Fault::End { fault, .. } | Fault::Drop(fault) => panic_of(Some(fault)),
        _ => None,
    }
}

/// What a panic came to; on the thread that panicked.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let payload = match payload.downcast::<Skip>() {
        Ok(skip) => return Fault::Skipped(skip.0),
        Err(payload) => payload,
    };
    let told = scope::scope().and_then(|scope| scope.panic_of(&panic::message(&*payload))).map(Box::new);
    Fault::Panicked { payload, told }
}

/// Lets go of what a test or a hook panicked with or returned: what is to be told if that panics, or does not end.
pub(super) fn let_go(fault: Option<Fault>) -> Option<String> {
    let fault = fault.filter(Fault::has_foreign_values)?;
    let (message, place) = match drop_beside(fault) {
        Dropped::Well => return None,
        Dropped::Panicked(message, place) => (message, place),
        Dropped::Not => {
            let limit = timeouts::display(LET_GO);
            return Some(format!(
                "what it panicked with, or returned, was not dropped within {limit}, and was left alone"
            ));
        }
    };
    let what = "what it panicked with, or returned, panicked when it was dropped";
    Some(match place {
        Some(place) => format!("{what}, at {place}: {}", truncate::text(&message)),
        None if panic::are_recorded() => format!("{what}: {}", truncate::text(&message)),
        // The hook that was there has said it right before this.
        None => format!("{what}, as told above"),
    })
}

/// What became of a value.
pub(super) enum Dropped {
    Well,
    /// With this message, and where, if that is known.
    Panicked(String, Option<String>),
    Not,
}

/// Drops a value of others on a thread of its own, which it may block: the caller goes on after a while, and an interrupt is heard.
pub(super) fn drop_beside(value: impl Send + 'static) -> Dropped {
    // Without a thread to spare it stays.
    let value = ManuallyDrop::new(value);
    let (done, outcome) = mpsc::channel();
    // Who does not wait any more is not told.
    let drops = move || drop(done.send(panic::told(|| drop(ManuallyDrop::into_inner(value)))));
    let thread = thread::Builder::new().name("drop".to_owned()).spawn(drops);
    match thread.is_ok().then(|| outcome.recv_timeout(LET_GO)) {
        Some(Ok(None)) => Dropped::Well,
        Some(Ok(Some((message, place)))) => Dropped::Panicked(message, place),
        _ => Dropped::Not,
    }
}
