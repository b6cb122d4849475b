//! The budget of nodes that all test executables of one user share on this machine.
//!
//! One *slot* is the right to run one node. A slot is a file in a folder that belongs to the user, and who holds its
//! lock has the slot ([`lock`] says how it is given back, and why nobody misses that). The budget is how many of the
//! files a process uses, the first ones, so that processes with different budgets go together. Who wants to be alone takes
//! all that there can be, whatever its budget.
//!
//! Who wants slots first takes the *turn*, a lock of the same kind, and keeps it until it has them all. So only one
//! gathers slots at a time: two that have half of theirs each never wait for each other, and those that want few do not
//! slip past the one that wants many. Who gets the turn next is for the kernel to say. It does not depend on how many
//! slots one wants, but no order is kept, and there is no bound on how often one may be passed over.
//!
//! All waits end by an event: a slot given back, its holder's death, or [`Cancel`]. Who waits for long is told so meanwhile,
//! and who holds what it waits for ([`holders`]).

use std::fmt;
use std::io;
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, Instant};

mod budget;
mod cancel;
mod directory;
mod holders;
mod lock;
#[cfg(test)]
mod tests;
mod watch;

use budget::default_budget;
use cancel::Cancel;
use directory::Directory;
pub(crate) use holders::Holder;
use lock::Held;
use watch::Watch;

use crate::aside;
use crate::timeouts;
use crate::wire::mark::is_mark;

/// The most slots that there are. Who takes all of them needs a descriptor for each.
pub(crate) const MOST: u32 = 256;

/// The lock of who gathers slots.
const TURN: &str = "turn";

/// The weight of who wants to be alone: more than any budget.
pub(crate) const ALONE: u32 = u32::MAX;

/// The slots of this user, and how many of them this process uses.
#[derive(Debug)]
pub(crate) struct Slots {
    directory: Directory,
    /// All that there can be.
    names: Vec<String>,
    budget: usize,
}

/// Slots that are held; dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Taken {
    #[cfg_attr(not(test), expect(dead_code, reason = "it is there to be dropped"))]
    slots: Vec<Held>,
}

impl Slots {
    /// The first `budget` slots of this user, at least one, and 256 at most.
    pub(crate) fn open(budget: u32) -> io::Result<Self> {
        Ok(Self::of(Directory::of_user()?, budget))
    }

    fn of(directory: Directory, budget: u32) -> Self {
        let names = (0..MOST).map(|number| format!("slot-{number}")).collect();
        Self { directory, names, budget: usize::try_from(budget.clamp(1, MOST)).unwrap_or(1) }
    }

    /// Waits until `weight` slots are held: one at least, and no more than there are in the budget. With [`ALONE`] it takes
    /// all that there can be, so that nobody else holds any, whatever their budget is. `None` if the wait is cancelled.
    ///
    /// Who holds slots must not wait for more: all may do so.
    pub(crate) fn take(&self, weight: u32, cancel: &Cancel, waits: &mut dyn FnMut(&Wait)) -> io::Result<Option<Taken>> {
        let of = if weight == ALONE { self.names.len() } else { self.budget };
        let weight = cut(weight, of);
        let since = Instant::now();
        let mut told = 0;
        // What was told once is told again, later and later.
        let mut patience = || {
            if since.elapsed() >= timeouts::long(told) {
                let time = timeouts::long(told);
                told += 1;
                waits(&Wait { time, slots: weight, of, holders: self.holders(of) });
            }
            timeouts::long(told).saturating_sub(since.elapsed())
        };
        // Given back at the end of this function, however that is reached.
        let Some(_turn) = gather(&self.directory, &[TURN], 1, cancel, &mut patience)? else { return Ok(None) };
        let names: Vec<&str> = self.names[..of].iter().map(String::as_str).collect();
        let slots = gather(&self.directory, &names, weight, cancel, &mut patience)?;
        Ok(slots.map(|slots| Taken { slots }))
    }

    /// The same without a wait: `None` if there are not so many, or somebody waits for some.
    fn take_free(&self, weight: u32) -> io::Result<Option<Taken>> {
        let weight = cut(weight, self.budget);
        let Some(_turn) = Held::take(&self.directory, TURN)? else { return Ok(None) };
        let mut slots = Vec::new();
        for name in &self.names[..self.budget] {
            if slots.len() < weight {
                slots.extend(Held::take(&self.directory, name)?);
            }
        }
        Ok((slots.len() == weight).then_some(Taken { slots }))
    }

    /// Who holds any of the first `of` slots, and the turn.
    fn holders(&self, of: usize) -> Vec<Holder> {
        let names: Vec<&str> = self.names[..of].iter().map(String::as_str).collect();
        holders::of(&self.directory, TURN, &names)
    }
}

/// A weight as it can be had of so many slots.
fn cut(weight: u32, of: usize) -> usize {
    usize::try_from(weight).unwrap_or(usize::MAX).clamp(1, of)
}

/// A wait that takes long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// For so long.
    pub(crate) time: Duration,
    /// For so many slots.
    pub(crate) slots: usize,
    /// Of so many that there are.
    pub(crate) of: usize,
    pub(crate) holders: Vec<Holder>,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, slots, of, holders } = self;
        let time = timeouts::display(*time);
        write!(
            f,
            "has been waiting for {time} for {slots} of the {of} slots that all runs of this user share (`--jobs`, `PEER_JOBS`)"
        )?;
        for Holder { pid, program, slots, has_turn } in holders {
            if *pid == std::process::id() {
                write!(f, "\n  this run itself ")?;
            } else {
                write!(f, "\n  `{program}` (os pid {pid}) ")?;
            }
            match (slots, has_turn) {
                (0, _) => f.write_str("waits for some before it")?,
                (slots, false) => write!(f, "holds {slots}")?,
                (slots, true) => write!(f, "holds {slots}, and waits for more before it")?,
            }
        }
        Ok(())
    }
}

/// Holds `count` of these locks: those that are free, and others as they are given back.
/// `patience` says how long the next wait may be, and may tell of those before it.
fn gather(
    directory: &Directory,
    names: &[&str],
    count: usize,
    cancel: &Cancel,
    patience: &mut dyn FnMut() -> Duration,
) -> io::Result<Option<Vec<Held>>> {
    let mut held = Vec::new();
    let mut missing = Vec::new();
    for name in names {
        // Asked each time: who cancels wants no new holder either.
        if cancel.is_cancelled() {
            return Ok(None);
        }
        if held.len() < count {
            match Held::take(directory, name)? {
                Some(lock) => held.push(lock),
                None => missing.push(*name),
            }
        }
    }
    if held.len() == count {
        return Ok(Some(held));
    }
    let mut watch = Watch::new(directory, &missing, cancel)?;
    // What was given back before it was watched is found by a first look at all of them.
    let mut told: Vec<usize> = (0..missing.len()).collect();
    loop {
        for at in told {
            if held.len() < count
                && let Some(lock) = Held::take(directory, missing[at])?
            {
                watch.forget(at)?;
                held.push(lock);
            }
        }
        if held.len() == count {
            return Ok(Some(held));
        }
        match watch.wait(patience())? {
            Some(again) => told = again,
            None => return Ok(None),
        }
    }
}

/// What this process shares with the others, opened when the first test wants it.
struct Shared {
    /// With it, what ends all waits; `None` where tests run without a budget.
    slots: Option<(Slots, Cancel)>,
}

/// The budget that this process keeps to.
static BUDGET: OnceLock<u32> = OnceLock::new();

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let open = || Ok((Slots::open(keep_to(None))?, Cancel::new()?));
    Shared { slots: open().inspect_err(tell).ok() }
});

/// The budget that this process keeps to from the first call on; what follows from the machine, unless somebody asks.
pub(crate) fn keep_to(asked: Option<u32>) -> u32 {
    *BUDGET.get_or_init(|| asked.unwrap_or_else(default_budget).clamp(1, MOST))
}

/// Whether this process descends from a peer, whose test holds slots for all of it: it bears the mark of one.
fn is_below_a_peer() -> bool {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Locks);
    is_mark(limit.current, limit.maximum)
}

/// Waits for the slots of a test with `weight` nodes, from the budget of this user; `None` if [`cancel_all`] was called.
/// `waits` hears of a wait that takes long.
///
/// Where there can be no budget, that is told on standard error, and the test runs without.
pub(crate) fn take_for(weight: u32, waits: &mut dyn FnMut(&Wait)) -> Option<Taken> {
    let without = Taken { slots: Vec::new() };
    if is_below_a_peer() {
        // Who holds slots would wait for it, and it for slots.
        return Some(without);
    }
    let Some((slots, cancel)) = &SHARED.slots else { return Some(without) };
    slots.take(weight, cancel, waits).unwrap_or_else(|error| {
        tell(&error);
        Some(without)
    })
}

/// Takes these slots if they are free now, and nobody waits for any. Who holds slots may do that, since it is no wait.
pub(crate) fn take_free(weight: u32) -> Option<Taken> {
    match &SHARED.slots {
        // An error is told by whoever waits.
        Some((slots, _)) if !is_below_a_peer() => slots.take_free(weight).ok().flatten(),
        _ => Some(Taken { slots: Vec::new() }),
    }
}

/// Ends every [`take_for`] of this process, those to come, too.
pub(crate) fn cancel_all() -> io::Result<()> {
    SHARED.slots.as_ref().map_or(Ok(()), |(_, cancel)| cancel.cancel())
}

/// Says that tests run without a budget, and why.
fn tell(error: &io::Error) {
    aside::tell(&format!(
        "tests of this process are not held to the budget of nodes that this user's test runs share: {error}"
    ));
}
