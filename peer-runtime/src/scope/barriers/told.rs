//! What a time-out says: who has arrived, who has not, and what those are doing.

use std::fmt::Write;
use std::time::Duration;

use super::table::{Meeting, Wait};
use crate::barrier::{Broken, Members, Who};
use crate::error::Break;
use crate::origin::Snapshot;
use crate::timeouts;

/// Why the wait of `who`, with the arrival `id`, was in vain.
pub(super) fn timed_out(
    meeting: &Meeting,
    who: &Who,
    id: u64,
    limit: Duration,
    nodes: &[Snapshot],
    waits: &[Wait],
    origin: &str,
) -> Broken {
    let whose = meeting.waiting.iter().find(|one| one.id == id && one.who == *who);
    let whose = whose.map_or("somebody", |one| one.label.as_str());
    let mut text = format!("not passed within {}, the time-out of {whose}\narrived:", timeouts::display(limit));
    // Writing to a string cannot fail.
    for one in &meeting.waiting {
        let _ = write!(text, "\n  {}, {:.1} s ago", one.label, one.since.elapsed().as_secs_f64());
    }
    let missing: Vec<&Snapshot> = nodes.iter().filter(|node| !meeting.has_node(node.name())).collect();
    let without_origin = meeting.members != Members::Nodes && !meeting.has(&Who::Origin);
    match meeting.members {
        Members::Count(parties) => {
            let more = (parties as usize).saturating_sub(meeting.waiting.len());
            let _ = write!(text, "\nmissing: {more} of {parties} parties; not there:");
        }
        Members::All | Members::Nodes => text.push_str("\nmissing:"),
    }
    for node in missing {
        let at = waits.iter().filter(|wait| wait.who.is_node(node.name()));
        let at = at.map(|wait| (wait.name.clone(), wait.time)).collect();
        let node = node.clone().at_barriers(at);
        let _ = write!(text, "\n  `{}`: {}", node.node(), node.doing());
    }
    if without_origin {
        let at: Vec<String> = waits
            .iter()
            .filter(|wait| wait.who == Who::Origin)
            .map(|wait| format!(", at barrier `{}`, for {:.1} s", wait.name, wait.time.as_secs_f64()))
            .collect();
        let _ = write!(text, "\n  {origin} itself{}", at.concat());
    }
    let broken = Broken::new(Break::TimedOut, text);
    if without_origin && meeting.members == Members::All {
        return broken.hint(format!("{origin} takes part, unless all say `.among_nodes()` or `.parties(n)`"));
    }
    broken
}
