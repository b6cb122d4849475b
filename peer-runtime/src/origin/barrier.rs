//! Barriers on this side: what arrives from a node, and the origin's own arrival.

use std::sync::Arc;
use std::time::Duration;

use super::shared::PeerShared;
use crate::barrier::{self, AnswerFn, Arrival, Broken, Members, Verdict, Who};
use crate::state::Reason;
use crate::truncate;
use crate::wire::message::{self, ToPeer};

/// So much of a message, of 4,096 bytes at least, is not the text in it, at most.
const REST: usize = 2_048;

pub(super) fn arrive(
    shared: &Arc<PeerShared>,
    id: u64,
    name: &str,
    members: Members,
    timeout: Duration,
) -> Result<(), Reason> {
    // A node of ours has looked at it before.
    barrier::check(name).map_err(|error| Reason::Protocol(error.to_string()))?;
    let peer = Arc::clone(shared);
    let answer: AnswerFn = Box::new(move |verdict| {
        let verdict = fitting(verdict, peer.frame_limit);
        // A closed connection is the end of the node, and of its wait.
        peer.outbox.send(&message::small(&ToPeer::Barrier { id, verdict }));
    });
    let who = Who::Node(Arc::clone(&shared.name));
    shared.owner.arrive(who, Arrival { id, name: name.to_owned(), members, timeout, answer });
    Ok(())
}

pub(super) fn withdraw(shared: &PeerShared, id: u64) {
    shared.owner.withdraw(&Who::Node(Arc::clone(&shared.name)), id);
}

/// With no more text than the connection takes.
fn fitting(mut verdict: Verdict, limit: usize) -> Verdict {
    let room = limit.saturating_sub(REST);
    if let Verdict::Broken(Broken { text, output, .. }) = &mut verdict {
        text.truncate(truncate::start(text, room).len());
        if text.len() + output.len() > room {
            output.clear();
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Break;

    /// A frame beyond the limit would end the node.
    #[test]
    fn a_long_story_is_cut_to_what_the_connection_takes() {
        let reason = Reason::Protocol("no magic".repeat(100));
        let story = |text: usize, output: usize| {
            Verdict::Broken(Broken {
                node: Some("n".repeat(128)),
                output: "\u{20ac}".repeat(output),
                ..Broken::new(Break::Down(reason.clone()), "\u{20ac}".repeat(text)).hint("h".repeat(100))
            })
        };
        for (text, output) in [(10, 10), (10, 2_000), (1_100, 200), (2_000, 2_000)] {
            let whole = story(text, output);
            let verdict = fitting(whole.clone(), 4_096);
            assert_eq!(verdict == whole, text + output < 100, "{text} {output}");
            let mut frame = Vec::new();
            let answer = ToPeer::Barrier { id: u64::MAX, verdict };
            assert_eq!(message::append(&mut frame, 4_096, &answer, &[]), Ok(()), "{text} {output}");
        }
    }
}
