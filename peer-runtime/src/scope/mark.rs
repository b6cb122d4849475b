//! Which scope a thread belongs to, also when its locals have been destroyed: `exit` does that before anything else.

use std::cell::Cell;
use std::sync::Arc;

use super::{CURRENT, Scope};

/// A number that no other scope has at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(usize);

thread_local! {
    static MARK: Cell<Option<Mark>> = const { Cell::new(None) };
}

impl Mark {
    /// That of the calling thread's scope.
    pub(crate) fn of_this_thread() -> Option<Self> {
        MARK.get()
    }
}

impl Scope {
    pub(crate) fn mark(&self) -> Mark {
        Mark(Arc::as_ptr(&self.0).addr())
    }
}

/// Makes the calling thread belong to this scope, or to none; the one that it belonged to.
pub(super) fn belong(scope: Option<Scope>) -> Option<Scope> {
    MARK.set(scope.as_ref().map(Scope::mark));
    CURRENT.replace(scope)
}
