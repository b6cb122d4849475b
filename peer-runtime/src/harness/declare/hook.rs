//! Hooks: functions that run around a suite, a group or a test.

use std::any::TypeId;
use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::body::{BodyError, Outcome};
use super::fixture::{Kind, Value};
use super::inputs::{Inputs, Requirement};
use super::moment::Moment;
use crate::registry::SourceLocation;

/// Every hook of this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static HOOKS: [Hook];
/// Empty: the unit tests of this crate link it twice, and a table may exist once.
#[cfg(test)]
pub static HOOKS: [Hook; 0] = [];

/// What a hook provides, or why it did not pass.
pub(crate) type HookResult = Result<Option<Value>, BodyError>;

/// A hook that runs.
pub(crate) type HookFuture = Pin<Box<dyn Future<Output = HookResult>>>;

/// A function that runs around tests.
#[derive(Debug)]
pub struct Hook {
    /// The module of its group, the crate included; for a hook of the suite the module that defines it.
    pub module: &'static str,
    /// When it runs.
    pub moment: Moment,
    /// Where it is defined.
    pub place: SourceLocation,
    /// What its parameters require.
    pub requires: &'static [Requirement],
    /// What it returns, if it passes.
    pub output: Kind,
    /// Its body.
    pub run: fn(Inputs) -> HookFuture,
}

impl Hook {
    /// Its path within the crate; of a hook of the suite its name alone.
    pub(crate) fn path(&self) -> String {
        let name = self.moment.name();
        match self.module.split_once("::") {
            Some((_, module)) if !self.moment.is_of_suite() => format!("{module}::{name}"),
            _ => name.to_owned(),
        }
    }

    /// The type of the fixture that it provides.
    pub(crate) fn provides(&self) -> Option<Kind> {
        Some(self.output).filter(|kind| kind.id() != TypeId::of::<()>())
    }

    /// The hook with this path.
    pub(crate) fn find(path: &str) -> Option<&'static Self> {
        HOOKS.iter().find(|hook| hook.path() == path)
    }
}

/// The return type of an init. For a `Result` generated code finds the items below, for any other type those of [`Infallible`]:
/// inherent items come first.
#[derive(Debug)]
pub struct Returned<T>(PhantomData<T>);

impl<T: 'static, E> Returned<Result<T, E>> {
    /// The type of the fixture.
    pub const OUTPUT: Kind = Kind::of::<T>();

    /// Called by generated code with what an init that can fail returned.
    pub fn provide(result: Result<T, E>) -> HookResult
    where
        T: Send + Sync,
        E: Debug + 'static,
    {
        result.map_err(BodyError::of).and_then(Returned::<T>::provide)
    }
}

/// The return type of an init that cannot fail.
pub trait Infallible {
    /// What the init returns.
    type Output;
    /// The type of the fixture.
    const OUTPUT: Kind;

    /// Called by generated code with what the init returned.
    fn provide(output: Self::Output) -> HookResult
    where
        Self::Output: Send + Sync;
}

impl<T: 'static> Infallible for Returned<T> {
    type Output = T;
    const OUTPUT: Kind = Kind::of::<T>();

    fn provide(output: T) -> HookResult
    where
        T: Send + Sync,
    {
        Ok((TypeId::of::<T>() != TypeId::of::<()>()).then(|| Arc::new(output) as Value))
    }
}

/// Called by generated code with what an end returned.
pub fn ended(outcome: impl Outcome) -> HookResult {
    outcome.into_result().map(|()| None)
}
