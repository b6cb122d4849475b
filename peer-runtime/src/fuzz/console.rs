//! What a node prints, from its standard output to the lines of the console: nothing of it is lost, and memory has a bound.

use super::Cuts;
use super::read::{expected, read};
use crate::origin::console::Tail;
use crate::scope::console::Console;
use crate::wire::frame::Stream;

/// A frame here is as long as one that a test would send.
const LIMIT: usize = 100_000;

/// `cuts`, how long a line may be, how much is kept, how many lines are asked for, and what comes over standard output.
pub fn console(input: &[u8]) -> bool {
    let Some((&[cuts, longest, keeps, last], bytes)) = input.split_first_chunk() else { return false };
    let cuts = Cuts::new(cuts);

    let found = read(Stream::text(LIMIT), LIMIT, bytes, cuts.clone());
    assert_eq!(found, expected(false, LIMIT, bytes));
    assert_eq!(found, read(Stream::text(LIMIT), LIMIT, bytes, Cuts::WHOLE));
    if bytes.len() < 4096 {
        assert_eq!(found, read(Stream::text(LIMIT), LIMIT, bytes, Cuts::SINGLE));
    }

    let text = found.text();
    let lines = lines(&text, 4 + usize::from(longest));
    check_lines(&text, 4 + usize::from(longest), cuts.clone(), &lines);
    check_kept(&text, 4 + usize::from(longest), usize::from(keeps), &lines);
    check_tail(&text, usize::from(keeps), cuts, 1 + usize::from(last));
    !text.is_empty() && found.frames().next().is_some()
}

/// Two nodes print the same beside each other, and both can be read.
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

    let kept = shown(&console);
    for node in ["one@host | ", "other@host | "] {
        let printed: Vec<&str> = kept.iter().filter_map(|line| line.strip_prefix(node)).collect();
        assert_eq!(printed, expected, "{node}");
    }
    assert_eq!(kept.len(), 2 * expected.len());
}

/// The newest lines are kept, as many as have room, and it is told how many were not.
fn check_kept(text: &[u8], longest: usize, keeps: usize, expected: &[String]) {
    let console = Console::limited(longest, keeps);
    console.printed("n", text);
    console.flush();
    let mut room = keeps;
    let fits = |line: &&String| {
        let left = room.checked_sub("n | ".len() + line.len());
        room = left.unwrap_or(room);
        left.is_some()
    };
    let fitting = expected.iter().rev().take_while(fits).count();
    let dropped = expected.len() - fitting;
    let mut kept: Vec<String> = expected[dropped..].iter().map(|line| format!("n | {line}")).collect();
    if dropped > 0 {
        kept.insert(0, format!("({dropped} earlier lines were dropped)"));
    }
    assert_eq!(shown(&console), kept);
}

/// The lines that were kept, as they are shown; each is as old as the one before it, or younger.
fn shown(console: &Console) -> Vec<String> {
    let kept = console.kept();
    assert!(kept.is_sorted_by_key(|line| line.at), "{kept:?}");
    kept.iter().map(ToString::to_string).collect()
}

/// The lines of a text, as they have to be shown: a long one in pieces that show the same as the whole.
fn lines(text: &[u8], longest: usize) -> Vec<String> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|unfinished| unfinished.is_empty()) {
        lines.pop();
    }
    let mut shown = Vec::new();
    for mut line in lines {
        let (whole, from) = (String::from_utf8_lossy(line), shown.len());
        while line.len() > longest {
            // Before a character that is not whole.
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

/// The tail is the end of the text, and shows as many lines as were asked for.
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
