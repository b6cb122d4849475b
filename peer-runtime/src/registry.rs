//! The remote functions of this executable, from a link-time table.

use std::sync::OnceLock;

use crate::wire::message::{Function, Refusal};

mod remote;

pub(crate) use remote::{AsyncCallResult, CallResult, EncodedCall};
pub use remote::{RemoteFn, answer, answer_async, assert_sendable};

/// Every `#[remote]` function that is linked into this executable.
#[cfg(not(test))]
#[linkme::distributed_slice]
pub static REMOTE_FUNCTIONS: [RemoteFunction];

/// None: the unit tests link this crate twice, once by way of `peer`, and a table exists once.
#[cfg(test)]
pub static REMOTE_FUNCTIONS: [RemoteFunction; 0] = [];

/// Functions of this crate itself; the table is for generated code.
static OWN: OnceLock<&'static [RemoteFunction]> = OnceLock::new();

/// Adds functions of this crate, before main.
pub(crate) fn add(own: &'static [RemoteFunction]) {
    // A second call adds the same ones.
    let _ = OWN.set(own);
}

/// A location in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLocation {
    /// As `file!` says it.
    pub file: &'static str,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
    /// Line and column within the macro that wrote it, which order what one use of the macro wrote.
    pub written: (u32, u32),
}

impl SourceLocation {
    /// Of an entry whose location is not set yet.
    pub const NONE: Self = Self { file: "", line: 0, column: 0, written: (0, 0) };
}

impl std::fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A function that can be called on any node that runs this code.
#[derive(Debug)]
pub struct RemoteFunction {
    /// The key for `call`.
    pub type_name: fn() -> &'static str,
    /// The first part of the key for `apply`.
    pub module: &'static str,
    /// The second part.
    pub name: &'static str,
    /// For messages.
    pub signature: &'static str,
    /// Where it is written.
    pub place: SourceLocation,
    /// How it is run.
    pub handler: Handler,
}

/// How a function is run.
#[derive(Debug)]
pub enum Handler {
    /// On the thread that read the call.
    Sync(fn(EncodedCall<'_>) -> CallResult),
    /// On the node's runtime.
    Async(fn(EncodedCall<'_>) -> AsyncCallResult),
}

/// The functions of this executable, sorted by the names of their types, by which typed calls find them.
fn functions() -> &'static [(&'static RemoteFunction, &'static str)] {
    static SORTED: OnceLock<Vec<(&'static RemoteFunction, &'static str)>> = OnceLock::new();
    SORTED.get_or_init(|| {
        let all = REMOTE_FUNCTIONS.iter().chain(OWN.get().copied().unwrap_or_default());
        let mut all: Vec<_> = all.map(|function| (function, (function.type_name)())).collect();
        all.sort_by_key(|(function, type_name)| (*type_name, function.module, function.name, function.place));
        all
    })
}

pub(crate) fn find(wanted: &Function<'_>) -> Result<&'static RemoteFunction, (Refusal, String)> {
    let all = functions();
    // Every call looks here, so nothing is collected.
    let found = match wanted {
        Function::Typed(key) => {
            let start = all.partition_point(|(_, type_name)| type_name < key);
            first_two(all[start..].iter().take_while(|(_, type_name)| type_name == key))
        }
        Function::Named { module, name, .. } => {
            first_two(all.iter().filter(|(function, _)| function.module == *module && function.name == *name))
        }
    };
    match found {
        (Some((one, _)), None) => Ok(one),
        (None, _) => Err((Refusal::Undef, format!("there is no `#[remote]` function `{wanted}`{}", similar(wanted)))),
        (Some((one, _)), Some((other, _))) => Err((
            Refusal::Undef,
            format!("two functions go by `{wanted}`: at {} and at {}; rename one of them", one.place, other.place),
        )),
    }
}

fn first_two<T>(mut items: impl Iterator<Item = T>) -> (Option<T>, Option<T>) {
    (items.next(), items.next())
}

/// Functions of the same name in other modules, for the error.
fn similar(wanted: &Function<'_>) -> String {
    let Function::Named { name, .. } = wanted else { return String::new() };
    let others: Vec<_> = functions()
        .iter()
        .filter(|(f, _)| f.name == *name)
        .map(|(f, _)| format!("`{}::{}`", f.module, f.name))
        .collect();
    if others.is_empty() { String::new() } else { format!("; there is {}", others.join(", ")) }
}
