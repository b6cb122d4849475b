//! The file of a report: valid and true from the start of the run on, and replaced as a whole at its end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use quick_junit::XmlString;

use super::super::super::words;
use super::super::written;

/// Where a report goes.
pub(super) struct Target {
    path: PathBuf,
    /// What is there until the run ends.
    not_ended: String,
    /// What is no file of the report's own: a terminal or a pipe, whose reader would be gone by the end of the run otherwise, or where
    /// this run prints.
    stream: Option<File>,
}

impl Target {
    /// Makes the file. Until the report replaces it, it says that the run of this suite has not ended: whatever ends that early, by
    /// `exit` or a signal, is then seen by who reads it.
    pub(super) fn create(path: &Path, suite: &XmlString) -> io::Result<Self> {
        let file = written::open(path, File::options().append(true).create(true))?;
        let not_ended = not_ended(suite);
        if !file.metadata()?.is_file() || is_shown(&file) {
            return Ok(Self { path: path.to_owned(), not_ended, stream: Some(file) });
        }
        // A test may change the current directory.
        let path = fs::canonicalize(path)?;
        if let Err(error) = overwrite(file, &not_ended) {
            // What is empty is no report, and what was there before is none of this run.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { path, not_ended, stream: None })
    }

    /// Whether anything is there already.
    pub(super) fn is_file(&self) -> bool {
        self.stream.is_none()
    }

    /// Puts the report in the place of what was there.
    pub(super) fn write(&self, report: &str) -> io::Result<()> {
        if let Some(mut stream) = self.stream.as_ref() {
            return stream.write_all(report.as_bytes());
        }
        let beside = self.beside();
        // Nothing but a file is ever replaced, whatever has been put there meanwhile: a device least of all.
        let is_file = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        let Some(file) = is_file.then(|| File::create_new(&beside).ok()).flatten() else {
            // A folder may take no other file, and the one that is there can be written all the same.
            let file = written::open(&self.path, File::options().append(true))?;
            let replaced = overwrite(file.try_clone()?, report);
            if replaced.is_err() {
                // A part of a report looks like nothing; there was room for this.
                let _ = overwrite(file, &self.not_ended);
            }
            return replaced;
        };
        let replaced = self.replace(file, &beside, report);
        if replaced.is_err() {
            // Why the report is not there is told.
            let _ = fs::remove_file(&beside);
        }
        replaced
    }

    fn replace(&self, mut file: File, beside: &Path, report: &str) -> io::Result<()> {
        file.write_all(report.as_bytes())?;
        file.set_permissions(fs::metadata(&self.path)?.permissions())?;
        fs::rename(beside, &self.path)
    }

    /// The same at the end of the process, which waits for no reader for long.
    pub(super) fn write_without_waiting(&self, report: &str) -> io::Result<()> {
        match &self.stream {
            Some(stream) if !words::say_to(stream.as_fd(), report) => Err(io::Error::other("nobody reads on")),
            Some(_) => Ok(()),
            None => self.write(report),
        }
    }

    /// A name in the same folder that nobody else takes.
    fn beside(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        self.path.with_file_name(name)
    }
}

/// Puts this in the place of all that is in a file.
fn overwrite(mut file: File, text: &str) -> io::Result<()> {
    // What takes no length, since it is a device by now, is written to all the same.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(text.as_bytes())
}

/// Whether it is what standard output or standard error go to: what stands there stays.
fn is_shown(file: &File) -> bool {
    let id = |found: rustix::fs::Stat| (found.st_dev, found.st_ino);
    let own = rustix::fs::fstat(file).map(id);
    let shown = [rustix::fs::fstat(std::io::stdout()), rustix::fs::fstat(std::io::stderr())];
    own.is_ok_and(|own| shown.into_iter().flatten().any(|found| id(found) == own))
}

/// A document without results, and with one error: who counts them does not take it for a run that passed.
fn not_ended(suite: &XmlString) -> String {
    let name = suite.as_str().replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"{name}: the run has not ended\" tests=\"0\" failures=\"0\" errors=\"1\"/>\n"
    )
}
