//! Colours, where somebody sees them.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use libtest_mimic::ColorSetting;

use super::verdict::Verdict;
use crate::sanitize;

/// The colours of nodes, one after the other; none of them means anything else here.
const NODES: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Puts text into colours, or leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paint(bool);

impl Paint {
    /// Text as it is.
    pub(super) const PLAIN: Self = Self(false);
    #[cfg(test)]
    pub(super) const COLOURED: Self = Self(true);

    /// What was asked for; by default colours on a terminal, if neither `NO_COLOR` nor `CI` is set.
    pub(super) fn choose(asked: Option<ColorSetting>, to: &impl IsTerminal) -> Self {
        Self(match asked.unwrap_or_default() {
            ColorSetting::Always => true,
            ColorSetting::Never => false,
            ColorSetting::Auto => to.is_terminal() && !is_set("NO_COLOR") && !is_set("CI"),
        })
    }

    /// Whatever others said, so that it commands no terminal; its colours are there where ours are.
    pub(super) fn sanitize(self, text: &str) -> Cow<'_, str> {
        if self.0 { sanitize::colored(text) } else { sanitize::text(text) }
    }

    pub(super) fn bold(self, text: impl Display) -> String {
        self.with(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: impl Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub(super) fn good(self, text: impl Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    pub(super) fn bad(self, text: impl Display) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    pub(super) fn odd(self, text: impl Display) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// In the colour of a verdict.
    pub(super) fn verdict(self, verdict: &Verdict, text: impl Display) -> String {
        match verdict {
            Verdict::Passed => self.good(text),
            Verdict::Flaky { .. } | Verdict::Skipped { .. } => self.odd(text),
            _ => self.bad(text),
        }
    }

    /// In the colour of the node with this number.
    pub(super) fn node(self, number: usize, text: impl Display) -> String {
        self.with(NODES[number % NODES.len()].on_default(), text)
    }

    fn with(self, style: Style, text: impl Display) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_string() }
    }
}

/// Whether an environment variable says yes: it is there, and neither empty, 0 nor false.
pub(super) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_put_around_the_text_and_end_with_it() {
        assert_eq!(Paint::COLOURED.bad("FAILED"), "\u{1b}[31mFAILED\u{1b}[0m");
        assert_eq!(Paint::COLOURED.node(0, "a"), Paint::COLOURED.node(NODES.len(), "a"));
        assert_eq!(Paint::PLAIN.bad("FAILED"), "FAILED");
    }

    #[test]
    fn who_asks_for_colours_gets_them_and_a_file_does_not() {
        let file = std::fs::File::open("/dev/null").expect("it is there");
        assert_eq!(Paint::choose(Some(ColorSetting::Always), &file), Paint::COLOURED);
        assert_eq!(Paint::choose(Some(ColorSetting::Never), &file), Paint::PLAIN);
        assert_eq!(Paint::choose(None, &file), Paint::PLAIN);
    }
}
