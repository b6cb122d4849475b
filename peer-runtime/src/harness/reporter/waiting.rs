//! A long wait for what other runs hold, in each form.

use serde::Serialize;

use super::super::event::What;
use crate::slots::{Holder, Wait};

/// For a person.
pub(super) fn in_lines(name: &str, what: What, wait: &Wait) -> String {
    let kind = if what == What::Test { "test" } else { "hook" };
    format!("{kind} {name} {wait}\n")
}

/// For a program.
#[derive(Serialize)]
pub(super) struct Waiting<'a> {
    r#type: &'static str,
    event: &'static str,
    name: &'a str,
    wait_time: f64,
    slots: usize,
    of_slots: usize,
    holders: Vec<Of<'a>>,
}

/// A process that holds slots.
#[derive(Serialize)]
struct Of<'a> {
    os_pid: u32,
    program: &'a str,
    slots: usize,
    has_turn: bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn of(name: &'a str, what: What, wait: &'a Wait) -> Self {
        let of = |holder: &'a Holder| Of {
            os_pid: holder.pid,
            program: &holder.program,
            slots: holder.slots,
            has_turn: holder.has_turn,
        };
        Self {
            r#type: if what == What::Test { "test" } else { "hook" },
            event: "waiting",
            name,
            wait_time: wait.time.as_secs_f64(),
            slots: wait.slots,
            of_slots: wait.of,
            holders: wait.holders.iter().map(of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wait() -> Wait {
        let holder = |pid, slots, has_turn| Holder { pid, program: format!("suite{pid}"), slots, has_turn };
        let holders = vec![holder(7, 1, false), holder(8, 2, true), holder(9, 0, true)];
        Wait { time: Duration::from_secs(10), slots: 4, of: 8, holders }
    }

    #[test]
    fn who_waits_is_told_who_holds_what_it_waits_for() {
        assert_eq!(
            in_lines("quick::a", What::Test, &wait()),
            "test quick::a has been waiting for 10s for 4 of the 8 slots that all runs of this user share (`--jobs`, `PEER_JOBS`)
  `suite7` (os pid 7) holds 1
  `suite8` (os pid 8) holds 2, and waits for more before it
  `suite9` (os pid 9) waits for some before it
"
        );
    }

    #[test]
    fn programs_are_told_the_same() {
        let wait = Wait { holders: wait().holders.split_off(2), ..wait() };
        let text = serde_json::to_string(&Waiting::of("a", What::Hook, &wait)).expect("it is JSON");
        assert_eq!(
            text,
            r#"{"type":"hook","event":"waiting","name":"a","wait_time":10.0,"slots":4,"of_slots":8,"holders":[{"os_pid":9,"program":"suite9","slots":0,"has_turn":true}]}"#
        );
    }
}
