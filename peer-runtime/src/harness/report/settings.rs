//! What is asked of reports.

use std::path::PathBuf;

/// The format of standard output, or of the log file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Pretty,
    Terse,
    Json,
}

/// What the arguments and the environment ask of reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReportSettings {
    pub(crate) format: Format,
    /// `--color always` or `never`; by default colors where the terminal shows them.
    pub(crate) color: Option<bool>,
    /// Written in place of standard output.
    pub(crate) logfile: Option<PathBuf>,
    pub(crate) junit: Option<PathBuf>,
    pub(crate) report_time: bool,
    /// Output of nodes is shown at once.
    pub(crate) live: bool,
    pub(crate) under_nextest: bool,
}
