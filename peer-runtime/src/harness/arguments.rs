//! The command line of `peer::main!()`: libtest's arguments, and ours.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::{CommandFactory, FromArgMatches, Parser};
use libtest_mimic::FormatSetting;

use super::echo;
use super::exit::NOT_UNDERSTOOD;
use crate::name;
use crate::slots;

mod mistakes;

/// All that can be asked of a run.
#[derive(Clone, Debug, Default, Parser)]
#[group(skip)]
#[command(
    help_template = "Usage: {usage}\n\n{all-args}{after-help}",
    disable_version_flag = true,
    after_help = "Exit status: 0 if nothing failed, 101 otherwise, 2 for arguments or variables that are not understood, 130 after a second interrupt.\n\
        \n\
        Environment:\n  \
        PEER_JOBS=N               the same as --jobs\n  \
        RUST_TEST_THREADS=N       the same as --test-threads\n  \
        PEER_TIMETRAP_FACTOR=N    multiplies every time limit\n  \
        PEER_SEED=SEED            where orders by chance come from\n  \
        PEER_KEEP_DIRS=1          keeps the directories of all tests\n  \
        PEER_BOOT_DEBUG=1         shows the steps of every boot\n  \
        NO_COLOR, CI              turn colours and the progress line off\n\n\
        Accepted for the sake of stock libtest's users, and without a meaning here: --show-output, --force-run-in-process,\n\
        --test, -Z unstable-options."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) libtest: libtest_mimic::Arguments,

    /// Those behind the first one, which is libtest's.
    #[arg(value_name = "FILTER", index = 2, hide = true)]
    more_filters: Vec<String>,

    /// How many nodes of all runs of this user there may be at once [default: from processors and memory]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=slots::MOST.into()))]
    jobs: Option<u32>,

    /// Run in an order by chance; the same SEED gives the same order
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true)]
    shuffle: Option<Option<u64>>,

    /// The same as --shuffle=SEED
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
    /// Those of this process; where it is to end at once, for help or a mistake, with what exit status.
    pub(super) fn of_process() -> Result<Self, ExitCode> {
        Self::parse_from(std::env::args_os()).map_err(|error| {
            // Where neither output is open nobody reads it.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(NOT_UNDERSTOOD) } else { ExitCode::SUCCESS }
        })
    }

    fn parse_from(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut command = <Self as CommandFactory>::command()
            // A line each; libtest-mimic's own words say more, of itself.
            .mut_args(|argument| argument.long_help(None::<&str>))
            .override_usage(format!("{} [OPTIONS] [FILTER]...", name::of_program(&name::own_path())))
            .mut_arg("nocapture", |flag| {
                flag.alias("no-capture").help("Show at once what nodes print, with their names")
            })
            .mut_arg("include_ignored", |flag| flag.help("Run ignored tests, too"))
            .mut_arg("ignored", |flag| flag.help("Run only ignored tests").conflicts_with("include_ignored"))
            .mut_arg("show_output", |flag| flag.hide(true))
            .mut_arg("unstable_flags", |flag| flag.hide(true))
            .mut_arg("test", |flag| flag.hide(true))
            .mut_arg("bench", |flag| flag.help("Run nothing: there are no benchmarks"))
            .mut_arg("list", |flag| flag.help("List the tests, and run none"))
            .mut_arg("exact", |flag| flag.help("A filter is a whole name, and not a part of it"))
            .mut_arg("quiet", |flag| flag.help("The same as --format=terse"))
            .mut_arg("logfile", |flag| flag.help("Write to PATH what would go to standard output"))
            .mut_arg("skip", |flag| flag.help("Run no test whose name contains it; may be given several times"))
            .mut_arg("test_threads", |flag| {
                flag.value_name("N")
                    .value_parser(RangedU64ValueParser::<usize>::new().range(1..))
                    .help("How many nodes of this run there may be at once [default: as --jobs]")
            })
            .mut_arg("color", |flag| {
                flag.hide_possible_values(true).help("Colours: auto (on a terminal), always or never")
            })
            .mut_arg("format", |flag| {
                flag.hide_possible_values(true)
                    .help("pretty: a line per test; terse: a character per test; json: a line of JSON per event")
            })
            .mut_arg("filter", |filter| {
                filter.index(1).help("Run only tests whose names contain it; with several, any of them")
            });
        if let Some(seed) = mistakes::seed_apart(&arguments) {
            return Err(mistakes::apart(&mut command, seed));
        }
        let found = command.try_get_matches_from_mut(arguments).map_err(mistakes::with_hint)?;
        Self::from_arg_matches(&found).map_err(|error| error.format(&mut command))
    }

    /// Whether the test with this name is to be run; `ignored` if its author lets it be.
    pub(super) fn chooses(&self, name: &str, ignored: bool) -> bool {
        let matches =
            |filter: &String| if self.libtest.exact { name == filter } else { name.contains(filter.as_str()) };
        let mut filters = self.libtest.filter.iter().chain(&self.more_filters).peekable();
        (filters.peek().is_none() || filters.any(matches))
            && !self.libtest.skip.iter().any(matches)
            && (!self.libtest.ignored || ignored)
            && (!self.libtest.bench || self.libtest.test)
    }

    /// Whether ignored tests run.
    pub(super) fn runs_ignored(&self) -> bool {
        self.libtest.ignored || self.libtest.include_ignored
    }

    /// How many nodes of all runs there may be at once, if somebody says so here.
    pub(super) fn jobs(&self) -> Option<u32> {
        self.jobs
    }

    /// How many nodes of this run there may be at once, if somebody says so.
    pub(super) fn test_threads(&self) -> Option<u32> {
        self.libtest.test_threads.map(|threads| u32::try_from(threads).unwrap_or(u32::MAX))
    }

    /// Whether everything is in an order by chance.
    pub(super) fn shuffles(&self) -> bool {
        self.shuffle.is_some() || self.shuffle_seed.is_some()
    }

    /// Where every order by chance comes from, if somebody says so.
    pub(super) fn seed(&self) -> Option<u64> {
        self.shuffle.flatten().or(self.shuffle_seed)
    }

    /// Whether output is shown at once.
    pub(super) fn is_live(&self) -> bool {
        self.libtest.nocapture || echo::is_asked_for()
    }

    pub(super) fn reports_time(&self) -> bool {
        self.report_time.is_some()
    }

    pub(super) fn format(&self) -> FormatSetting {
        if self.libtest.quiet { FormatSetting::Terse } else { self.libtest.format.unwrap_or_default() }
    }
}

#[cfg(test)]
impl Arguments {
    /// Those of a command line.
    pub(super) fn sample(arguments: &[&str]) -> Self {
        Self::parse_from(std::iter::once("suite").chain(arguments.iter().copied())).expect("they are understood")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_nothing_wrong_with_them() {
        <Arguments as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn any_of_several_filters_chooses() {
        let chosen = |arguments: &[&str]| {
            let arguments = Arguments::sample(arguments);
            ["quick::a", "quick::b", "slow::a"].map(|name| arguments.chooses(name, false))
        };
        assert_eq!(chosen(&[]), [true, true, true]);
        assert_eq!(chosen(&["quick"]), [true, true, false]);
        assert_eq!(chosen(&["k::b", "slow"]), [false, true, true]);
        assert_eq!(chosen(&["k::b", "--exact", "slow::a", "none"]), [false, false, true]);
        assert_eq!(chosen(&["--skip", "::a", "--skip=slow"]), [false, true, false]);
        assert_eq!(chosen(&["--exact", "--skip", "slow::a"]), [true, true, false]);
        assert_eq!(chosen(&["--ignored"]), [false, false, false]);
        assert_eq!(chosen(&["--bench"]), [false, false, false]);
        assert!(Arguments::sample(&["--ignored"]).chooses("a", true));
        assert!(Arguments::sample(&["--include-ignored"]).chooses("a", true));
    }

    #[test]
    fn jobs_are_of_all_runs_and_threads_of_this_one() {
        let both =
            |arguments: &[&str]| (Arguments::sample(arguments).jobs(), Arguments::sample(arguments).test_threads());
        assert_eq!(both(&[]), (None, None));
        assert_eq!(both(&["--test-threads=2", "--jobs", "9"]), (Some(9), Some(2)));
        assert_eq!(both(&["-j4"]), (Some(4), None));
    }

    #[test]
    fn a_seed_may_be_given() {
        let shuffle = |arguments: &[&str]| {
            let arguments = Arguments::sample(arguments);
            (arguments.shuffles(), arguments.seed())
        };
        assert_eq!(shuffle(&[]), (false, None));
        assert_eq!(shuffle(&["--shuffle", "quick"]), (true, None));
        assert_eq!(shuffle(&["--shuffle=7"]), (true, Some(7)));
        assert_eq!(shuffle(&["--shuffle-seed", "7"]), (true, Some(7)));
    }

    #[test]
    fn what_is_harmless_is_accepted() {
        for flag in
            ["--show-output", "--force-run-in-process", "--no-capture", "--report-time=colored", "-Zunstable-options"]
        {
            Arguments::sample(&[flag]);
        }
        assert!(Arguments::sample(&["--no-capture"]).is_live());
        assert!(Arguments::sample(&["--report-time"]).reports_time());
        assert_eq!(Arguments::sample(&["-q"]).format(), FormatSetting::Terse);
        assert_eq!(Arguments::sample(&["--format", "json"]).format(), FormatSetting::Json);
    }
}
