//! Numbers that the environment gives: limits, and where orders by chance come from.
//!
//! One that cannot be meant is an error, as it is in an argument. What was a typing error would otherwise take a limit away.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use super::arguments::Arguments;
use crate::slots;

/// A variable that is a whole number.
struct Number {
    name: &'static str,
    range: RangeInclusive<u64>,
    what: &'static str,
}

const POSITIVE: RangeInclusive<u64> = 1..=u32::MAX as u64;

const JOBS: Number = Number {
    name: "PEER_JOBS",
    range: 1..=slots::MOST as u64,
    what: "how many nodes of all runs of this user there may be at once",
};

/// As libtest reads it.
const THREADS: Number =
    Number { name: "RUST_TEST_THREADS", range: POSITIVE, what: "how many nodes of this run there may be at once" };

const FACTOR: Number =
    Number { name: "PEER_TIMETRAP_FACTOR", range: POSITIVE, what: "what every time limit is multiplied by" };

const SEED: Number = Number { name: "PEER_SEED", range: 0..=u64::MAX, what: "where orders by chance come from" };

/// What a run keeps to, if somebody says so: the command line, or the environment.
pub(super) struct Settings {
    /// How many nodes of all runs there may be at once.
    pub(super) jobs: Option<u32>,
    /// How many nodes of this run there may be at once.
    pub(super) threads: Option<u32>,
    /// Where every order by chance comes from.
    pub(super) seed: Option<u64>,
    /// What every time limit is multiplied by: Common Test's `multiply_timetraps`.
    pub(super) factor: u32,
}

impl Settings {
    /// Those of a whole run; or a sentence for each variable that cannot be meant.
    pub(super) fn of(arguments: &Arguments) -> Result<Self, Vec<String>> {
        Self::find(arguments, &|name| std::env::var_os(name))
    }

    /// Those of one test that another harness runs: how many run beside it, and in which order, is for that one to say.
    pub(super) fn of_one_test() -> Result<Self, Vec<String>> {
        let only = |name: &str| [JOBS.name, FACTOR.name].contains(&name).then(|| std::env::var_os(name)).flatten();
        Self::find(&Arguments::default(), &only)
    }

    fn find(arguments: &Arguments, find: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        // A variable is not asked for what an argument says.
        let mut number = |argument: Option<u64>, number: &Number| {
            let found = argument.or_else(|| match number.read(&find(number.name)?) {
                Ok(found) => Some(found),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            });
            (found, found.map(|found| u32::try_from(found).unwrap_or(u32::MAX)))
        };
        let (_, jobs) = number(arguments.jobs().map(u64::from), &JOBS);
        let (_, threads) = number(arguments.test_threads().map(u64::from), &THREADS);
        let (seed, _) = number(arguments.seed(), &SEED);
        let (_, factor) = number(None, &FACTOR);
        if problems.is_empty() { Ok(Self { jobs, threads, seed, factor: factor.unwrap_or(1) }) } else { Err(problems) }
    }
}

impl Number {
    fn read(&self, text: &OsString) -> Result<u64, String> {
        let Self { name, range, what } = self;
        let text = text.to_string_lossy();
        text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            format!("{name} is `{text}`; set it to a whole number from {least} to {most} ({what}), or unset it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found with these arguments, where the environment has these variables.
    fn found(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let find = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value));
        Settings::find(&Arguments::sample(arguments), &find)
    }

    fn numbers(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<u32>, Option<u32>, Option<u64>, u32) {
        let found = found(arguments, variables).unwrap_or_else(|problems| panic!("{problems:?}"));
        (found.jobs, found.threads, found.seed, found.factor)
    }

    #[test]
    fn arguments_come_first_and_then_the_environment() {
        let all =
            [("PEER_JOBS", " 12 "), ("RUST_TEST_THREADS", "3"), ("PEER_SEED", "0"), ("PEER_TIMETRAP_FACTOR", "4")];
        assert_eq!(numbers(&[], &[]), (None, None, None, 1));
        assert_eq!(numbers(&[], &all), (Some(12), Some(3), Some(0), 4));
        assert_eq!(
            numbers(&["--jobs=2", "--test-threads=1", "--shuffle=7"], &all),
            (Some(2), Some(1), Some(7), 4),
            "what the command line says"
        );
        // Nobody asks it then.
        assert_eq!(numbers(&["-j2"], &[("PEER_JOBS", "many")]), (Some(2), None, None, 1));
    }

    #[test]
    fn what_is_no_such_number_is_told() {
        for (name, values) in [
            ("PEER_JOBS", &["", "0", "-1", "many", "257"][..]),
            ("RUST_TEST_THREADS", &["0", "x"]),
            ("PEER_TIMETRAP_FACTOR", &["0", "x", "1.5"]),
            ("PEER_SEED", &["x", "18446744073709551616"]),
        ] {
            for value in values {
                let problems = found(&[], &[(name, value)]).err().expect("no such number").join("\n");
                assert!(
                    problems.starts_with(&format!("{name} is `{value}`; set it to a whole number from ")),
                    "{problems}"
                );
            }
        }
        let all = found(&[], &[("PEER_JOBS", "many"), ("PEER_SEED", "x")]).err().expect("two of them");
        assert_eq!(
            all[0],
            "PEER_JOBS is `many`; set it to a whole number from 1 to 256 (how many nodes of all runs of this user \
             there may be at once), or unset it"
        );
        assert_eq!(all.len(), 2, "{all:?}");
    }
}
