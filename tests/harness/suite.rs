//! The suites that tests run as children, built by cargo.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{command, run, without_harness};

/// The targets below `suites/`.
const SUITES: [&str; 9] = [
    "suite_main",
    "suite_groups",
    "suite_whole",
    "suite_stock",
    "suite_hanging",
    "suite_hanging_stock",
    "suite_refused",
    "suite_weights",
    "suite_held",
];

/// Cargo with these arguments for these targets, built as this executable is.
pub(crate) fn cargo(arguments: &[&str], targets: &[&str]) -> Command {
    // An interrupt must end it, although a shell may have started these tests in the background.
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,TERM").arg(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).args(["--locked", "--offline"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.args(targets.iter().flat_map(|target| ["--test", target])).current_dir(env!("CARGO_MANIFEST_DIR"));
    without_harness(&mut command);
    command
}

/// The executable of a suite. The first call builds all suites: no test waits for a build later.
pub(crate) fn executable(suite: &str) -> PathBuf {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let built = run(&mut cargo(&["test", "--no-run", "--message-format=json"], &SUITES)).passed();
        let executable = |line: &str| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some((message["target"]["name"].as_str()?.to_owned(), message["executable"].as_str()?.into()))
        };
        built.stdout.lines().filter_map(executable).collect()
    });
    built.get(suite).unwrap_or_else(|| panic!("cargo built no `{suite}`")).clone()
}

/// A suite with these arguments.
pub(crate) fn suite(name: &str, arguments: &[&str]) -> Command {
    let mut command = command(executable(name));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("RUST_BACKTRACE", "0");
    command
}
