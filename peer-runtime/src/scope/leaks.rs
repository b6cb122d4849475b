//! What the peers of a scope left behind.

use std::sync::{Mutex, PoisonError};

use crate::aside;

/// Leaks that nobody has asked for yet; once somebody has, each is told when it is found.
#[derive(Default)]
pub(super) struct Leaks(Mutex<State>);

enum State {
    Kept(Vec<String>),
    /// By whom they are told.
    Told(String),
}

impl Default for State {
    fn default() -> Self {
        Self::Kept(Vec::new())
    }
}

impl Leaks {
    pub(super) fn add(&self, leak: String) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Kept(leaks) => leaks.push(leak),
            // Found by the I/O thread, which has other things to do.
            State::Told(name) => aside::tell_without_waiting(line(name, &leak)),
        }
    }

    /// All that were kept; later ones are told in the name of `name`.
    pub(super) fn take(&self, name: &str) -> Vec<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Told(name.to_owned())) {
            State::Kept(leaks) => leaks,
            State::Told(_) => Vec::new(),
        }
    }
}

/// Tells a leak of the test `name`, in one line: a test that passes would leak in silence otherwise, which is how processes
/// came to be left behind unnoticed before.
pub(crate) fn tell(name: &str, leak: &str) {
    aside::tell(&line(name, leak));
}

fn line(name: &str, leak: &str) -> String {
    format!("{name}: {}", leak.replace('\n', " "))
}
