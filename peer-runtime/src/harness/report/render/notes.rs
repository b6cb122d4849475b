//! The texts of notes and of what lasts long.

use std::fmt::Write;

use crate::harness::event::{Note, Running, UnitKind};
use crate::harness::outcome::Blocked;
use crate::origin::Snapshot;
use crate::scope::Scope;
use crate::timeouts;

/// A note about the test, hook or group `name`, in one line; about the run if that is empty.
pub(crate) fn note(name: &str, note: &Note) -> String {
    let text = match note {
        Note::Leaked(leak) => leak.to_string(),
        Note::DirectoryKept(path) => format!("kept directory: {}", path.display()),
        Note::Blocked(by) => blocked(by),
        Note::Panicked(line) => line.clone(),
        Note::SignalsNotWatched(error) => {
            format!("signals cannot be watched, so an interrupt ends this run at once: {error}")
        }
        Note::DirectoryNotRemoved(error) => error.clone(),
        Note::NoBudget(problem) => problem.clone(),
    };
    let text = text.replace('\n', " ");
    if name.is_empty() { text } else { format!("`{name}`: {text}") }
}

/// A thread that was abandoned.
pub(crate) fn blocked(Blocked { hook, after }: &Blocked) -> String {
    let thread = hook.as_ref().map_or_else(|| "its thread".to_owned(), |hook| format!("the thread of `{hook}`"));
    let after = timeouts::display(*after);
    format!(
        "{thread} is still blocked {after} after its scope ended, and was abandoned; it can start and call nothing any more"
    )
}

/// Lines of output that were not shown.
pub(crate) fn dropped(lines: usize) -> String {
    format!("{lines} lines were dropped here, since they were not read in time")
}

/// The line that nextest looks for.
pub(crate) fn error_line(headline: &str) -> String {
    format!("Error: {headline}")
}

/// Who called `exit`, as far as that is known.
pub(crate) fn caller(running: &[String]) -> String {
    match running {
        [] => "something outside of tests".to_owned(),
        [one] => format!("test `{one}`"),
        all => format!("one of {}", all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// `test` or `hook`.
pub(crate) fn kind(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Test => "test",
        UnitKind::Hook => "hook",
    }
}

/// What a test or a hook that runs is waiting for.
pub(crate) struct Activity {
    pub(crate) nodes: Vec<NodeActivity>,
    /// The barriers at which it waits itself, and for how long.
    pub(crate) barriers: Vec<String>,
}

pub(crate) struct NodeActivity {
    pub(crate) name: String,
    pub(crate) state: String,
    /// The state, and what it is doing.
    pub(crate) doing: String,
}

impl Activity {
    pub(crate) fn of(running: &Running) -> Self {
        let of_node = |peer: &Snapshot| {
            let description = peer.description();
            NodeActivity { name: description.node, state: description.state, doing: peer.doing() }
        };
        let scopes = std::iter::once(&running.scope).chain(&running.outer);
        let nodes = scopes.flat_map(Scope::peers).map(|peer| of_node(&peer)).collect();
        Self { nodes, barriers: running.scope.barriers().waits_of_own_threads() }
    }

    /// In lines.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for barrier in &self.barriers {
            let _ = writeln!(text, "  at barrier {barrier}");
        }
        for node in &self.nodes {
            let _ = writeln!(text, "  {}: {}", node.name, node.doing);
        }
        text
    }
}
