//! What a node prints, from its standard output to the lines of the console: none is lost, and memory has a bound.

use super::stream::{Cuts, checked};
use crate::origin::console::Tail;
use crate::scope::console::Console;

/// A frame here is as long as one that a test would send.
const LIMIT: usize = 100_000;

/// `cuts`, the longest line, the size of the tail, how many lines of it are wanted, and the bytes of standard output.
pub fn console(input: &[u8]) -> bool {
    let Some((&[cuts, longest, keeps, last], bytes)) = input.split_first_chunk() else { return false };
    let (cuts, longest) = (Cuts::new(cuts), 4 + usize::from(longest));
    let found = checked(false, LIMIT, bytes, cuts.clone());
    let text = found.text();
    check_lines(&text, longest, cuts.clone());
    check_tail(&text, usize::from(keeps), cuts, 1 + usize::from(last));
    !text.is_empty() && found.frames().next().is_some()
}

/// Two nodes print the same at once. A long line is shown in pieces that read the same as the whole.
fn check_lines(text: &[u8], longest: usize, mut cuts: Cuts) {
    let console = Console::limited(longest, usize::MAX);
    let (mut one, mut other) = (text, text);
    while !one.is_empty() || !other.is_empty() {
        console.printed("one", cuts.piece(&mut one));
        console.printed("other", cuts.piece(&mut other));
        let unfinished = console.unfinished();
        assert!(unfinished <= 2 * 2 * longest, "room for {unfinished} bytes of unfinished lines");
    }
    console.flush();
    assert_eq!(console.unfinished(), 0, "a line was not shown");
    let kept = console.kept();
    assert!(kept.is_sorted_by_key(|line| line.at), "{kept:?}");
    for node in ["one", "other"] {
        let mut shown = kept.iter().filter(|line| line.node == node).map(|line| &*line.text);
        let lines = text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n');
        for line in lines.filter(|_| !text.is_empty()) {
            let (whole, mut joined) = (String::from_utf8_lossy(line), String::new());
            loop {
                let piece = shown.next().expect("a line was lost");
                assert!(piece.len() <= longest * '\u{fffd}'.len_utf8(), "{piece}");
                joined.push_str(piece);
                if joined.len() >= whole.len() {
                    break;
                }
            }
            assert_eq!(joined, whole, "a character was cut in two");
        }
        assert_eq!(shown.next(), None, "of {node}");
    }
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
