//! Nothing survives: whatever ends the origin, whatever its peers are doing, whatever they have started.
//!
//! `cargo test --test survival` runs the table. `SURVIVAL_ROUNDS=1000` runs random cells instead, `SURVIVAL_SEED` the same
//! ones again, and `SURVIVAL_CELL` chosen ones, `SURVIVAL_ROUNDS` times; `SURVIVAL_AT_ONCE` spares a machine that is busy.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod bystander;
mod cells;
mod kin;
mod origin;
mod pool;
#[path = "../it/support/process.rs"]
mod support;
mod tree;
mod warden;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bystander::Bystander;
use cells::{Cell, Kin, State, Way};
use pool::{AT_ONCE, Found, run, say, summary};

/// One test at a time: each of them keeps the machine busy, and two seconds are two seconds.
static TURN: Mutex<()> = Mutex::new(());

/// What a process of a cell is told by who starts it.
fn told(name: &str) -> String {
    asked(name).unwrap_or_else(|| panic!("{name} is not set: this is run by another test"))
}

fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
fn nothing_survives_whatever_ends_the_origin() {
    let number =
        |name: &str| asked(name).map(|text| text.parse::<u64>().unwrap_or_else(|error| panic!("{name}: {error}")));
    let rounds = number("SURVIVAL_ROUNDS").map(|rounds| usize::try_from(rounds).unwrap());
    let (cells, which): (Vec<String>, String) = match (asked("SURVIVAL_CELL"), rounds) {
        (Some(chosen), rounds) => {
            let cells: Vec<&str> = chosen.split_whitespace().collect();
            let cells = cells.repeat(rounds.unwrap_or(1)).into_iter().map(str::to_owned);
            (cells.collect(), "chosen ones".to_owned())
        }
        (None, Some(rounds)) => {
            let seed = number("SURVIVAL_SEED").unwrap_or_else(rand::random);
            say(&format!("survival: SURVIVAL_ROUNDS={rounds} SURVIVAL_SEED={seed} runs these cells again"));
            (cells::random(rounds, seed).iter().map(ToString::to_string).collect(), format!("seed {seed}"))
        }
        (None, None) => (cells::table().iter().map(ToString::to_string).collect(), "the table".to_owned()),
    };
    let at_once = number("SURVIVAL_AT_ONCE").map_or(AT_ONCE, |number| usize::try_from(number).unwrap());
    nothing_is_left_of(&cells, &which, at_once);
}

/// Runs the cells, beside a process that has nothing to do with them and must not notice.
fn nothing_is_left_of(cells: &[String], which: &str, at_once: usize) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bystander = Bystander::start();
    let found = run(cells, at_once);
    bystander.check();
    let summary = summary(&found, which);
    say(&summary);
    all(&found, &summary, Found::is_clean);
}

fn all(found: &[Found], summary: &str, is_good: fn(&Found) -> bool) {
    let failed: Vec<String> = found.iter().filter(|found| !is_good(found)).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{summary}\n{} of {} cells failed:\n{}", failed.len(), found.len(), failed.join("\n"));
}

/// Fifty peers, each with a daemon: killed when so many of them are there, and all of those are booting.
#[test]
fn nothing_survives_kill_9_while_fifty_peers_boot() {
    let ways = [(Way::Kill, &[50, 50, 30, 10, 1][..]), (Way::KillCargo, &[50, 20]), (Way::KillNextest, &[50])];
    for (way, counts) in ways {
        for count in counts {
            let which = format!("{way} while 50 boot, {count} of them there");
            nothing_is_left_of(&[format!("fifty/{way}/{count}")], &which, 1);
        }
    }
}

/// Without its keeper the origin ends what is left of its peers. It looks at all processes of the machine for that, which takes
/// its time, so there are few at once; and who forks faster than that is not found.
#[test]
fn nothing_survives_the_keeper() {
    let finds = |kin: &&Kin| !matches!(kin, Kin::Forker | Kin::Swarm);
    let states = [State::Idle, State::Sigstopped, State::ConsoleFull];
    let cells = states.iter().flat_map(|state| {
        let cell = |kin| Cell { way: Way::KillKeeper, state: *state, kin, tcp: false, linked: true, after: None };
        Kin::ALL.iter().filter(finds).map(move |kin| cell(*kin).to_string())
    });
    nothing_is_left_of(&cells.collect::<Vec<_>>(), "the keeper killed", 2);
}

/// The one stated limit. The peers end all the same; what of their descendants is left is counted.
#[test]
fn origin_and_keeper_killed_in_the_same_instant() {
    let mut cells = Vec::new();
    for (number, state) in [State::Idle, State::Busy, State::Booting, State::Sigstopped].into_iter().enumerate() {
        for kin in Kin::ALL {
            let cell = Cell { way: Way::KillBoth, state, kin: *kin, tcp: number % 2 == 1, linked: true, after: None };
            // A swarm would be left like a forker, and slow everything else down.
            cells.extend((cell.makes_sense() && *kin != Kin::Swarm).then(|| cell.to_string()));
        }
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = run(&cells, AT_ONCE);
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for name in found.iter().flat_map(Found::left_names) {
        *left.entry(name).or_default() += 1;
    }
    let summary = summary(&found, "origin and keeper killed in the same instant");
    say(&format!("{summary}\nsurvival: what was left then: {left:?}"));
    all(&found, &summary, |found| {
        found.is_valid() && found.left_names().all(|name| !["origin", "peer"].contains(&name))
    });
}
