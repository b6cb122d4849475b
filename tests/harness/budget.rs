//! A budget of nodes that several executables share, and how much of it their nodes used: each node counts.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::suite::executable;
use crate::support::{Folder, command};

/// How many nodes there may be at once.
pub(crate) const BUDGET: usize = 4;
/// How often tests run at most until their nodes used the budget: a busy machine may start them one after the other.
pub(crate) const RUNS: usize = 10;

/// What shares a budget in this folder.
pub(crate) fn budgeted<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command.env("XDG_RUNTIME_DIR", folder).env("PEER_JOBS", BUDGET.to_string())
}

/// Runs the commands until their nodes used the budget, or nearly; they must never use more.
pub(crate) fn fill_the_budget(commands: impl Fn() -> Vec<Command>) {
    let mut seen = Vec::new();
    while seen.len() < RUNS {
        let folder = Folder::new();
        let most = most_nodes_of(commands(), &folder.path(""));
        assert!(most <= BUDGET, "{most} nodes at once");
        seen.push(most);
        if most + 1 >= BUDGET {
            return;
        }
    }
    panic!("so many nodes at once in each run: {seen:?}");
}

/// Runs these at the same time; all have to pass. The most nodes that were there at once.
pub(crate) fn most_nodes_of(mut commands: Vec<Command>, folder: &Path) -> usize {
    let mut running = Vec::new();
    for (number, command) in commands.iter_mut().enumerate() {
        let output = folder.join(format!("output-{number}"));
        let file = std::fs::File::create(&output).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        running.push((budgeted(command, folder).spawn().unwrap(), output));
    }
    for (mut child, output) in running {
        assert!(child.wait().unwrap().success(), "{}", std::fs::read_to_string(output).unwrap());
    }
    let counted = std::fs::read_to_string(folder.join("counted")).unwrap_or_default();
    counted.lines().map(|count| count.parse().unwrap()).max().unwrap_or(0)
}

/// The groups, or the suite, that hold slots.
pub(crate) fn holding(target: &str, arguments: &[&str]) -> Command {
    let mut command = command(executable(target));
    command.arg("--include-ignored").args(arguments);
    command
}
