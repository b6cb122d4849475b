//! Starts that are under way: the end of a scope waits for them, too.

use super::Scope;

/// A start that is under way.
pub(super) struct Starting(Scope);

impl Starting {
    pub(super) fn new(scope: Scope) -> Self {
        scope.0.starting.send_modify(|count| *count += 1);
        Self(scope)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.0.starting.send_modify(|count| *count -= 1);
    }
}
