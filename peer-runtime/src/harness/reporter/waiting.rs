//! A long wait for what other runs hold, in each form.

use serde::Serialize;

use super::super::event::What;
use crate::slots::Wait;

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
}

impl<'a> Waiting<'a> {
    pub(super) fn of(name: &'a str, what: What, wait: &'a Wait) -> Self {
        Self {
            r#type: if what == What::Test { "test" } else { "hook" },
            event: "waiting",
            name,
            wait_time: wait.time.as_secs_f64(),
            slots: wait.slots,
            of_slots: wait.of,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn wait() -> Wait {
        Wait { time: Duration::from_secs(10), slots: 4, of: 8 }
    }

    #[test]
    fn a_long_wait_is_one_line() {
        assert_eq!(
            in_lines("quick::a", What::Test, &wait()),
            "test quick::a has been waiting for 10s for 4 of the 8 slots that all runs of this user share (`--jobs`, `PEER_JOBS`)
"
        );
    }

    #[test]
    fn programs_are_told_the_same() {
        let text = serde_json::to_string(&Waiting::of("a", What::Hook, &wait())).expect("it is JSON");
        assert_eq!(text, r#"{"type":"hook","event":"waiting","name":"a","wait_time":10.0,"slots":4,"of_slots":8}"#);
    }
}
