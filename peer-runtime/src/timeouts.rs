//! Every default duration, each with the wait it bounds, and the deadline that is computed once from one and passed down.

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
/// From the end of the runner above an origin until the origin is killed, unless it reports an interrupt of both.
pub(crate) const RUNNER_GONE: Duration = Duration::from_millis(500);
/// The same for an origin that reports one, and ends in order; more than all of its ends take, one in the other.
pub(crate) const RUNNER_INTERRUPTED: Duration = Duration::from_secs(30);
/// From an interrupt until all cleanup has ended; what starts gets half of what is left.
const INTERRUPT_GRACE: Duration = Duration::from_secs(10);
/// After an interrupt: how long a thread that blocks is waited for, and cleanup at least.
pub(crate) const BLOCKED_INTERRUPTED: Duration = Duration::from_millis(500);
/// For cleanup that starts so long after an interrupt.
pub(crate) fn interrupt_grace(since: Duration) -> Duration {
    whole_tenths(INTERRUPT_GRACE.saturating_sub(since) / 2).max(BLOCKED_INTERRUPTED)
}
/// A duration as reports show it.
pub(crate) fn whole_tenths(duration: Duration) -> Duration {
    const TENTH: Duration = Duration::from_millis(100);
    TENTH.saturating_mul(u32::try_from(duration.as_millis() / TENTH.as_millis()).unwrap_or(u32::MAX))
}
/// From the end of a process, in order, until what it had started is ended, too.
pub(crate) const LEAVE: Duration = Duration::from_millis(100);
/// In a keeper, and where a terminal takes nothing though it says so: until the next attempt, even if nothing happens.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// From SIGSTOP to processes that run still, none of them new, until they are looked at again.
pub(crate) const OBEY: Duration = Duration::from_millis(1);
/// From SIGSTOP until everything below a paused peer stands still.
pub(crate) const PAUSED: Duration = Duration::from_secs(5);
/// From the end of a process until everything below it has ended; the keeper gives up after [`KILLED`].
pub(crate) const GONE: Duration = Duration::from_secs(10);
/// `Shutdown::Close`: the node ends by itself when its connection closes; then it is killed.
pub(crate) const EXIT_AFTER_CLOSE: Duration = Duration::from_secs(5);
/// Between two looks at whether a program is ready, where no event says so: a file, a port.
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
/// In a halting node: until what other threads are sending has gone out.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);
/// Between two signs of life, on links that can be half-open.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Shortens [`HEARTBEAT`], to this many milliseconds: for the tests of this project alone.
const HEARTBEAT_MS: &str = "PEER_INTERNAL_HEARTBEAT_MS";
/// How many heartbeats may be missed before the link counts as lost.
pub(crate) const HEARTBEATS_MISSED: u32 = 3;
/// From the first failure of a rank until those that fail and have not reported it are given up as its cause.
pub(crate) const FIRST_CAUSE: Duration = Duration::from_secs(1);
/// A test without a `timetrap` of its own.
pub(crate) const TIMETRAP: Duration = Duration::from_secs(60);
/// From the end of a test that was given up, by its timetrap say, until it has dropped what it had; then its ends run all the same.
pub(crate) const STOPPED_TEST: Duration = Duration::from_secs(1);
/// After the end of a test's scope: until its thread has let go; then it is abandoned.
pub(crate) const BLOCKED_TEST: Duration = Duration::from_secs(10);
/// From the start of a test until the first, the second and the third report that it runs still.
pub(crate) const LONG_TEST: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60)];
/// After the last of [`LONG_TEST`]: between two further reports.
pub(crate) const LONG_TEST_EACH: Duration = Duration::from_secs(60);
/// When the next report is due after so many: [`LONG_TEST`], and then [`LONG_TEST_EACH`].
pub(crate) fn long(reports: u32) -> Duration {
    let [first, second, third] = LONG_TEST;
    match reports {
        0 => first,
        1 => second,
        more => third.saturating_add(LONG_TEST_EACH.saturating_mul(more - 2)),
    }
}
/// From a test's call of `exit` until the reports so far are written; their reader may stand still.
pub(crate) const EXIT_REPORTED: Duration = Duration::from_secs(5);
/// Between two drawings of the progress line.
pub(crate) const FRAME: Duration = Duration::from_millis(100);
/// The end of a scope: until every linked peer is gone, beyond the longest shutdown policy.
pub(crate) const SCOPE_END: Duration = Duration::from_secs(10);

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
