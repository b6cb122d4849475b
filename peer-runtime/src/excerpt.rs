//! The most that is told of one text, however long that is.

use std::borrow::Cow;

/// So many bytes of a text are told, half of them from its beginning and half from its end: more than anybody reads.
pub(crate) const MOST: usize = 64 * 1024;

/// The text itself, or, of one with more than [`MOST`] bytes, both its ends and how much was left out between them.
pub(crate) fn of(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(MOST / 2);
    let tail = text.ceil_char_boundary(text.len() - MOST / 2);
    let (before, behind) = (&text[..head], &text[tail..]);
    let left_out = tail - head;
    Cow::Owned(format!("{before}\n[{left_out} bytes are left out here]\n{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_enough_is_told_whole() {
        let text = "x".repeat(MOST);
        assert!(matches!(of(&text), Cow::Borrowed(told) if told == text));
    }

    #[test]
    fn of_what_is_longer_both_ends_are_told_and_how_much_is_missing() {
        let text = format!("begin{}end", "x".repeat(MOST));
        let half = MOST / 2;
        let expected = format!(
            "begin{}\n[8 bytes are left out here]\n{}end",
            "x".repeat(half - "begin".len()),
            "x".repeat(half - "end".len())
        );
        assert_eq!(of(&text), expected);
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let text = format!("x{}", "日".repeat(MOST));
        let told = of(&text);
        assert!(told.len() <= MOST + 64, "{}", told.len());
        assert!(told.chars().all(|c| c != char::REPLACEMENT_CHARACTER));
        let left_out: usize = told.split(['[', ' ']).find_map(|word| word.parse().ok()).expect("it is told");
        let kept = told.chars().filter(|c| "x日".contains(*c)).map(char::len_utf8).sum::<usize>();
        assert_eq!(kept + left_out, text.len());
    }
}
