//! `peer::main!()`: from the command line to the exit status.

use std::process::ExitCode;

use libtest_mimic::{ColorSetting, FormatSetting};

use self::args::{Arguments, INVALID_USAGE};
use super::event::{Note, events};
use super::plan::Plan;
use super::report::{self, ExitGuard, Format, ReportSettings};
use super::run::{self, Cancel, Options};
use super::runner;
use super::settings::{self, Settings};
use crate::panic::{self, PanicOutput};
use crate::scope;
use crate::slots;

mod args;
mod hints;

/// The exit status of a run that fails, as libtest's.
const FAILED: u8 = 101;

/// The main of a test target with `harness = false`: see `peer::main!`.
pub fn main() -> ExitCode {
    let arguments = match Arguments::of_process() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let settings = match Settings::read(arguments.overrides()) {
        Ok(settings) => settings,
        Err(problems) => {
            report::problems(&problems);
            return ExitCode::from(INVALID_USAGE);
        }
    };
    let mut plan = Plan::of_all();
    let problems = plan.problems();
    if !problems.is_empty() {
        report::problems(&problems);
        return ExitCode::from(FAILED);
    }
    let all = plan.tests();
    plan.retain(&|test| arguments.chooses(&test.path(), test.ignore.is_some()));
    let tests = plan.tests();
    let missing_before = match tests[..] {
        [only] if runner::is_process_per_test() => Plan::of_all().before_in_sequence(only),
        _ => 0,
    };
    let reports = report_settings(&arguments);
    if arguments.libtest.list {
        return exit_code(report::list(&tests, reports.format));
    }
    let (live, under_nextest) = (reports.live, reports.under_nextest);
    let (sink, events) = events();
    let reporting = match report::start(reports, events) {
        Ok(reporting) => reporting,
        Err(problem) => {
            report::problems(&[problem]);
            return ExitCode::from(FAILED);
        }
    };
    // The report of a failed test contains its panics. Nextest, which has all output shown at once, would show them twice.
    let take = if under_nextest { scope::take_panic::<false> } else { scope::take_panic::<true> };
    panic::record_panics(PanicOutput::Capture(take));
    let cancel = Cancel::default();
    if let Err(error) = cancel.watch_signals() {
        sink.note("", Note::SignalsNotWatched(error.to_string()));
    }
    let Settings { jobs, threads, seed, factor } = settings;
    let options = Options {
        slots: threads.unwrap_or(u32::MAX).min(slots::keep_to(jobs)),
        live,
        keeps_output: false,
        ignored: arguments.runs_ignored(),
        shuffle: arguments.shuffles(),
        seed: seed.unwrap_or_else(rand::random),
        seeded: seed.is_some(),
        factor,
        filtered: all.len() - tests.len(),
        missing_before,
    };
    let guard = ExitGuard::arm(sink.clone());
    let summary = run::run(&plan, options, &cancel, &sink);
    drop(sink);
    let is_written = reporting.finish();
    let is_ok = summary.failed == 0 && !summary.interrupted && is_written;
    guard.end(if is_ok { 0 } else { FAILED });
    exit_code(is_ok)
}

fn exit_code(is_ok: bool) -> ExitCode {
    if is_ok { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn report_settings(arguments: &Arguments) -> ReportSettings {
    let libtest = &arguments.libtest;
    ReportSettings {
        format: match arguments.format() {
            FormatSetting::Pretty => Format::Pretty,
            FormatSetting::Terse => Format::Terse,
            FormatSetting::Json => Format::Json,
        },
        color: match libtest.color {
            Some(ColorSetting::Always) => Some(true),
            Some(ColorSetting::Never) => Some(false),
            Some(ColorSetting::Auto) | None => None,
        },
        logfile: libtest.logfile.as_deref().map(Into::into),
        junit: arguments.junit.clone(),
        report_time: arguments.reports_time(),
        live: libtest.nocapture || settings::shows_output_at_once(),
        under_nextest: runner::is_nextest(),
    }
}
