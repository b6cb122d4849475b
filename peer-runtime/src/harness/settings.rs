//! Numbers that the command line or the environment sets.
//!
//! An invalid value is an error: a typing error must not lift a limit.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use crate::slots;

/// A variable whose value is a whole number.
struct Number {
    name: &'static str,
    range: RangeInclusive<u64>,
    what: &'static str,
}

const POSITIVE: RangeInclusive<u64> = 1..=u32::MAX as u64;

const JOBS: Number =
    Number { name: "PEER_JOBS", range: 1..=slots::MOST as u64, what: "the number of nodes of all your runs at once" };

/// As libtest reads it.
const THREADS: Number =
    Number { name: "RUST_TEST_THREADS", range: POSITIVE, what: "the number of nodes of this run at once" };

const FACTOR: Number = Number { name: "PEER_TIMETRAP_FACTOR", range: POSITIVE, what: "a factor for all time limits" };

const SEED: Number = Number { name: "PEER_SEED", range: 0..=u64::MAX, what: "the seed of random orders" };

/// What the command line sets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) jobs: Option<u32>,
    pub(crate) threads: Option<u32>,
    pub(crate) seed: Option<u64>,
}

/// What the command line, or else the environment sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How many nodes of all runs of this user there may be at once.
    pub(crate) jobs: Option<u32>,
    /// How many nodes of this run there may be at once.
    pub(crate) threads: Option<u32>,
    /// The seed of random orders.
    pub(crate) seed: Option<u64>,
    /// What every time limit is multiplied by: Common Test's `multiply_timetraps`.
    pub(crate) factor: u32,
}

impl Settings {
    /// Those of a run; or a sentence for each invalid variable.
    pub(crate) fn read(overrides: Overrides) -> Result<Self, Vec<String>> {
        Self::find(overrides, &|name| std::env::var_os(name))
    }

    /// Those of one test that another harness runs, which itself decides about threads and order.
    pub(crate) fn read_for_one_test() -> Result<Self, Vec<String>> {
        let only = |name: &str| [JOBS.name, FACTOR.name].contains(&name).then(|| std::env::var_os(name)).flatten();
        Self::find(Overrides::default(), &only)
    }

    fn find(overrides: Overrides, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        // A variable does not matter where the command line sets the number.
        let mut number = |given: Option<u64>, number: &Number| {
            given.or_else(|| number.read(&variable(number.name)?).map_err(|problem| problems.push(problem)).ok())
        };
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let settings = Self {
            jobs: number(overrides.jobs.map(u64::from), &JOBS).map(small),
            threads: number(overrides.threads.map(u64::from), &THREADS).map(small),
            seed: number(overrides.seed, &SEED),
            factor: number(None, &FACTOR).map_or(1, small),
        };
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }
}

/// Whether `RUST_TEST_NOCAPTURE` asks for output at once, as libtest reads it.
pub(crate) fn shows_output_at_once() -> bool {
    std::env::var_os("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0")
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

    fn found(overrides: Overrides, variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let variable =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value));
        Settings::find(overrides, &variable)
    }

    #[test]
    fn the_command_line_comes_first_and_then_the_environment() {
        let all =
            [("PEER_JOBS", " 12 "), ("RUST_TEST_THREADS", "3"), ("PEER_SEED", "0"), ("PEER_TIMETRAP_FACTOR", "4")];
        let none = Settings { jobs: None, threads: None, seed: None, factor: 1 };
        assert_eq!(found(Overrides::default(), &[]), Ok(none));
        let of_variables = Settings { jobs: Some(12), threads: Some(3), seed: Some(0), factor: 4 };
        assert_eq!(found(Overrides::default(), &all), Ok(of_variables));
        let overrides = Overrides { jobs: Some(2), threads: Some(1), seed: Some(7) };
        assert_eq!(found(overrides, &all), Ok(Settings { jobs: Some(2), threads: Some(1), seed: Some(7), factor: 4 }));
        assert!(found(overrides, &[("PEER_JOBS", "many")]).is_ok());
    }

    #[test]
    fn each_invalid_variable_is_reported() {
        let all = found(Overrides::default(), &[("PEER_JOBS", "257"), ("PEER_SEED", "-1")]);
        assert_eq!(all.expect_err("both are invalid").len(), 2);
    }
}
