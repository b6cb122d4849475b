//! Shortens long texts for reports.

use std::borrow::Cow;

/// Longer texts are shortened to this many bytes: more than anybody reads.
pub(crate) const LIMIT: usize = 64 * 1024;

/// Returns the text, or, if it has more than [`LIMIT`] bytes, its beginning and its end with a note of what is missing.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.len() <= LIMIT {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(LIMIT / 2);
    let tail = text.ceil_char_boundary(text.len() - LIMIT / 2);
    Cow::Owned(format!("{}\n[{} bytes are left out here]\n{}", &text[..head], tail - head, &text[tail..]))
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
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let text = format!("x{}", "日".repeat(LIMIT));
        let short = truncate(&text);
        assert!(short.len() <= LIMIT + 64, "{}", short.len());
        let left_out: usize = short.split(['[', ' ']).find_map(|word| word.parse().ok()).expect("a number");
        let kept: usize = short.chars().filter(|c| "x日".contains(*c)).map(char::len_utf8).sum();
        assert_eq!(kept + left_out, text.len());
    }
}
