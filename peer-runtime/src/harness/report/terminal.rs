//! Where reports go: standard output or the log file, standard error, and the progress line between them.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressStyle};

use super::render::palette::Palette;
use super::settings::{Format, ReportSettings};

pub(super) struct Terminal {
    out: Box<dyn Write + Send>,
    /// The name of `out` in errors.
    out_name: String,
    out_palette: Palette,
    err: Box<dyn Write + Send>,
    err_palette: Palette,
    /// The progress line, perhaps a hidden one.
    pub(super) bar: ProgressBar,
    has_failed: bool,
}

impl Terminal {
    pub(super) fn open(settings: &ReportSettings) -> Result<Self, String> {
        let (out, out_name) = match &settings.logfile {
            Some(path) => (create(path, "--logfile")?, format!("--logfile {}", path.display())),
            None => (unlocked(io::stdout())?, "standard output".to_owned()),
        };
        let err = unlocked(io::stderr())?;
        let palette = |file: &File| {
            Palette::colored_if(settings.color.unwrap_or_else(|| AutoStream::choice(file) != ColorChoice::Never))
        };
        let (out_palette, err_palette) = (palette(&out), palette(&err));
        let draws = settings.format == Format::Pretty && !settings.live && std::env::var_os("CI").is_none();
        // It hides itself where standard error is no terminal.
        let bar = if draws { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            bar.set_style(style);
        }
        let (out, err) = (Box::new(out), Box::new(err));
        Ok(Self { out, out_name, out_palette, err, err_palette, bar, has_failed: false })
    }

    /// Removes the progress line for good.
    pub(super) fn hide_bar(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    pub(super) fn palette(&self) -> Palette {
        self.out_palette
    }

    /// Prints text for a person on standard output, or to the log file.
    pub(super) fn print(&mut self, text: &str) {
        let palette = self.out_palette;
        self.print_raw(&palette.sanitize(text));
    }

    /// Prints text in which nothing commands a terminal.
    pub(super) fn print_raw(&mut self, text: &str) {
        let out = &mut self.out;
        if let Err(error) = self.bar.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush())) {
            let name = self.out_name.clone();
            self.write_failed(&name, &error);
        }
    }

    /// Prints a line on standard error.
    pub(super) fn print_error(&mut self, line: &str) {
        let line = self.err_palette.sanitize(line).into_owned() + "\n";
        let err = &mut self.err;
        // There is no other place to report this.
        let _ = self.bar.suspend(|| err.write_all(line.as_bytes()));
    }

    /// Prints a line of the harness itself.
    pub(super) fn note(&mut self, text: &str) {
        self.print_error(&format!("[peer] {text}"));
    }

    /// Fails the run, once for all that cannot be written. A reader that has left is no failure.
    pub(super) fn write_failed(&mut self, what: &str, error: &io::Error) {
        if error.kind() != ErrorKind::BrokenPipe && !std::mem::replace(&mut self.has_failed, true) {
            self.note(&format!("{what} cannot be written: {error}; the run fails because of that"));
        }
    }

    /// Whether something that was asked for could not be written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }
}

/// The same stream without the lock of the standard library, which a test may hold for as long as it likes.
fn unlocked(stream: impl AsFd + IsTerminal) -> Result<File, String> {
    stream
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
        .map_err(|error| format!("a standard stream cannot be copied: {error}"))
}

/// Creates a file before the run, so that an error comes before anything runs.
pub(super) fn create(path: &Path, flag: &str) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{flag} {}: it cannot be written: {error}", path.display()))
}

#[cfg(test)]
impl Terminal {
    /// Writes both streams to `paper`.
    pub(super) fn on(paper: &super::sample::Paper, palette: Palette) -> Self {
        let [out, err] = [(); 2].map(|()| Box::new(paper.clone()) as Box<dyn Write + Send>);
        let (out_palette, err_palette, bar) = (palette, palette, ProgressBar::hidden());
        Self { out, out_name: "paper".to_owned(), out_palette, err, err_palette, bar, has_failed: false }
    }
}
