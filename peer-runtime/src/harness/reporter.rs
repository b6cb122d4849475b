//! Who prints and writes what happens in a run: one reporter per form, all of them fed with the same events.

use std::fs::File;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;
use std::path::Path;
#[cfg(feature = "junit")]
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::FormatSetting;

use super::arguments::Arguments;
use super::event::{Event, Reporter};
#[cfg(feature = "junit")]
use super::exit;
use super::paint::{Paint, is_set};
use super::runner;
use super::words;
use crate::aside::Way;

mod bar;
mod board;
mod json;
#[cfg(feature = "junit")]
mod junit;
mod last;
mod lines;
mod list;
mod nextest;
mod notice;
mod progress;
#[cfg(test)]
pub(super) mod sample;
mod screen;
mod waiting;
mod written;

use json::Json;
use last::Last;
pub(super) use last::{each_running, who};
use lines::Lines;
pub(super) use list::list;
use nextest::Nextest;
use progress::Progress;
use screen::{Screen, lock};
pub(super) use written::lost;
use written::{Lost, Patient};

/// Tells several reporters the same, one after the other.
struct All(Vec<Box<dyn Reporter>>);

impl Reporter for All {
    fn hear(&mut self, event: &Event<'_>) {
        for reporter in &mut self.0 {
            reporter.hear(event);
        }
    }
}

/// All that a run is told by.
pub(super) struct Reporters {
    pub(super) all: Box<dyn Reporter>,
    /// That of what is told beside results.
    pub(super) way: Way,
    pub(super) lost: Lost,
}

/// All that these arguments ask for; why that is impossible otherwise.
pub(super) fn reporters(arguments: &Arguments) -> Result<Reporters, String> {
    let lost = Lost::default();
    let logfile = arguments.libtest.logfile.as_deref().map(|path| create(Path::new(path), "--logfile")).transpose()?;
    let paint = match &logfile {
        Some(file) => Paint::choose(arguments.libtest.color, file),
        None => Paint::choose(arguments.libtest.color, &stdout()),
    };
    let name = arguments.libtest.logfile.as_ref().map(|path| format!("--logfile {path}"));
    let last = match &logfile {
        Some(file) => file.as_fd().try_clone_to_owned(),
        None => stdout().as_fd().try_clone_to_owned(),
    };
    // Without a descriptor to spare there are no last words.
    if let (Ok(out), Ok(err)) = (last, stderr().as_fd().try_clone_to_owned()) {
        words::go_to(out, err);
    }
    let out = logfile.map_or_else(|| unlocked(stdout()), |file| Box::new(file));
    let format = arguments.format();
    let draws = format == FormatSetting::Pretty && !arguments.is_live() && stderr().is_terminal() && !is_set("CI");
    let screen = Screen::shared(out, unlocked(stderr()), draws.then_some(screen::terminal_width));
    lock(&screen).out_is(name.as_deref().unwrap_or("standard output"), &lost);
    let junit = arguments.junit.as_deref().map(|path| junit(path, &lost)).transpose()?;
    // The progress goes first: what has ended is not told to be running behind its result.
    let mut all: Vec<Box<dyn Reporter>> = match format {
        FormatSetting::Json => vec![Box::new(Progress::new(&screen, json::running)), Box::new(Json::new(&screen))],
        _ => vec![
            Box::new(Progress::new(&screen, lines::running)),
            Box::new(Lines::new(&screen, paint, format == FormatSetting::Terse, arguments.reports_time())),
        ],
    };
    // Before anybody who may have to wait for a reader.
    all.insert(0, Box::new(Last));
    all.extend(junit);
    if runner::under_nextest() {
        all.push(Box::new(Nextest::new(&screen)));
    }
    Ok(Reporters { all: Box::new(All(all)), way: screen::way(&screen), lost })
}

/// The same stream without the lock of the standard library: a test that keeps that holds nobody up.
fn unlocked(stream: impl Write + AsFd + Send + 'static) -> Box<dyn Write + Send> {
    match stream.as_fd().try_clone_to_owned() {
        Ok(own) => Box::new(Patient(File::from(own))),
        // Without a descriptor to spare it is as good as it was.
        Err(_) => Box::new(stream),
    }
}

/// A file that is to be written, made at once: what cannot be written is told before anything runs.
fn create(path: &Path, flag: &str) -> Result<File, String> {
    written::open(path, File::options().write(true).create(true).truncate(true))
        .map_err(|error| not_written(path, flag, &error))
}

fn not_written(path: &Path, flag: &str, error: &std::io::Error) -> String {
    format!("{flag} {}: it cannot be written: {error}", path.display())
}

#[cfg(feature = "junit")]
fn junit(path: &Path, lost: &Lost) -> Result<Box<dyn Reporter>, String> {
    let report = junit::JUnit::create(path, &junit::suite_name(), lost);
    let report = report.map_err(|error| not_written(path, "--junit", &error))?;
    let shared = Arc::new(Mutex::new(report));
    let last = Arc::clone(&shared);
    exit::at_first(move |why| last.lock().unwrap_or_else(PoisonError::into_inner).cut_short(why));
    Ok(Box::new(shared))
}

/// One that somebody else has, too.
#[cfg(feature = "junit")]
impl Reporter for Arc<Mutex<junit::JUnit>> {
    fn hear(&mut self, event: &Event<'_>) {
        self.lock().unwrap_or_else(PoisonError::into_inner).hear(event);
    }
}

#[cfg(not(feature = "junit"))]
fn junit(_: &Path, _: &Lost) -> Result<Box<dyn Reporter>, String> {
    Err(format!(
        "--junit: this executable was built without that; put `peer = {{ version = \"{}\", features = [\"junit\"] }}` into Cargo.toml",
        env!("CARGO_PKG_VERSION")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_is_told_before_anything_runs() {
        for flag in ["--logfile", "--junit"] {
            let arguments = Arguments::sample(&[flag, "/nowhere/at/all"]);
            let error = reporters(&arguments).err().expect("there is no such folder");
            assert!(error.starts_with(&format!("{flag} /nowhere/at/all: it cannot be written: ")), "{error}");
        }
    }

    #[test]
    fn a_logfile_is_written_in_place_of_standard_output() {
        let path = std::env::temp_dir().join(format!("peer-logfile-{}", std::process::id()));
        let arguments = Arguments::sample(&["--logfile", path.to_str().expect("it is UTF-8")]);
        let Reporters { mut all, way, .. } = reporters(&arguments).expect("it can be written");
        all.hear(&Event::Begun { tests: 2, seed: None, slots: 1 });
        drop((all, way));
        let text = std::fs::read_to_string(&path).expect("it was written");
        // A folder for temporary files is emptied by others, too.
        let _ = std::fs::remove_file(&path);
        assert_eq!(text, "\nrunning 2 tests\n");
    }
}
