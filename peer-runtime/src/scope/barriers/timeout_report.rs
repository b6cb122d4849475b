//! The text of a time-out: who has arrived, who has not, and what those are doing.

use std::fmt::Write;
use std::time::Duration;

use super::table::{Meeting, Wait};
use crate::barrier::{Broken, Members, Who};
use crate::error::Break;
use crate::origin::Snapshot;
use crate::timeouts;

pub(super) struct TimeoutReport<'a> {
    pub(super) whose: &'a str,
    pub(super) limit: Duration,
    /// The name of the origin, if it takes part.
    pub(super) origin: Option<&'a str>,
}

impl TimeoutReport<'_> {
    /// The error of all who wait; `nodes` are all nodes, and `waits` all waits of the scope.
    pub(super) fn broken(&self, meeting: &Meeting, nodes: &[Snapshot], waits: &[Wait]) -> Broken {
        let limit = timeouts::display(self.limit);
        let mut text = format!("not passed within {limit}, the time-out of {}\narrived:", self.whose);
        for one in &meeting.waiting {
            let _ = write!(text, "\n  {}, {} ago", one.label, timeouts::tenths(one.since.elapsed()));
        }
        let missing: Vec<&Snapshot> = nodes.iter().filter(|node| !meeting.has_node(node.name())).collect();
        let origin = self.origin.filter(|_| meeting.members != Members::Nodes && !meeting.has(&Who::Origin));
        text.push_str("\nmissing:");
        if let Members::Count(parties) = meeting.members {
            let more = (parties as usize).saturating_sub(meeting.waiting.len());
            let _ = write!(text, " {more} of {parties} parties; ");
            match self.origin {
                _ if !missing.is_empty() || origin.is_some() => text.push_str("not there:"),
                Some(origin) => text.push_str(&format!("all nodes and {origin} are there")),
                None => text.push_str("all nodes are there"),
            }
        }
        for node in missing {
            let at = waits.iter().filter(|wait| wait.who.is_node(node.name()));
            let node = node.clone().at_barriers(at.map(|wait| (wait.name.clone(), wait.time)).collect());
            let _ = write!(text, "\n  `{}`: {}", node.node(), node.doing());
        }
        let Some(origin) = origin else { return Broken::new(Break::TimedOut, text) };
        let _ = write!(text, "\n  {origin} itself");
        for Wait { name, time, .. } in waits.iter().filter(|wait| wait.who == Who::Origin) {
            let _ = write!(text, ", at barrier `{name}`, for {}", timeouts::tenths(*time));
        }
        let broken = Broken::new(Break::TimedOut, text);
        if meeting.members == Members::All {
            return broken.hint(format!("{origin} takes part, unless all say `.among_nodes()` or `.parties(n)`"));
        }
        broken
    }
}
