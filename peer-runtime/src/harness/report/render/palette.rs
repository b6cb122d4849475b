//! Colors of reports.

use std::borrow::Cow;
use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use crate::harness::outcome::Verdict;
use crate::sanitize;

/// The colors of nodes, by turns; no other text has them.
const NODES: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Whether text is colored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Palette {
    #[default]
    Plain,
    Colored,
}

impl Palette {
    pub(crate) fn colored_if(colored: bool) -> Self {
        if colored { Self::Colored } else { Self::Plain }
    }

    /// Makes foreign text safe to print; its own colors stay where there are any.
    pub(crate) fn sanitize(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => sanitize::text(text),
            Self::Colored => sanitize::colored(text),
        }
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: impl Display) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    pub(crate) fn bad(self, text: impl Display) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    /// In the color of a verdict.
    pub(crate) fn verdict(self, verdict: &Verdict, text: impl Display) -> String {
        match verdict {
            Verdict::Passed => self.good(text),
            Verdict::Flaky { .. } | Verdict::Ignored(_) | Verdict::Skipped(_) => {
                self.paint(AnsiColor::Yellow.on_default(), text)
            }
            _ => self.bad(text),
        }
    }

    /// In the color of the node with this number.
    pub(crate) fn node(self, number: usize, text: impl Display) -> String {
        self.paint(NODES[number % NODES.len()].on_default(), text)
    }

    fn paint(self, style: Style, text: impl Display) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Colored => format!("{style}{text}{style:#}"),
        }
    }
}
