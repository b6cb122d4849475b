//! How much output the failures of a run keep.

use crate::scope::Line;
use crate::truncate;

/// Of all failures together, in bytes.
const OF_ALL: usize = 32 << 20;

/// Of each one beyond that.
const OF_EACH: usize = truncate::LIMIT;

/// The room that is left.
pub(super) struct OutputBound(usize);

impl Default for OutputBound {
    fn default() -> Self {
        Self(OF_ALL)
    }
}

impl OutputBound {
    /// Keeps the last lines for which there is room, at least one, and says how many came before them.
    pub(super) fn cut(&mut self, output: &mut Vec<Line>) {
        let room = OF_EACH.max(self.0);
        let mut taken = 0;
        let mut kept = 0;
        for bytes in output.iter().rev().map(Line::bytes) {
            if kept > 0 && taken + bytes > room {
                break;
            }
            (taken, kept) = (taken + bytes, kept + 1);
        }
        self.0 = self.0.saturating_sub(taken);
        let dropped = output.len() - kept;
        let Some(last) = output.drain(..dropped).next_back() else { return };
        let lines = if dropped == 1 { "1 line was".to_owned() } else { format!("{dropped} lines were") };
        let text =
            format!("({lines} dropped here: the failures of this run have more than {} MiB of output)", OF_ALL >> 20);
        output.insert(0, Line { at: last.at, node: String::new(), text });
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::line;
    use super::*;

    #[test]
    fn beyond_the_bound_the_last_lines_stay_and_the_others_are_counted() {
        let mut bound = OutputBound(2 << 20);
        let mut cut = |lines: u64| {
            let mut output = (0..lines).map(|at| line(at, "a", &"x".repeat(1020))).collect();
            bound.cut(&mut output);
            (output.len(), output[0].text.split(':').next().map(str::to_owned))
        };
        assert_eq!(cut(3 << 10), ((2 << 10) + 1, Some("(1024 lines were dropped here".to_owned())));
        assert_eq!(cut(64).0, 64, "each keeps 64 KiB");
        assert_eq!(cut(65), (65, Some("(1 line was dropped here".to_owned())));
    }
}
