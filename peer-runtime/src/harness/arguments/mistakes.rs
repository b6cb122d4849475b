//! What is said of arguments that are not understood: above all what there is here for what was meant.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// For all that limits a time.
const TIMETRAP: &str = "the limit of a test is its timetrap: #[peer_test(timetrap = \"30s\")], or peer::main!(timetrap = \"30s\"); \
    PEER_TIMETRAP_FACTOR=4 gives everything more time";

/// Flags of other harnesses, of nextest and of cargo, with what there is here for each.
const ELSEWHERE: [(&[&str], &str); 13] = [
    (&["--ensure-time", "--timeout", "--timetrap", "--test-timeout", "--slow-timeout"], TIMETRAP),
    (&["--exclude-should-panic"], "a flag of stock libtest; here `--skip NAME` leaves tests out"),
    (&["--save-analysis"], "a flag of older versions of stock libtest"),
    (&["--retries", "--retry", "--reruns"], "a test says it itself: #[peer_test(retries = 2)]"),
    (
        &["--repeat", "--rounds", "--count", "--iterations", "--stress-count"],
        "a test or a group says it itself: #[peer_test(repeat = 100)], or `repeat_until_any_fail = 100`",
    ),
    (
        &["--fail-fast", "--failfast", "--maxfail", "--max-fail"],
        "everything that is chosen runs; what is to end with its first failure is a group: #[peer_group(sequence)]",
    ),
    (
        &[
            "--no-fail-fast",
            "--no-run",
            "--release",
            "--profile",
            "--package",
            "--workspace",
            "--features",
            "--all-features",
        ],
        "a flag of cargo, which stands before the `--`: `cargo test --no-fail-fast -- ..`; here everything that is chosen runs",
    ),
    (
        &["--filter", "--filter-expr", "--filterset", "--name", "-E", "-k"],
        "a filter stands by itself, and is a part of a name: `cargo test -- NAME`",
    ),
    (
        &["--threads", "--num-threads", "--concurrency", "--parallel", "--workers"],
        "`--test-threads N` says how many nodes of this run there may be at once, and `--jobs N` (or PEER_JOBS) of all runs of this user",
    ),
    (&["--seed", "--random-seed"], "`--shuffle-seed N` gives an order again"),
    (
        &["--verbose", "-v", "--debug"],
        "`--nocapture` shows what nodes print, and PEER_BOOT_DEBUG=1 every step of their boots",
    ),
    (&["--junit-xml", "--junitxml", "--xml", "--reporter"], JUNIT),
    (&["--version", "-V"], "it is in Cargo.lock: `cargo tree --package peer`"),
];

const JUNIT: &str = "`--junit PATH` writes a JUnit report (feature `junit` of `peer`)";

/// Of what nothing better is known.
const UNKNOWN: &str = "`--help` has all flags there are; those of cargo stand before the `--`";

/// Values that are not understood: a part of the flag as clap spells it, and what there is instead.
const VALUES: [(&str, &str); 3] = [
    (
        "--test-threads",
        "1 runs everything one after the other; without it there are as many nodes at once as `--jobs` says",
    ),
    ("--jobs", "1 runs everything one after the other; without it the number follows from processors and memory"),
    ("--shuffle", "a seed is a whole number, 0 or more; without one `--shuffle` takes another one each time"),
];

/// A seed that stands behind `--shuffle` as an argument of its own, and would be a filter that chooses nothing.
pub(super) fn seed_apart(arguments: &[OsString]) -> Option<&str> {
    let seed = arguments.iter().skip_while(|argument| *argument != "--shuffle").nth(1)?.to_str()?;
    seed.parse::<u64>().is_ok().then_some(seed)
}

/// The error for that.
pub(super) fn apart(command: &mut clap::Command, seed: &str) -> clap::Error {
    let what = format!(
        "a seed stands behind `=`: `--shuffle={seed}`, or `--shuffle-seed {seed}`; if {seed} is a filter, write it before `--shuffle`"
    );
    command.error(ErrorKind::UnknownArgument, what)
}

/// The same error with what to do instead.
pub(super) fn with_hint(mut error: clap::Error) -> clap::Error {
    let text = |error: &clap::Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(flag) = text(&error, ContextKind::InvalidArg) else { return error };
    let hint = match error.kind() {
        ErrorKind::UnknownArgument => {
            let name = flag.split('=').next().unwrap_or(&flag).replace('_', "-");
            let known = ELSEWHERE.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, what)| *what);
            // What clap finds alike may be very different: `--ignored` for `--nope`.
            let is_near = |other: String| other.as_bytes().iter().zip(name.as_bytes()).take(4).all(|(a, b)| a == b);
            let is_near = text(&error, ContextKind::SuggestedArg).is_some_and(is_near);
            if known.is_some() || !is_near {
                error.remove(ContextKind::SuggestedArg);
            }
            // That flags might be filters, as clap suggests, nobody means: no test has such a name.
            error.remove(ContextKind::Suggested);
            known.or((!is_near).then_some(UNKNOWN))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = text(&error, ContextKind::InvalidValue).unwrap_or_default();
            let is_junit = flag.starts_with("--format") && ["junit", "xml"].contains(&&*value);
            let known = VALUES.iter().find(|(name, _)| flag.starts_with(name)).map(|(_, what)| *what);
            if is_junit { Some(JUNIT) } else { known }
        }
        _ => None,
    };
    if let Some(hint) = hint {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.to_owned().into()]));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::super::Arguments;

    fn mistake(arguments: &[&str]) -> String {
        let error = Arguments::parse_from(std::iter::once("suite").chain(arguments.iter().copied()));
        error.expect_err("it is not understood").to_string()
    }

    #[track_caller]
    fn says(arguments: &[&str], parts: &[&str]) {
        let text = mistake(arguments);
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing in:\n{text}");
        }
    }

    #[test]
    fn flags_of_others_are_told_with_what_there_is_here() {
        for (flag, hint) in [
            ("--fail-fast", "#[peer_group(sequence)]"),
            ("--retries", "#[peer_test(retries = 2)]"),
            ("--retries=3", "#[peer_test(retries = 2)]"),
            ("--timeout=9", "peer::main!(timetrap = \"30s\")"),
            ("--ensure-time", "the limit of a test is its timetrap"),
            ("--repeat", "repeat_until_any_fail = 100"),
            ("--no-fail-fast", "a flag of cargo, which stands before the `--`"),
            ("--num_threads", "`--test-threads N` says how many nodes of this run"),
            ("--seed=7", "`--shuffle-seed N`"),
            ("-E", "a filter stands by itself"),
            ("-v", "`--nocapture` shows what nodes print"),
            ("--junit-xml=a", "`--junit PATH` writes a JUnit report"),
        ] {
            says(&[flag], &["error: unexpected argument '", "  tip: ", hint]);
            let text = mistake(&[flag]);
            assert!(!text.contains("similar") && !text.contains("as a value"), "{text}");
        }
    }

    #[test]
    fn a_seed_behind_a_space_is_no_filter() {
        says(&["--shuffle", "7"], &["`--shuffle=7`, or `--shuffle-seed 7`", "write it before `--shuffle`"]);
        for meant in [&["7", "--shuffle"][..], &["--shuffle", "seven"], &["--shuffle", "--jobs", "7"]] {
            Arguments::sample(meant);
        }
    }

    #[test]
    fn what_is_spelled_wrong_is_told_with_what_was_meant() {
        says(&["--shufle"], &["a similar argument exists: '--shuffle'"]);
        says(&["--test_threads=2"], &["a similar argument exists: '--test-threads'"]);
        says(&["--nope"], &["unexpected argument '--nope' found", "tip: `--help` has all flags there are"]);
        let text = mistake(&["--nope"]);
        assert!(!text.contains("as a value") && !text.contains("similar"), "{text}");
    }

    #[test]
    fn values_that_are_wrong_are_told_with_those_that_are_right() {
        says(
            &["--format=junit"],
            &["[possible values: pretty, terse, json]", "tip: `--junit PATH` writes a JUnit report"],
        );
        assert!(!mistake(&["--format=yaml"]).contains("--junit"));
        says(&["--report-time=xyz"], &["invalid value 'xyz'", "[possible values: plain, colored]"]);
        says(&["--test-threads=0"], &["0 is not in 1..", "tip: 1 runs everything one after the other"]);
        says(&["--test-threads", "many"], &["invalid digit found in string", "tip: 1 runs everything"]);
        says(&["--jobs=257"], &["257 is not in 1..=256", "the number"]);
        says(&["--jobs=0"], &["0 is not in 1..=256", "the number follows from processors and memory"]);
        says(&["--shuffle=x"], &["invalid value 'x'", "tip: a seed is a whole number"]);
        says(&["--color=x"], &["[possible values: auto, always, never]"]);
    }
}
