//! Hints for flags that users of other harnesses type.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Flags of other harnesses, and what to write instead.
const HINTS: [(&[&str], &str); 4] = [
    (
        &["--timeout", "--timetrap", "--ensure-time", "--slow-timeout"],
        "a test has its own time limit: #[peer_test(timetrap = \"30s\")]; PEER_TIMETRAP_FACTOR=4 multiplies all of them",
    ),
    (&["--retries", "--retry", "--reruns"], "a test has its own retries: #[peer_test(retries = 2)]"),
    (
        &["--no-fail-fast", "--fail-fast", "--release", "--features", "--package"],
        "flags of cargo stand before the `--`: `cargo test --no-fail-fast -- NAME`; all chosen tests run in any case",
    ),
    (&["--filter", "--name", "-E", "-k"], "a filter stands alone: `cargo test -- NAME`"),
];

const UNKNOWN: &str = "`--help` lists all flags; those of cargo stand before the `--`";

/// A seed behind `--shuffle` as an argument of its own, which would be a filter that chooses nothing.
pub(super) fn seed_as_filter(arguments: &[OsString]) -> Option<&str> {
    let seed = arguments.iter().skip_while(|argument| *argument != "--shuffle").nth(1)?.to_str()?;
    seed.parse::<u64>().is_ok().then_some(seed)
}

/// The error for it.
pub(super) fn seed_error(command: &mut clap::Command, seed: &str) -> clap::Error {
    let what =
        format!("write the seed behind `=`: `--shuffle={seed}`; if {seed} is a filter, write it before `--shuffle`");
    command.error(ErrorKind::UnknownArgument, what)
}

/// Adds a hint to the error for an unknown flag.
pub(super) fn with_hint(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return error };
    let name = flag.split('=').next().unwrap_or(flag).replace('_', "-");
    let hint = HINTS.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, hint)| *hint);
    if hint.is_some() {
        error.remove(ContextKind::SuggestedArg);
    }
    // Clap suggests that the flag might be a filter; no test has such a name.
    error.remove(ContextKind::Suggested);
    if let Some(hint) = hint.or_else(|| error.get(ContextKind::SuggestedArg).is_none().then_some(UNKNOWN)) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.to_owned().into()]));
    }
    error
}
