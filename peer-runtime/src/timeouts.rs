//! Every default duration in one place, each with the wait it bounds, and the deadline type
//! that is computed once from such a duration and passed down.

use std::time::{Duration, Instant};

/// A time-out that never runs out, wherever this crate takes a time-out: OTP's `infinity`.
///
/// ```
/// use peer::prelude::*;
/// let options = StartOptions::new().wait_boot(WaitBoot::For(peer::UNLIMITED));
/// assert!(format!("{options}").contains("unlimited"));
/// ```
pub const UNLIMITED: Duration = Duration::MAX;

/// From the start of a peer until it reports `started`.
pub(crate) const BOOT: Duration = Duration::from_secs(15);
/// A call, from its first poll until its reply; also the wait for a message in a mailbox.
pub(crate) const CALL: Duration = Duration::from_secs(5);
/// At a barrier, from an arrival until all others have arrived; less than [`TIMETRAP`], since it can tell more.
pub(crate) const BARRIER: Duration = Duration::from_secs(30);
/// `Shutdown::Halt`: until the halted process is gone; then it is killed.
pub(crate) const HALT: Duration = Duration::from_secs(5);
/// The shortest time-out that a shutdown policy takes, as in OTP.
pub(crate) const SHORTEST_SHUTDOWN: Duration = Duration::from_secs(1);
/// Between the loss of a control connection and the exit status that explains it.
pub(crate) const EXIT_AFTER_LINK: Duration = Duration::from_millis(500);
/// From SIGKILL until a process has ended.
pub(crate) const KILLED: Duration = Duration::from_secs(5);
/// From a request to the keeper until its answer; far more than it takes.
pub(crate) const KEEPER_ANSWER: Duration = Duration::from_secs(15);
/// From the end of the runner above an origin until that is ended: an interrupt may have ended the one and reached the other,
/// which then says so.
pub(crate) const RUNNER_GONE: Duration = Duration::from_millis(500);
/// From then on, for an origin that says so, until it has ended in order; more than all of its ends take, one in the other.
pub(crate) const RUNNER_INTERRUPTED: Duration = Duration::from_secs(30);
/// What cleans up behind a test or a group, once the run is interrupted: each at most.
const END_INTERRUPTED: Duration = Duration::from_secs(5);
/// From an interrupt on, for all that cleans up, one in the other; so what blocks leaves some to those around it.
const ENDS_INTERRUPTED: Duration = Duration::from_secs(10);
/// What cleans up where nothing is left of that.
const END_AT_LEAST: Duration = Duration::from_millis(500);
/// For what cleans up, so long after the interrupt; in tenths of a second, since it is told.
pub(crate) fn end_interrupted(since: Duration) -> Duration {
    let left = ENDS_INTERRUPTED.saturating_sub(whole_tenths(since));
    left.clamp(END_AT_LEAST, END_INTERRUPTED)
}
/// A duration without what nobody reads.
pub(crate) fn whole_tenths(duration: Duration) -> Duration {
    const TENTH: Duration = Duration::from_millis(100);
    let tenths = duration.as_millis() / TENTH.as_millis();
    TENTH.saturating_mul(u32::try_from(tenths).unwrap_or(u32::MAX))
}
/// From the end of a process, in order, until what it had started is ended, too.
pub(crate) const LEAVE: Duration = Duration::from_millis(100);
/// In a keeper, and where a terminal takes nothing though it says so: what is not done is looked at again after this, even if
/// nothing happens.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// From SIGSTOP to processes that run still, none of them new, until they are looked at again.
pub(crate) const OBEY: Duration = Duration::from_millis(1);
/// From SIGSTOP until everything below a paused peer stands still.
pub(crate) const PAUSED: Duration = Duration::from_secs(5);
/// From the end of a process until everything below it has ended; the keeper gives up after [`KILLED`].
pub(crate) const GONE: Duration = Duration::from_secs(10);
/// `Shutdown::Close`: the node ends by itself when its connection closes; then it is killed.
pub(crate) const EXIT_AFTER_CLOSE: Duration = Duration::from_secs(5);
/// Between two looks at whether a program is ready, where nothing tells: a file, a port.
pub(crate) const READY_AGAIN: Duration = Duration::from_millis(10);
/// From the end of a program's probe until the next one.
pub(crate) const PROBE_AGAIN: Duration = Duration::from_millis(50);
/// A program's TCP port: until it has answered one attempt to connect.
pub(crate) const ANSWER: Duration = Duration::from_secs(1);
/// One run of a program's probe; then it is killed.
pub(crate) const PROBE: Duration = Duration::from_secs(5);
/// From the connection of a TCP caller until it has proved that it is the peer.
pub(crate) const PROOF: Duration = Duration::from_secs(5);
/// From the first TCP connection that could not be accepted: until its peer is given up.
pub(crate) const ACCEPT: Duration = Duration::from_secs(2);
/// After a TCP connection could not be accepted: until the next try.
pub(crate) const ACCEPT_AGAIN: Duration = Duration::from_millis(10);
/// In a node: until the origin's TCP port has answered.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// In a node that can start no further thread: until one that has just replied comes back for the next call.
pub(crate) const COME_BACK: Duration = Duration::from_millis(50);
/// In a run that ends in its middle: until who reads its last words has read on.
pub(crate) const READS_ON: Duration = Duration::from_secs(1);
/// The same until one who reads slowly has read all of them.
pub(crate) const ALL_READ: Duration = Duration::from_secs(10);
/// From a crash of another thread until this process has ended by that; more than both of its readers take.
pub(crate) const CRASHED: Duration = Duration::from_secs(30);
/// In a halting node: until what other threads are sending has gone out.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
/// Between two signs of life, on links that can be half-open.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Shortens [`HEARTBEAT`], to this many milliseconds: for the tests of this project alone.
const HEARTBEAT_MS: &str = "PEER_INTERNAL_HEARTBEAT_MS";
/// How many heartbeats may be missed before the link counts as lost.
pub(crate) const HEARTBEATS_MISSED: u32 = 3;
/// From the first failure of a rank until those that were failing already, and not told, are given up as its cause.
pub(crate) const FIRST_CAUSE: Duration = Duration::from_secs(1);
/// A test without a `timetrap` of its own.
pub(crate) const TIMETRAP: Duration = Duration::from_secs(60);
/// From the end of a test that was given up, by its timetrap say, until it has dropped what it had; then its ends run all the same.
pub(crate) const STOPPED_TEST: Duration = Duration::from_secs(1);
/// What a test panicked with, or returned: until it is dropped; then it is left alone.
pub(crate) const LET_GO: Duration = Duration::from_millis(250);
/// After the end of a test's scope: until its thread has let go; then it is abandoned.
pub(crate) const BLOCKED_TEST: Duration = Duration::from_secs(10);
/// The same once the run is interrupted, from then on at most. Five levels whose ends block their threads, each of which takes
/// this, a [`STOPPED_TEST`] and what [`end_interrupted`] says, are less than [`RUNNER_INTERRUPTED`].
pub(crate) const BLOCKED_INTERRUPTED: Duration = Duration::from_secs(1);
/// From the start of a test until it is told, while it runs, that it has been running for so long: once, twice, a third time.
pub(crate) const LONG_TEST: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)];
/// After the last of [`LONG_TEST`]: until it is told again, and so on.
pub(crate) const LONG_TEST_EACH: Duration = Duration::from_secs(60);
/// After how long a time something is told that was told so often already: [`LONG_TEST`], and then [`LONG_TEST_EACH`].
pub(crate) fn long(told: u32) -> Duration {
    let index = usize::try_from(told).unwrap_or(usize::MAX);
    let first = u32::try_from(LONG_TEST.len()).unwrap_or(u32::MAX);
    let last = LONG_TEST[LONG_TEST.len() - 1];
    LONG_TEST
        .get(index)
        .copied()
        .unwrap_or_else(|| last.saturating_add(LONG_TEST_EACH.saturating_mul(told - first + 1)))
}
/// Until the progress line is drawn again, if nothing happens: ages are in seconds.
pub(crate) const REDRAW: Duration = Duration::from_secs(1);
/// Between two drawings of the progress line, however much happens: nobody reads faster.
pub(crate) const FRAME: Duration = Duration::from_millis(100);
/// The end of a scope: until every linked peer is gone, beyond the longest shutdown policy.
pub(crate) const SCOPE_END: Duration = Duration::from_secs(10);

/// A point in time until which something may take, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline `timeout` from now; [`UNLIMITED`], and what no clock can hold, is none.
    pub(crate) fn after(timeout: Duration) -> Self {
        if timeout == UNLIMITED { Self(None) } else { Self(Instant::now().checked_add(timeout)) }
    }

    pub(crate) fn at(instant: Option<Instant>) -> Self {
        Self(instant)
    }

    pub(crate) fn instant(self) -> Option<Instant> {
        self.0
    }

    /// What is left of it; [`UNLIMITED`] where there is none.
    pub(crate) fn left(self) -> Duration {
        self.0.map_or(UNLIMITED, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Completes when the deadline has passed; needs the I/O thread's timer.
    pub(crate) async fn passed(self) {
        match self.0 {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }
}

/// How long something has been going on, for people: `12.3s`.
pub(crate) fn tenths(duration: Duration) -> String {
    format!("{:.1}s", duration.as_secs_f64())
}

/// Between two signs of life: [`HEARTBEAT`], unless a test asks for less.
pub(crate) fn heartbeat() -> Duration {
    let asked = std::env::var(HEARTBEAT_MS).ok().and_then(|text| text.parse().ok());
    asked.filter(|millis| *millis > 0).map_or(HEARTBEAT, Duration::from_millis)
}

/// A duration for people: `5s`, `250ms`, `unlimited`.
pub(crate) fn display(duration: Duration) -> String {
    if duration == UNLIMITED { "unlimited".to_owned() } else { format!("{duration:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_block_one_in_the_other_are_done_before_the_runner_would_be_killed() {
        let mut after = Duration::ZERO;
        let mut told = Vec::new();
        for _ in 0..5 {
            let time = end_interrupted(after);
            told.push(display(time));
            after += time + STOPPED_TEST + LET_GO + BLOCKED_INTERRUPTED;
        }
        assert_eq!(told, ["5s", "2.8s", "500ms", "500ms", "500ms"]);
        assert!(after < RUNNER_INTERRUPTED.mul_f64(0.7), "{after:?}");
        assert_eq!(end_interrupted(Duration::from_micros(6_789_000)), Duration::from_millis(3_300));
    }
}
