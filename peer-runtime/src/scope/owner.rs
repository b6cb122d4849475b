//! What a scope does with what its peers tell it.

use std::time::Duration;

use super::{Scope, route};
use crate::barrier::{Arrival, Who};
use crate::mailbox::Letter;
use crate::owner::{Down, Owner};

impl Owner for Scope {
    fn console(&self, node: &str, bytes: &[u8]) {
        self.0.console.printed(node, bytes);
    }

    fn ended(&self, node: &str) {
        self.0.console.flush_node(node);
    }

    fn note(&self, node: &str, text: &str) {
        self.0.console.note(node, text);
    }

    fn deliver(&self, node: &str, letter: Letter) {
        if let Err(why) = route::deliver(&self.0.mailboxes, letter) {
            self.note(node, &why);
        }
    }

    fn leaked(&self, node: &str, text: String) {
        // A program has shown it with its console.
        if self.0.listener.is_some() {
            self.0.leaks.add(format!("{node}: {text}"));
        }
    }

    fn crashed(&self, node: &str, report: String) {
        let Some(listener) = &self.0.listener else {
            // The scope is this program's, so it is the program that is taken down.
            self.note(node, &format!("linked peer down, and this program with it:\n{report}"));
            self.0.place.keep();
            #[expect(clippy::disallowed_methods, reason = "a broken link ends whoever it is linked to")]
            std::process::exit(1);
        };
        // The rest of it is told of all peers of a test.
        listener(report.lines().next().unwrap_or_default().to_owned());
    }

    fn arrive(&self, who: Who, arrival: Arrival) {
        self.arrive_at_barrier(who, arrival);
    }

    fn withdraw(&self, who: &Who, id: u64) {
        self.withdraw_from_barrier(who, id);
    }

    fn waits(&self, node: &str) -> Vec<(String, Duration)> {
        self.waits_of(node)
    }

    fn down(&self, down: Down<'_>) {
        self.down_at_barriers(down);
    }
}
