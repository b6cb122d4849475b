//! What an init hands to the tests and hooks below it: found by type, innermost first.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use super::stage::Work;
use super::verdict::TestStatus;
use crate::scope::Nodes;

/// What an init returned.
pub type Value = Arc<dyn Any + Send + Sync>;

/// A type that somebody wants, or gives.
#[derive(Clone, Copy)]
pub struct Kind {
    id: fn() -> TypeId,
    name: fn() -> &'static str,
}

impl Kind {
    /// The type `T`.
    pub const fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>, name: std::any::type_name::<T> }
    }

    pub(super) fn id(self) -> TypeId {
        (self.id)()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.name)())
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the inits above returned, outermost first.
#[derive(Clone, Default)]
pub struct Given(Vec<Value>);

impl Given {
    /// The same, and what one more init returned.
    pub(super) fn and(&self, value: Option<Value>) -> Self {
        Self(self.0.iter().cloned().chain(value).collect())
    }

    /// Whether it has more than that other one, which it came from.
    pub(super) fn has_more_than(&self, other: &Self) -> bool {
        self.0.len() > other.0.len()
    }

    /// Lets go of it where that is done: what is dropped may want a runtime, and may panic.
    pub(super) fn dropped(self) -> Work {
        Box::new(move || {
            Box::pin(async move {
                drop(self);
                Ok(None)
            })
        })
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Given").field(&self.0.len()).finish()
    }
}

/// All that a test or a hook may take.
#[derive(Debug)]
pub struct Parts {
    /// Its nodes; none for a hook.
    pub nodes: Nodes,
    /// What the inits above it returned.
    pub given: Given,
    /// For `end_per_testcase`: what the test came to.
    pub status: TestStatus,
}

impl Parts {
    /// The innermost value of this type.
    ///
    /// # Panics
    /// Where nobody gives it, which the plan refuses before anything runs.
    pub fn given<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let found = self.given.0.iter().rev().find_map(|value| Arc::clone(value).downcast().ok());
        found.unwrap_or_else(|| panic!("peer: nobody gives a `{}`", std::any::type_name::<T>()))
    }
}
