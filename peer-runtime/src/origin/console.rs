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

    /// The last `count` lines; what is not UTF-8 is shown as replacement characters.
    pub(crate) fn lines(&self, count: usize) -> String {
        let (a, b) = self.bytes.as_slices();
        let text = String::from_utf8_lossy(&[a, b].concat()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let mut from = lines.len().saturating_sub(count);
        // A backtrace is longer than its cause, and says less.
        let cause = |line: &&str| line.contains("panicked at") || line.contains("fatal runtime error");
        if let Some(at) = lines.iter().rposition(cause)
            && at < from
        {
            from = at;
        }
        let to = lines.len().min(from + count);
        let mut shown = lines[from..to].join("\n");
        if to < lines.len() {
            shown.push_str(&format!("\n... {} more lines", lines.len() - to));
        }
        shown
    }
}
