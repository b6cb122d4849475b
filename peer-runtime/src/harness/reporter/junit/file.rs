//! The file of a report: valid and true from the start of the run on, and replaced as a whole at its end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use quick_junit::XmlString;

/// Where a report goes.
pub(super) struct Target {
    path: PathBuf,
    /// Whether it is a file of the report's own: not a terminal or a pipe, nor where this run prints.
    is_file: bool,
}

impl Target {
    /// Makes the file. Until the report replaces it, it says that the run of this suite has not ended: whatever ends that early, by
    /// `exit` or a signal, is then seen by who reads it.
    pub(super) fn create(path: &Path, suite: &XmlString) -> io::Result<Self> {
        let mut file = File::options().append(true).create(true).open(path)?;
        let is_file = file.metadata()?.is_file() && !is_shown(&file);
        if is_file {
            file.set_len(0)?;
            file.write_all(not_ended(suite).as_bytes())?;
        }
        // A test may change the current directory.
        let path = if is_file { fs::canonicalize(path)? } else { path.to_owned() };
        Ok(Self { path, is_file })
    }

    /// Puts the report in the place of what was there.
    pub(super) fn write(&self, report: &str) -> io::Result<()> {
        let beside = self.beside();
        // Nothing but a file is ever replaced, whatever has been put there meanwhile: a device least of all.
        let is_file = self.is_file && fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        let Some(file) = is_file.then(|| File::create_new(&beside).ok()).flatten() else {
            // A folder may take no other file, and the one that is there can be written all the same.
            let mut file = File::options().append(true).open(&self.path)?;
            if self.is_file {
                file.set_len(0)?;
            }
            return file.write_all(report.as_bytes());
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

    /// A name in the same folder that nobody else takes.
    fn beside(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        self.path.with_file_name(name)
    }
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
