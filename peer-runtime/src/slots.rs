//! The budget of nodes that all test runs of one user share on this machine.
//!
//! One *slot* is the right to run one node. A slot is a lock file in a directory of the user; it ends with its holder. A
//! process with a budget of N uses the first N files, so that processes with different budgets share them. An exclusive
//! test takes all there can be.
//!
//! A process takes the *turn*, another lock, before it collects slots, and keeps it until it has them all. So two
//! processes never wait for each other with half of their slots each, and light tests cannot starve a heavy one. The
//! kernel decides who gets the turn next, whatever its weight; it keeps no order.
//!
//! A holder of slots must not wait for more, since all holders could do so at once.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::private_dir;
use crate::timeouts;
use crate::wire::process_tag::is_tag;

mod budget;
mod lock;
#[cfg(test)]
mod tests;

use lock::{Cancel, Lock};

/// The highest budget. An exclusive test needs a descriptor for each slot.
pub(crate) const MOST: u32 = 256;

/// The weight of an exclusive test: more than any budget.
pub(crate) const ALONE: u32 = u32::MAX;

#[derive(Debug)]
struct Slots {
    turn: PathBuf,
    /// All there can be.
    files: Vec<PathBuf>,
    budget: usize,
}

/// Slots that this process holds until it drops them.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    #[cfg_attr(not(test), expect(dead_code, reason = "dropping it gives them back"))]
    locks: Vec<Lock>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    /// How many slots it waits for.
    pub(crate) slots: usize,
    /// How many there are.
    pub(crate) of: usize,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, slots, of } = self;
        let time = timeouts::display(*time);
        write!(
            f,
            "has been waiting for {time} for {slots} of the {of} slots that all runs of this user share (`--jobs`, `PEER_JOBS`)"
        )
    }
}

impl Slots {
    /// Uses the first `budget` slots in `$XDG_RUNTIME_DIR/peer`, or in `/tmp/peer-<uid>` without such a session. Not in
    /// `TMPDIR`: all runs must find the same directory.
    fn of_user(budget: u32) -> io::Result<Self> {
        let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let session = session.filter(|path| path.is_absolute() && path.is_dir());
        let user = rustix::process::geteuid().as_raw();
        let directory = session.map_or_else(|| format!("/tmp/peer-{user}").into(), |session| session.join("peer"));
        Self::open(&directory, budget)
    }

    /// Opens this directory, or makes it. Another user who could write there could block all tests.
    fn open(directory: &Path, budget: u32) -> io::Result<Self> {
        private_dir::create_or_open(directory).map_err(|error| {
            let path = directory.display();
            io::Error::other(format!(
                "`{path}` must be a directory of this user with mode 700: remove it, or set XDG_RUNTIME_DIR ({error})"
            ))
        })?;
        let files = (0..MOST).map(|number| directory.join(format!("slot-{number}"))).collect();
        Ok(Self { turn: directory.join("turn"), files, budget: usize::try_from(budget.clamp(1, MOST)).unwrap_or(1) })
    }

    /// Waits for `weight` slots, within 1 and the budget, or for all files if it is [`ALONE`]. `None` if cancelled.
    fn take(&self, weight: u32, cancel: &Cancel, on_wait: &mut dyn FnMut(&Wait)) -> io::Result<Option<Taken>> {
        let of = if weight == ALONE { self.files.len() } else { self.budget };
        let weight = clamp(weight, of);
        let since = Instant::now();
        let mut reports = 0;
        let mut patience = || {
            let time = timeouts::long(reports);
            if since.elapsed() >= time {
                reports += 1;
                on_wait(&Wait { time, slots: weight, of });
            }
            timeouts::long(reports).saturating_sub(since.elapsed())
        };
        let Some(_turn) = lock::take(&[&self.turn], 1, cancel, &mut patience)? else { return Ok(None) };
        let locks = lock::take(&self.files[..of], weight, cancel, &mut patience)?;
        Ok(locks.map(|locks| Taken { locks }))
    }
}

fn clamp(weight: u32, of: usize) -> usize {
    usize::try_from(weight).unwrap_or(usize::MAX).clamp(1, of)
}

static BUDGET: OnceLock<u32> = OnceLock::new();

/// The slots that this process shares with others; `None` where tests run without a budget.
static SHARED: LazyLock<Option<(Slots, Cancel)>> = LazyLock::new(|| {
    // The test of that peer holds slots for it, so that each would wait for the other.
    if is_below_a_peer() {
        return None;
    }
    let open = || Ok((Slots::of_user(keep_to(None))?, Cancel::new()?));
    open().inspect_err(report).ok()
});

/// Does this process descend from a peer? Then it has a tag.
fn is_below_a_peer() -> bool {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Locks);
    is_tag(limit.current, limit.maximum)
}

/// Why tests run without a budget, until a report takes it.
static PROBLEM: Mutex<Option<String>> = Mutex::new(None);

fn report(error: &io::Error) {
    let text =
        format!("tests of this process run without the budget of nodes that all runs of this user share: {error}");
    PROBLEM.lock().get_or_insert(text);
}

/// Why tests run without a budget, if that has happened since the last call.
pub(crate) fn take_problem() -> Option<String> {
    PROBLEM.lock().take()
}

/// Sets the budget, unless it is set already; without a number it follows from the machine.
pub(crate) fn keep_to(jobs: Option<u32>) -> u32 {
    *BUDGET.get_or_init(|| jobs.unwrap_or_else(budget::default_budget).clamp(1, MOST))
}

/// Waits for the slots of a test with `weight` nodes; `None` if [`cancel_all`] was called. Calls `on_wait` when the wait
/// gets long.
///
/// On an error the test runs without a budget: see [`take_problem`].
pub(crate) fn take_for(weight: u32, on_wait: &mut dyn FnMut(&Wait)) -> Option<Taken> {
    let Some((slots, cancel)) = &*SHARED else { return Some(Taken::default()) };
    slots.take(weight, cancel, on_wait).unwrap_or_else(|error| {
        report(&error);
        Some(Taken::default())
    })
}

/// Ends every [`take_for`] of this process, also later ones.
pub(crate) fn cancel_all() {
    if let Some((_, cancel)) = &*SHARED {
        cancel.cancel();
    }
}
