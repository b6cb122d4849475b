//! The command line of `peer::main!()`: the arguments of libtest, and more.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::{CommandFactory, FromArgMatches, Parser};
use libtest_mimic::FormatSetting;

use super::hints;
use crate::harness::settings::Overrides;
use crate::name;
use crate::slots;

/// The exit status for arguments and variables that are invalid, as of every program whose arguments clap reads.
pub(super) const INVALID_USAGE: u8 = 2;

/// The arguments of a run.
#[derive(Clone, Debug, Default, Parser)]
#[group(skip)]
#[command(
    help_template = "Usage: {usage}\n\n{all-args}{after-help}",
    disable_version_flag = true,
    after_help = "Exit status: 0 if nothing failed, 101 otherwise, 2 for invalid arguments or variables, 130 after a second interrupt.\n\
        \n\
        Environment:\n  \
        PEER_JOBS=N               as --jobs\n  \
        RUST_TEST_THREADS=N       as --test-threads\n  \
        PEER_TIMETRAP_FACTOR=N    multiplies every time limit\n  \
        PEER_SEED=SEED            the seed of random orders\n  \
        PEER_KEEP_DIRS=1          keeps the directories of all tests\n  \
        PEER_BOOT_DEBUG=1         shows the steps of every boot\n  \
        NO_COLOR, CI              turn colours and the progress line off\n\n\
        Accepted for compatibility with libtest and ignored: --show-output, --force-run-in-process, --test,\n\
        -Z unstable-options."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) libtest: libtest_mimic::Arguments,

    /// Those behind the first one, which is among libtest's arguments.
    #[arg(value_name = "FILTER", index = 2, hide = true)]
    more_filters: Vec<String>,

    /// Run at most N nodes at once, of all your runs together [default: from processors and memory]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=slots::MOST.into()))]
    jobs: Option<u32>,

    /// Shuffle the tests; the same SEED gives the same order
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true)]
    shuffle: Option<Option<u64>>,

    /// As --shuffle=SEED
    #[arg(long, value_name = "SEED", conflicts_with = "shuffle")]
    shuffle_seed: Option<u64>,

    /// Show how long each test took
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "plain", value_name = "plain|colored", value_parser = ["plain", "colored"], hide_possible_values = true)]
    report_time: Option<String>,

    /// Write a JUnit report to PATH (feature `junit` of `peer`)
    #[arg(long, value_name = "PATH")]
    pub(super) junit: Option<PathBuf>,

    #[arg(long, hide = true)]
    force_run_in_process: bool,
}

impl Arguments {
    /// Those of this process; or the exit status, after help or an error was printed.
    pub(super) fn of_process() -> Result<Self, ExitCode> {
        Self::parse_from(std::env::args_os()).map_err(|error| {
            // There is no other place to say that it cannot be printed.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(INVALID_USAGE) } else { ExitCode::SUCCESS }
        })
    }

    fn parse_from(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut command = <Self as CommandFactory>::command()
            // One line each; the long texts of libtest-mimic are about itself.
            .mut_args(|argument| argument.long_help(None::<&str>))
            .override_usage(format!("{} [OPTIONS] [FILTER]...", name::of_program(&name::own_path())))
            .mut_arg("nocapture", |flag| {
                flag.alias("no-capture").help("Show the output of nodes at once, with their names")
            })
            .mut_arg("include_ignored", |flag| flag.help("Run ignored tests, too"))
            .mut_arg("ignored", |flag| flag.help("Run only ignored tests").conflicts_with("include_ignored"))
            .mut_arg("show_output", |flag| flag.hide(true))
            .mut_arg("unstable_flags", |flag| flag.hide(true))
            .mut_arg("test", |flag| flag.hide(true))
            .mut_arg("bench", |flag| flag.help("Run nothing, since there are no benchmarks"))
            .mut_arg("list", |flag| flag.help("List the tests, and run none"))
            .mut_arg("exact", |flag| flag.help("Match filters exactly"))
            .mut_arg("quiet", |flag| flag.help("As --format=terse"))
            .mut_arg("logfile", |flag| flag.help("Write standard output to PATH"))
            .mut_arg("skip", |flag| flag.help("Skip tests whose names contain it; may be repeated"))
            .mut_arg("test_threads", |flag| {
                flag.value_name("N")
                    .value_parser(RangedU64ValueParser::<usize>::new().range(1..))
                    .help("Run at most N nodes of this run at once [default: as --jobs]")
            })
            .mut_arg("color", |flag| {
                flag.hide_possible_values(true).help("Colours: auto (on a terminal), always or never")
            })
            .mut_arg("format", |flag| {
                flag.hide_possible_values(true)
                    .help("pretty: a line per test; terse: a character per test; json: a line of JSON per event")
            })
            .mut_arg("filter", |filter| {
                filter.index(1).help("Run the tests whose names contain it; with several filters, any of them")
            });
        if let Some(seed) = hints::seed_as_filter(&arguments) {
            return Err(hints::seed_error(&mut command, seed));
        }
        let found = command.try_get_matches_from_mut(arguments).map_err(hints::with_hint)?;
        Self::from_arg_matches(&found).map_err(|error| error.format(&mut command))
    }

    /// Whether the filters choose the test with this name; `ignored` if it has `#[ignore]`.
    pub(super) fn chooses(&self, name: &str, ignored: bool) -> bool {
        let matches =
            |filter: &String| if self.libtest.exact { name == filter } else { name.contains(filter.as_str()) };
        let mut filters = self.libtest.filter.iter().chain(&self.more_filters).peekable();
        (filters.peek().is_none() || filters.any(matches))
            && !self.libtest.skip.iter().any(matches)
            && (!self.libtest.ignored || ignored)
            && (!self.libtest.bench || self.libtest.test)
    }

    pub(super) fn runs_ignored(&self) -> bool {
        self.libtest.ignored || self.libtest.include_ignored
    }

    pub(super) fn overrides(&self) -> Overrides {
        let threads = self.libtest.test_threads.map(|threads| u32::try_from(threads).unwrap_or(u32::MAX));
        Overrides { jobs: self.jobs, threads, seed: self.shuffle.flatten().or(self.shuffle_seed) }
    }

    pub(super) fn shuffles(&self) -> bool {
        self.shuffle.is_some() || self.shuffle_seed.is_some()
    }

    pub(super) fn reports_time(&self) -> bool {
        self.report_time.is_some()
    }

    pub(super) fn format(&self) -> FormatSetting {
        if self.libtest.quiet { FormatSetting::Terse } else { self.libtest.format.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(arguments: &[&str]) -> Arguments {
        Arguments::parse_from(std::iter::once("suite").chain(arguments.iter().copied())).expect("they are valid")
    }

    fn error(arguments: &[&str]) -> String {
        let parsed = Arguments::parse_from(std::iter::once("suite").chain(arguments.iter().copied()));
        parsed.expect_err("they are invalid").to_string()
    }

    #[test]
    fn clap_accepts_their_definition() {
        <Arguments as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn any_of_several_filters_chooses() {
        let chosen = |given: &[&str]| {
            let arguments = arguments(given);
            ["quick::a", "quick::b", "slow::a"].map(|name| arguments.chooses(name, false))
        };
        assert_eq!(chosen(&[]), [true, true, true]);
        assert_eq!(chosen(&["k::b", "slow"]), [false, true, true]);
        assert_eq!(chosen(&["k::b", "--exact", "slow::a", "none"]), [false, false, true]);
        assert_eq!(chosen(&["--skip", "::a", "--skip=slow"]), [false, true, false]);
        assert_eq!(chosen(&["--ignored"]), [false, false, false]);
        assert_eq!(chosen(&["--bench"]), [false, false, false]);
        assert!(arguments(&["--ignored"]).chooses("a", true));
    }

    #[test]
    fn numbers_override_the_environment() {
        let overrides = |given: &[&str]| {
            let Overrides { jobs, threads, seed } = arguments(given).overrides();
            (jobs, threads, seed)
        };
        assert_eq!(overrides(&["--shuffle", "quick"]), (None, None, None));
        assert_eq!(overrides(&["--test-threads=2", "-j9", "--shuffle=7"]), (Some(9), Some(2), Some(7)));
        assert_eq!(overrides(&["--shuffle-seed", "7"]), (None, None, Some(7)));
    }

    #[test]
    fn flags_of_libtest_are_accepted() {
        for flag in
            ["--show-output", "--force-run-in-process", "--no-capture", "--report-time=colored", "-Zunstable-options"]
        {
            arguments(&[flag]);
        }
        assert_eq!(arguments(&["-q"]).format(), FormatSetting::Terse);
    }

    #[test]
    fn an_unknown_flag_is_reported_with_a_hint() {
        assert!(error(&["--shufle"]).contains("a similar argument exists: '--shuffle'"));
        assert!(error(&["--quux"]).contains("tip: `--help` lists all flags"));
        assert!(error(&["--retries=3"]).contains("#[peer_test(retries = 2)]"));
        assert!(error(&["--timeout=9"]).contains("timetrap = \"30s\""));
        assert!(error(&["--shuffle", "7"]).contains("`--shuffle=7`"));
        assert!(error(&["--jobs=257"]).contains("257 is not in 1..=256"));
    }
}
