//! What a test, or something that the harness found, adds to the report of a scope.

use std::sync::{Mutex, PoisonError};

use super::Scope;

/// What is kept of them together, in bytes.
const KEPT: usize = 1 << 20;

/// Until somebody reads them.
#[derive(Default)]
pub(super) struct Comments(Mutex<State>);

#[derive(Default)]
struct State {
    kept: Vec<String>,
    bytes: usize,
    /// There was no room for so many.
    left_out: usize,
}

impl Comments {
    fn add(&self, text: String) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = state.bytes + size_of::<String>() + text.len();
        if bytes > KEPT {
            state.left_out += 1;
        } else {
            state.bytes = bytes;
            state.kept.push(text);
        }
    }

    fn take(&self) -> Vec<String> {
        let State { mut kept, left_out, .. } =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if left_out > 0 {
            kept.push(format!("({left_out} more left out: all of one report have {} MiB)", KEPT >> 20));
        }
        kept
    }
}

impl Scope {
    /// Adds a line to its report, if there is room for it.
    pub(crate) fn comment(&self, text: String) {
        self.0.comments.add(text);
    }

    /// Adds what went wrong besides, which is told nowhere else.
    pub(crate) fn remark(&self, text: String) {
        self.0.comments.0.lock().unwrap_or_else(PoisonError::into_inner).kept.push(text);
    }

    /// What was commented since somebody last asked.
    pub(crate) fn comments(&self) -> Vec<String> {
        self.0.comments.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_much_and_what_has_none_is_counted() {
        let comments = Comments::default();
        let half = "x".repeat(KEPT / 2 - 2 * size_of::<String>());
        for text in ["", &half, &half, "y", "z"] {
            comments.add(text.to_owned());
        }
        let told = comments.take();
        assert_eq!((told.len(), &*told[3]), (4, "(2 more left out: all of one report have 1 MiB)"));
        comments.add("again".to_owned());
        assert_eq!(comments.take(), ["again"]);
    }
}
