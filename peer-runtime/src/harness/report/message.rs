//! What each reporter receives.

use std::time::Duration;

use super::render::notes::Activity;
use super::render::result::Rendered;
use crate::harness::event::{Event, Running};

/// An event of the run, or what the reporter thread made of it.
pub(super) enum Message<'a> {
    /// Any event but `UnitFinished` and `ProcessExits`.
    Event(&'a Event),
    /// What a test or a hook came to.
    Result(&'a Rendered<'a>),
    /// A test or a hook has been running for a long time.
    Running { running: &'a Running, time: Duration, activity: Activity },
    /// A test calls `exit`: which one, and how far the run has come.
    Exit(&'a str),
}
