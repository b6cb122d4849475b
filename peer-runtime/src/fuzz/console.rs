//! What a node prints, from its standard output to the lines of the console: none is lost, and memory has a bound.

use super::stream::{Cuts, checked};
use crate::origin::console::Tail;
use crate::scope::console::Console;

/// A frame here is as long as one that a test would send.
const LIMIT: usize = 100_000;

/// `cuts`, the longest line, the size of the tail, how many lines of it are wanted, and the bytes of standard output.
pub fn console(input: &[u8]) -> bool {
    let Some((&[cuts, longest, keeps, last], bytes)) = input.split_first_chunk() else { return false };
    let cuts = Cuts::new(cuts);

    let found = checked(false, LIMIT, bytes, cuts.clone());
    let text = found.text();
    let lines = lines(&text, 4 + usize::from(longest));
    check_lines(&text, 4 + usize::from(longest), cuts.clone(), &lines);
    check_tail(&text, usize::from(keeps), cuts, 1 + usize::from(last));
    !text.is_empty() && found.frames().next().is_some()
}

/// Two nodes print the same at once, and both are shown.
fn check_lines(text: &[u8], longest: usize, mut cuts: Cuts, expected: &[String]) {
    let console = Console::limited(longest, usize::MAX);
    let (mut one, mut other) = (text, text);
    while !one.is_empty() || !other.is_empty() {
        console.printed("one@host", cuts.piece(&mut one));
        console.printed("other@host", cuts.piece(&mut other));
        let unfinished = console.unfinished();
        assert!(unfinished <= 2 * 2 * longest, "room for {unfinished} bytes of unfinished lines");
    }
    console.flush();
    assert_eq!(console.unfinished(), 0, "a line was not shown");

    let kept = console.kept();
    assert!(kept.is_sorted_by_key(|line| line.at), "{kept:?}");
    let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
    for node in ["one@host | ", "other@host | "] {
        let printed: Vec<&str> = kept.iter().filter_map(|line| line.strip_prefix(node)).collect();
        assert_eq!(printed, expected, "{node}");
    }
    assert_eq!(kept.len(), 2 * expected.len());
}

/// The lines of a text as they must be shown: a long line in pieces that show the same as the whole.
fn lines(text: &[u8], longest: usize) -> Vec<String> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|unfinished| unfinished.is_empty()) {
        lines.pop();
    }
    let mut shown = Vec::new();
    for mut line in lines {
        let (whole, from) = (String::from_utf8_lossy(line), shown.len());
        while line.len() > longest {
            // Before an incomplete character.
            let begun = (1..=3).find(|&n| line[longest - n] >= 0xC0);
            let cut = begun.filter(|&n| line[longest - n].leading_ones() as usize > n);
            let (piece, rest) = line.split_at(longest - cut.unwrap_or(0));
            shown.push(String::from_utf8_lossy(piece).into_owned());
            line = rest;
        }
        shown.push(String::from_utf8_lossy(line).into_owned());
        assert_eq!(shown[from..].concat(), whole, "a character was cut in two");
    }
    shown
}

/// The tail is the end of the text, and shows as many lines as are wanted.
fn check_tail(text: &[u8], keeps: usize, mut cuts: Cuts, count: usize) {
    let (mut tail, mut rest) = (Tail::of(keeps), text);
    while !rest.is_empty() {
        tail.push(cuts.piece(&mut rest));
    }
    let end = String::from_utf8_lossy(&text[text.len().saturating_sub(keeps)..]).into_owned();
    assert_eq!(tail.lines(usize::MAX), end.lines().collect::<Vec<_>>().join("\n"));
    let some = tail.lines(count);
    assert!(some.split('\n').count() <= count + 1, "{count} lines were asked for: {some}");
}
