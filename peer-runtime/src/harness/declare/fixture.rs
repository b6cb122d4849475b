//! Fixtures: what inits return and tests and hooks take by type; the innermost one wins.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// A fixture.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// The type of a fixture.
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

    pub(crate) fn id(self) -> TypeId {
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

/// The fixtures of the inits above, outermost first.
#[derive(Clone, Default)]
pub struct Fixtures(Vec<Value>);

impl Fixtures {
    /// These, and what one more init returned.
    pub(crate) fn and(&self, value: Option<Value>) -> Self {
        Self(self.0.iter().cloned().chain(value).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn innermost<T: 'static>(&self) -> Option<&T> {
        self.0.iter().rev().find_map(|value| value.downcast_ref())
    }
}

impl fmt::Debug for Fixtures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fixtures").field(&self.0.len()).finish()
    }
}
