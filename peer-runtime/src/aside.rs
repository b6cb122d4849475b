//! What is told beside results, on standard error: leaks, kept directories, complaints.
//!
//! While a run has a screen all of that goes through it, so that none of it lands in the middle of another line. Elsewhere
//! it is written to standard error itself and not by `eprintln!`, which libtest captures, and shows of failed tests alone.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::sanitize;

/// How a line comes to its reader. It waits for whoever writes just now.
pub(crate) type Way = Arc<dyn Fn(&str) + Send + Sync>;

static WAY: Mutex<Option<Way>> = Mutex::new(None);

/// While it lives, all is told that way.
#[must_use = "the way ends when this is dropped"]
pub(crate) struct Lent(());

/// To be called once at a time.
pub(crate) fn goes_through(way: Way) -> Lent {
    set(Some(way));
    Lent(())
}

impl Drop for Lent {
    fn drop(&mut self) {
        set(None);
    }
}

fn set(way: Option<Way>) {
    *WAY.lock().unwrap_or_else(PoisonError::into_inner) = way;
}

fn way() -> Option<Way> {
    WAY.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Tells it, in lines, the first of which says whose words these are.
pub(crate) fn tell(text: &str) {
    // Paths and command lines are whatever others made them.
    let text = format!("peer: {}", sanitize::text(text));
    match way() {
        Some(way) => way(&text),
        // One write, so that no other line comes in between; where standard error is closed nobody wants to know.
        None => drop(std::io::stderr().lock().write_all((text + "\n").as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// The only test in this executable that lends a way: others may tell something meanwhile.
    #[test]
    fn while_there_is_a_way_all_is_told_that_way() {
        let (sender, told) = mpsc::channel();
        let way: Way = Arc::new(move |text| drop(sender.send(text.to_owned())));
        let lent = goes_through(Arc::clone(&way));
        let next = |wanted: &str| loop {
            if told.recv_timeout(Duration::from_secs(20)).expect("it is told") == format!("peer: aside: {wanted}") {
                return;
            }
        };
        tell("aside: one");
        next("one");
        // A command line, say.
        tell("aside: `sh -c '\u{1b}[2J'`");
        next(r"`sh -c '\u{1b}[2J'`");
        drop(lent);
        tell("aside: to standard error");
        drop(way);
        assert!(told.iter().all(|text| text != "peer: aside: to standard error"));
    }
}
