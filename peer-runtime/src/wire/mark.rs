//! The numbers that mark what descends from a peer, as soft limits of `RLIMIT_LOCKS`; told from those that anybody else puts there.
//!
//! The limit itself means nothing to the kernel, but an administrator may have set it all the same, for everybody and to the
//! hard limit, too. So a mark is always below the hard limit, leaves a remainder that round numbers do not, and is larger than
//! anything that is set by hand where there is room for that.

use super::keeper::Mark;

/// What marks are divided by, and what they leave.
const DIVISOR: Mark = 1009;
const REMAINDER: Mark = 312;

/// Of fewer marks there would soon be no free one.
const FEWEST: Mark = 10_000;

/// Marks above this are nobody else's on this machine.
pub(crate) const OWN: Mark = 1 << 32;

/// All marks are below this.
const END: Mark = Mark::MAX >> 2;

/// A mark below this hard limit, by any number. Below a low one there are none to be had: it is one that will be refused.
pub(crate) fn mark(number: u64, hard: Option<Mark>) -> Mark {
    let low = hard.filter(|hard| *hard / DIVISOR > FEWEST);
    let (first, end) = low.map_or((OWN / DIVISOR + 1, END / DIVISOR), |hard| (1, hard.min(END) / DIVISOR));
    (first + number % (end - first)) * DIVISOR + REMAINDER
}

/// Whether this soft limit, below this hard one, is a mark.
pub(crate) fn is_mark(soft: Option<Mark>, hard: Option<Mark>) -> bool {
    soft.is_some_and(|soft| soft % DIVISOR == REMAINDER && hard.map_or(soft > OWN, |hard| soft < hard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_as_such_below_every_limit() {
        for hard in [None, Some(DIVISOR * (FEWEST + 1)), Some(1 << 32), Some(1 << 62), Some(Mark::MAX - 1)] {
            for number in [0, 1, 4711, FEWEST, u64::MAX / 3, u64::MAX - 1, u64::MAX] {
                let mark = mark(number, hard);
                assert!(is_mark(Some(mark), hard), "{mark} below {hard:?}");
                assert!(mark < END + DIVISOR && hard.is_none_or(|hard| mark < hard), "{mark} below {hard:?}");
                assert!(hard.is_some() || mark > OWN, "{mark}");
            }
        }
        let different = (0..FEWEST).map(|number| mark(number, Some(DIVISOR * (FEWEST + 1))));
        assert_eq!(different.collect::<std::collections::HashSet<_>>().len(), 10_000);
    }

    #[test]
    fn what_others_set_is_none() {
        assert!(!is_mark(None, None), "no limit at all");
        for limit in 0..1_000_000 {
            assert!(!is_mark(Some(limit), None), "{limit} by hand, and no hard limit");
            assert!(!is_mark(Some(limit), Some(limit)), "{limit} for both");
        }
        let powers = (0..63).map(|power| 1 << power);
        let decimal = (0..18).flat_map(|power| (1..10).map(move |digit| digit * 10_u64.pow(power)));
        let many = (1..65).flat_map(|many| [many * 1000, many * 1024]);
        for limit in powers.chain(decimal).chain(many) {
            assert!(!is_mark(Some(limit), Some(Mark::MAX - 1)), "{limit} is a round number");
        }
    }
}
