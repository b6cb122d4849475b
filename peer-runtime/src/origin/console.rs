//! The last output of one peer.

use std::collections::VecDeque;

/// How much of a peer's output is kept for reports.
const KEPT: usize = 64 << 10;

/// The newest bytes that a peer printed.
#[derive(Debug)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
    keeps: usize,
}

impl Default for Tail {
    fn default() -> Self {
        Self::of(KEPT)
    }
}

impl Tail {
    /// The newest `keeps` bytes.
    pub(crate) fn of(keeps: usize) -> Self {
        Self { bytes: VecDeque::new(), keeps }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.keeps)..];
        let excess = (self.bytes.len() + bytes.len()).saturating_sub(self.keeps);
        self.bytes.drain(..excess);
        self.bytes.extend(bytes);
    }

    /// The last `count` lines. If the node printed before them what ended it, half of the lines are those from there on.
    pub(crate) fn lines(&self, count: usize) -> String {
        let (a, b) = self.bytes.as_slices();
        let text = String::from_utf8_lossy(&[a, b].concat()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(count);
        let cause = |line: &&str| line.contains("panicked at") || line.contains("fatal runtime error");
        match lines[..from].iter().rposition(cause).filter(|_| !lines[from..].iter().any(cause)) {
            Some(at) => {
                let (to, rest) = (at + count / 2, lines.len() - (count - count / 2));
                let left_out = format!("[{} lines are left out here]", rest - to);
                [&lines[at..to], &[&left_out], &lines[rest..]].concat().join("\n")
            }
            None => lines[from..].join("\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: std::ops::Range<u32>) -> Vec<String> {
        numbers.map(|number| format!("line {number}")).collect()
    }

    fn last(lines: &[String], count: usize) -> Vec<String> {
        let mut tail = Tail::default();
        tail.push(lines.join("\n").as_bytes());
        tail.lines(count).lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_cause_of_the_end_is_shown_besides_the_last_lines() {
        let mut all = lines(0..100);
        all[97] = "thread 'main' panicked at src/main.rs:1:2:".to_owned();
        assert_eq!(last(&all, 4), all[96..], "it is one of the last ones");
        all.swap(97, 20);
        let left_out = ["[75 lines are left out here]".to_owned()];
        assert_eq!(last(&all, 5), [&all[20..22], &left_out, &all[97..]].concat());
        assert_eq!(last(&all, 80), all[20..], "it is the first of the last ones");
    }
}
