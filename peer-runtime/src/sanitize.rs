//! Makes foreign text safe to print: no control character in it reaches the terminal.
//!
//! What a node prints may hide lines, move the cursor, or switch to another screen. Control characters are therefore
//! escaped as Rust does (`\u{1b}`). Line feeds and tabs stay, and so do colors where the output has colors.

use std::borrow::Cow;

const BEGIN: &str = "\u{1b}[";
const RESET: &str = "\u{1b}[0m";

/// Escapes control characters and removes colors.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    sanitize(text, false)
}

/// Escapes control characters and keeps colors. A color ends with its line, so that it does not run into the next.
pub(crate) fn colored(text: &str) -> Cow<'_, str> {
    sanitize(text, true)
}

fn sanitize(text: &str, keep_colors: bool) -> Cow<'_, str> {
    if !text.contains(|c| is_unsafe(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        // A carriage return here belongs to the line end.
        push_line(line.trim_end_matches('\r'), keep_colors, &mut out);
    }
    Cow::Owned(out)
}

fn push_line(mut line: &str, keep_colors: bool, out: &mut String) {
    let mut is_colored = false;
    while let Some(at) = line.find(is_unsafe) {
        out.push_str(&line[..at]);
        line = &line[at..];
        if let Some((color, rest)) = split_color(line) {
            if keep_colors {
                out.push_str(color);
                is_colored = color != RESET;
            }
            line = rest;
        } else {
            let mut rest = line.chars();
            out.extend(rest.next().into_iter().flat_map(char::escape_debug));
            line = rest.as_str();
        }
    }
    out.push_str(line);
    if is_colored {
        out.push_str(RESET);
    }
}

/// Is it a control character, or one that changes the direction of writing and so disguises text?
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Splits off a leading color sequence (`ESC [ 1 ; 31 m`).
fn split_color(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix(BEGIN)?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
    let rest = rest[end..].strip_prefix('m')?;
    Some(text.split_at(text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::{colored, text as plain};
    use std::borrow::Cow;

    #[test]
    fn harmless_text_is_unchanged() {
        for text in ["", "put k\n\tand get it\n", "größe 測試 \u{301} [31m \\u{1b}"] {
            assert!(matches!(plain(text), Cow::Borrowed(shown) if shown == text), "{text}");
            assert!(matches!(colored(text), Cow::Borrowed(shown) if shown == text), "{text}");
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let text =
            "\u{1b}[?1049h\u{1b}]0;title\u{7}10%\r20%\u{8}\u{0}\u{7f}\u{9b}2J\u{1b}[2J\u{1b}c\u{1b}[31\u{202e}\u{2066}";
        let shown =
            r"\u{1b}[?1049h\u{1b}]0;title\u{7}10%\r20%\u{8}\0\u{7f}\u{9b}2J\u{1b}[2J\u{1b}c\u{1b}[31\u{202e}\u{2066}";
        assert_eq!((&*plain(text), &*colored(text)), (shown, shown));
    }

    #[test]
    fn carriage_returns_at_line_ends_are_removed() {
        assert_eq!(plain("one\r\ntwo\r\r\n\r\nthree\r"), "one\ntwo\n\nthree");
    }

    #[test]
    fn colors_are_kept_on_request_and_end_with_their_line() {
        let text = "\u{1b}[1;31mERROR\u{1b}[0m no disk\n\u{1b}[38:5:7mgrey\nnor\u{1b}[m tape";
        assert_eq!(plain(text), "ERROR no disk\ngrey\nnor tape");
        let shown = "\u{1b}[1;31mERROR\u{1b}[0m no disk\n\u{1b}[38:5:7mgrey\u{1b}[0m\nnor\u{1b}[m tape\u{1b}[0m";
        assert_eq!(colored(text), shown);
    }

    /// All texts that consist of `parts` of these parts.
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
    fn no_text_controls_a_terminal() {
        let is_control = |c: char| c.is_control() && c != '\n';
        for text in (0..6).flat_map(texts) {
            let (without, with) = (plain(&text), colored(&text));
            assert!(!without.contains(is_control), "{text:?}: {without:?}");
            // If `with` had another control character, or a color without an end, this would change it.
            assert_eq!((plain(&with), colored(&with)), (without.clone(), with.clone()), "{text:?}");
            let count = |text: &str| text.matches(['\n', '日']).count();
            assert_eq!((count(&text), count(&text)), (count(&without), count(&with)), "{text:?}");
        }
    }
}
