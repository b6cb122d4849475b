//! Text of others, as a terminal may be given it: nothing in it commands that terminal.
//!
//! Whatever a node prints, or a test says, may hide lines, move the cursor, or switch to another screen. So control characters
//! are shown as Rust writes them, `\u{1b}`; lines and tabs stay what they are, and colours where there are colours.

use std::borrow::Cow;

/// What colours begin with, and what ends them all.
const BEGIN: &str = "\u{1b}[";
const RESET: &str = "\u{1b}[0m";

/// Without colours.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    of(text, false)
}

/// With its colours, which end with each line: what comes behind that is somebody else's.
pub(crate) fn coloured(text: &str) -> Cow<'_, str> {
    of(text, true)
}

fn of(text: &str, colours: bool) -> Cow<'_, str> {
    if !text.contains(|c| commands(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            shown.push('\n');
        }
        // At its end it belongs to the end of the line.
        show(line.trim_end_matches('\r'), colours, &mut shown);
    }
    Cow::Owned(shown)
}

fn show(mut line: &str, colours: bool, shown: &mut String) {
    let mut is_coloured = false;
    while let Some(at) = line.find(commands) {
        shown.push_str(&line[..at]);
        line = &line[at..];
        if let Some((colour, rest)) = colour(line) {
            if colours {
                shown.push_str(colour);
                is_coloured = colour != RESET;
            }
            line = rest;
        } else {
            let mut rest = line.chars();
            shown.extend(rest.next().into_iter().flat_map(char::escape_debug));
            line = rest.as_str();
        }
    }
    shown.push_str(line);
    if is_coloured {
        shown.push_str(RESET);
    }
}

/// Whether a terminal does something else with it than to show it. What turns the direction of writing around shows what is not there.
fn commands(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The colour that a text begins with (`ESC [ 1 ; 31 m`), and what is behind it.
fn colour(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(BEGIN)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
    let rest = rest[end..].strip_prefix('m')?;
    Some(text.split_at(text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_nothing_is_shown_as_it_is() {
        for text in ["", "put k\n\tand get it\n", "größe 測試 \u{301} [31m \\u{1b}"] {
            assert!(matches!(plain(text), Cow::Borrowed(shown) if shown == text), "{text}");
            assert!(matches!(coloured(text), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }

    #[test]
    fn what_commands_is_shown_as_rust_writes_it() {
        let text =
            "\u{1b}[?1049h\u{1b}]0;title\u{7}10%\r20%\u{8}\u{0}\u{7f}\u{9b}2J\u{1b}[2J\u{1b}c\u{1b}[31\u{202e}\u{2066}";
        let shown =
            r"\u{1b}[?1049h\u{1b}]0;title\u{7}10%\r20%\u{8}\0\u{7f}\u{9b}2J\u{1b}[2J\u{1b}c\u{1b}[31\u{202e}\u{2066}";
        assert_eq!((&*plain(text), &*coloured(text)), (shown, shown));
    }

    #[test]
    fn a_carriage_return_that_ends_a_line_is_none_of_it() {
        assert_eq!(plain("one\r\ntwo\r\r\n\r\nthree\r"), "one\ntwo\n\nthree");
    }

    #[test]
    fn colours_are_shown_where_there_are_any_and_end_with_the_line() {
        let text = "\u{1b}[1;31mERROR\u{1b}[0m no disk\n\u{1b}[38:5:7mgrey\nnor\u{1b}[m tape";
        assert_eq!(plain(text), "ERROR no disk\ngrey\nnor tape");
        let shown = "\u{1b}[1;31mERROR\u{1b}[0m no disk\n\u{1b}[38:5:7mgrey\u{1b}[0m\nnor\u{1b}[m tape\u{1b}[0m";
        assert_eq!(coloured(text), shown);
    }

    /// What a terminal does with it: the number of its commands that are no colours, and whether its colours are left on.
    fn terminal(text: &str) -> (usize, bool) {
        let (mut commands, mut is_coloured) = (0, false);
        let mut at = text.chars().peekable();
        while let Some(c) = at.next() {
            match c {
                '\n' | '\t' => {}
                '\u{1b}' if at.next_if_eq(&'[').is_some() => {
                    let mut numbers = String::new();
                    while let Some(c) = at.next_if(|c| c.is_ascii_digit() || ";:".contains(*c)) {
                        numbers.push(c);
                    }
                    match at.next() {
                        Some('m') => is_coloured = !numbers.chars().all(|c| c == '0'),
                        _ => commands += 1,
                    }
                }
                c => commands += usize::from(c.is_control()),
            }
        }
        (commands, is_coloured)
    }

    /// All texts of so many of these parts.
    fn texts(parts: usize) -> impl Iterator<Item = String> {
        const PARTS: [&str; 10] = ["\u{1b}", "[", "0", "31", "m", "h", "\n", "\r", "日", "\u{9b}"];
        let all = PARTS.len().pow(u32::try_from(parts).expect("it is small"));
        (0..all).map(move |number| {
            let mut rest = number;
            let next = || {
                let part = PARTS[rest % PARTS.len()];
                rest /= PARTS.len();
                part
            };
            std::iter::repeat_with(next).take(parts).collect()
        })
    }

    #[test]
    fn no_text_commands_a_terminal() {
        for text in (0..6).flat_map(texts) {
            let (without, with) = (plain(&text), coloured(&text));
            assert_eq!(terminal(&without), (0, false), "{text:?}: {without:?}");
            assert!(!without.contains('\u{1b}'), "{text:?}: {without:?}");
            for line in with.split('\n') {
                assert_eq!(terminal(line), (0, false), "{text:?}: {with:?}");
            }
            assert_eq!(plain(&with), without, "{text:?}");
            assert_eq!(plain(&without), without, "{text:?}");
            assert_eq!(coloured(&with), with, "{text:?}");
            assert_eq!(text.matches('\n').count(), without.matches('\n').count(), "{text:?}");
            assert_eq!(text.matches('日').count(), with.matches('日').count(), "{text:?}");
        }
    }
}
