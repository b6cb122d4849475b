//! Shortens texts between two characters.

use std::borrow::Cow;

/// Longer texts are shortened to this many bytes.
pub(crate) const LIMIT: usize = 64 * 1024;

/// Returns the text, or, if it has more than [`LIMIT`] bytes, its beginning and its end with a note of what is missing.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.len() <= LIMIT {
        return Cow::Borrowed(text);
    }
    let head = start(text, LIMIT / 2);
    let tail = (text.len() - LIMIT / 2..).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    Cow::Owned(format!("{head}\n[{} bytes are left out here]\n{}", tail - head.len(), &text[tail..]))
}

/// The whole characters within the first `longest` bytes.
pub(crate) fn start(text: &str, longest: usize) -> &str {
    // `str::floor_char_boundary` does this from Rust 1.91 on.
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, text as truncate};

    #[test]
    fn a_long_text_keeps_both_ends_and_counts_the_rest() {
        let short = "x".repeat(LIMIT);
        assert_eq!(truncate(&short), short);
        let long = format!("begin{}end", "x".repeat(LIMIT));
        let half = LIMIT / 2;
        let expected =
            format!("begin{}\n[8 bytes are left out here]\n{}end", "x".repeat(half - 5), "x".repeat(half - 3));
        assert_eq!(truncate(&long), expected);
        let wide = format!("x{}", "日".repeat(LIMIT));
        assert!(truncate(&wide).chars().all(|c| c.is_ascii() || c == '日'));
    }
}
