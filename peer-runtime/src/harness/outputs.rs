//! How much output of what failed a run tells: all of it up to a bound, and of what fails beyond that the last lines. Without
//! one, a run in which everything fails would keep, and write, hundreds of megabytes that nobody reads.

use std::sync::{Mutex, PoisonError};

use crate::scope::Line;
use crate::truncate;

/// Of all failures together, in bytes.
const OF_ALL: usize = 32 << 20;
/// Of each one when there is no more room.
const OF_EACH: usize = truncate::LIMIT;

/// What is left of that.
pub(super) struct Outputs(Mutex<usize>);

impl Default for Outputs {
    fn default() -> Self {
        Self(Mutex::new(OF_ALL))
    }
}

impl Outputs {
    /// Leaves the last lines for which there is room, one at least, and says how many there were before.
    pub(super) fn cut(&self, console: &mut Vec<Line>) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = OF_EACH.max(*left);
        let mut taken = 0;
        let fits = |line: &&Line| {
            let is_last = taken == 0;
            let all = taken + line.bytes();
            let fits = is_last || all <= room;
            taken = if fits { all } else { taken };
            fits
        };
        let kept = console.iter().rev().take_while(fits).count();
        *left = left.saturating_sub(taken);
        drop(left);
        let left_out = console.len() - kept;
        let Some(last) = console.drain(..left_out).next_back() else { return };
        let lines = if left_out == 1 { "1 line is".to_owned() } else { format!("{left_out} lines are") };
        let all = OF_ALL >> 20;
        let text = format!("({lines} left out before this, since all that failed in this run has {all} MiB of output)");
        console.insert(0, Line { at: last.at, node: String::new(), text });
    }
}

#[cfg(test)]
mod tests {
    use super::super::reporter::sample::line;
    use super::*;

    /// A failure that printed so many lines of 1 KiB.
    fn printed(lines: u64) -> Vec<Line> {
        (0..lines).map(|at| line(at, "a", &"x".repeat(1020))).collect()
    }

    fn cut(outputs: &Outputs, lines: u64) -> Vec<Line> {
        let mut console = printed(lines);
        outputs.cut(&mut console);
        console
    }

    #[test]
    fn beyond_what_all_have_together_the_last_lines_are_left_and_the_others_are_counted() {
        let outputs = Outputs::default();
        for _ in 0..2 {
            assert_eq!(cut(&outputs, 15 << 10), printed(15 << 10));
        }
        // There is room for two thousand.
        let third = cut(&outputs, 3 << 10);
        let told = "(1024 lines are left out before this, since all that failed in this run has 32 MiB of output)";
        assert_eq!((third.len(), &third[0]), ((2 << 10) + 1, &line(1023, "", told)));
        assert_eq!(third[1..], printed(3 << 10)[1 << 10..]);
        // And then for what anybody reads.
        assert_eq!(cut(&outputs, 64), printed(64));
        let last = cut(&outputs, 65);
        assert_eq!((last.len(), last[0].text.starts_with("(1 line is left out")), (65, true));
        assert_eq!(last[1..], printed(65)[1..]);
    }

    #[test]
    fn a_line_for_which_there_is_no_room_is_told_if_it_is_the_last_one() {
        let outputs = Outputs(Mutex::new(0));
        let longest = line(7, "a", &"x".repeat(OF_EACH));
        let mut console = vec![line(0, "a", "one"), line(1, "a", "two"), longest.clone()];
        outputs.cut(&mut console);
        assert_eq!((console.len(), console[0].text.starts_with("(2 lines are left out")), (2, true), "{}", console[0]);
        assert_eq!(console[1], longest);
    }
}
