//! Callers on a TCP port that have proved nothing yet: how many are heard, for how long, and who makes room.
//!
//! The peer says its hello as soon as it is connected, so a caller that has been silent for a while
//! is hardly the peer: in a crowd the longest silence ends first, and nobody waits for a stranger.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::time::Instant;

use tokio::task::{AbortHandle, JoinSet};

use super::tcp::Proved;
use crate::name;
use crate::timeouts::{ACCEPT, ACCEPT_AGAIN, Deadline, HEARD_AT_LEAST, PROOF};

/// Callers that are heard at the same time; each has a descriptor, and little more.
const HEARD: usize = 256;

/// Those who are heard. Dropping it hangs up on all of them.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    tasks: JoinSet<Option<Proved>>,
    /// The same in the order of their arrival, some of them done with.
    arrived: VecDeque<(Instant, AbortHandle)>,
    /// Since when those who wait cannot be accepted.
    failing: Option<Instant>,
    /// Trying to accept another one at once would be in vain.
    pause: bool,
}

impl Crowd {
    /// Until when the next one has to wait, if it has to: a timer, even one that is over, takes its time.
    pub(super) fn closed(&mut self) -> Option<Deadline> {
        if self.pause {
            return Some(Deadline::after(ACCEPT_AGAIN));
        }
        let (since, _) = self.arrived.front().filter(|_| self.is_full())?;
        let open = *since + HEARD_AT_LEAST;
        (open > Instant::now()).then_some(Deadline::at(Some(open)))
    }

    /// Somebody could be accepted.
    pub(super) fn accepted(&mut self) {
        (self.failing, self.pause) = (None, false);
    }

    /// Listens to one more, for a limited time.
    pub(super) fn hear(&mut self, heard: impl Future<Output = Option<Proved>> + Send + 'static) {
        self.accepted();
        if self.is_full() {
            self.arrived.retain(|(_, task)| !task.is_finished());
        }
        if self.is_full() {
            // All at once: a timer for each would keep everybody waiting.
            self.hang_up(self.heard_long().max(1));
        }
        let task = self.tasks.spawn(async { tokio::time::timeout(PROOF, heard).await.ok().flatten() });
        self.arrived.push_back((Instant::now(), task));
    }

    /// How many have been heard for so long that they may be hung up on.
    fn heard_long(&self) -> usize {
        self.arrived.partition_point(|(since, _)| since.elapsed() >= HEARD_AT_LEAST)
    }

    fn is_full(&self) -> bool {
        self.arrived.len() >= HEARD
    }

    /// Nobody could be accepted, though somebody may wait. Where it is for want of descriptors, the most likely reason,
    /// others get a moment to close some, and so do we. The error comes back when none of that helps for long.
    pub(super) fn not_accepted(&mut self, error: io::Error, waits: bool) -> io::Result<()> {
        self.pause = true;
        if !waits {
            // The kernel says that it has no descriptor before it looks for a caller.
            self.failing = None;
            return Ok(());
        }
        if name::is_short(&error) {
            self.hang_up(self.heard_long().min(self.arrived.len().div_ceil(2)));
        }
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() < ACCEPT { Ok(()) } else { Err(error) }
    }

    /// The next one who proves to be the peer; none if nobody is heard.
    pub(super) async fn proved(&mut self) -> Option<Proved> {
        loop {
            // Who is no peer, or was hung up on, is no more than that.
            if let Ok(Some(proved)) = self.tasks.join_next().await? {
                return Some(proved);
            }
        }
    }

    /// Hangs up on that many who have been heard for longest.
    fn hang_up(&mut self, count: usize) {
        for (_, task) in self.arrived.drain(..count) {
            task.abort();
        }
    }
}
