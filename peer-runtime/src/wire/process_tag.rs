//! Tags that all descendants of a peer carry, whatever they do to their parents, sessions and environments.
//!
//! A tag is a soft limit of `RLIMIT_LOCKS`, which the kernel inherits and ignores. An administrator may have set that limit
//! for everybody, the hard one included. So a tag is below the hard limit, leaves a remainder that round numbers do not
//! leave, and is larger than numbers set by hand, where the hard limit allows it.

/// A tag of a peer and its descendants.
pub(crate) type ProcessTag = u64;

/// Every tag divided by the one leaves the other.
const DIVISOR: ProcessTag = 1009;
const REMAINDER: ProcessTag = 312;

/// With fewer tags than this a free one would be hard to find.
const FEWEST: ProcessTag = 10_000;

/// Tags above this are unique on this machine.
pub(crate) const UNIQUE: ProcessTag = 1 << 32;

/// All tags are below this.
const END: ProcessTag = ProcessTag::MAX >> 2;

/// Makes a tag from any number. Below a low hard limit there is none: the result is one that the kernel refuses to set.
pub(crate) fn make(number: u64, hard: Option<ProcessTag>) -> ProcessTag {
    let low = hard.filter(|hard| *hard / DIVISOR > FEWEST);
    let (first, end) = low.map_or((UNIQUE / DIVISOR + 1, END / DIVISOR), |hard| (1, hard.min(END) / DIVISOR));
    (first + number % (end - first)) * DIVISOR + REMAINDER
}

/// Is this soft limit, below this hard one, a tag?
pub(crate) fn is_tag(soft: Option<ProcessTag>, hard: Option<ProcessTag>) -> bool {
    soft.is_some_and(|soft| soft % DIVISOR == REMAINDER && hard.map_or(soft > UNIQUE, |hard| soft < hard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_recognised_below_every_limit() {
        for hard in [None, Some(DIVISOR * (FEWEST + 1)), Some(1 << 32), Some(1 << 62), Some(ProcessTag::MAX - 1)] {
            for number in [0, 1, 4711, FEWEST, u64::MAX / 3, u64::MAX - 1, u64::MAX] {
                let tag = make(number, hard);
                assert!(is_tag(Some(tag), hard), "{tag} below {hard:?}");
                assert!(tag < END + DIVISOR && hard.is_none_or(|hard| tag < hard), "{tag} below {hard:?}");
                assert!(hard.is_some() || tag > UNIQUE, "{tag}");
            }
        }
        let different = (0..FEWEST).map(|number| make(number, Some(DIVISOR * (FEWEST + 1))));
        assert_eq!(different.collect::<std::collections::HashSet<_>>().len(), 10_000);
    }

    #[test]
    fn limits_set_by_hand_are_no_tags() {
        assert!(!is_tag(None, None), "no limit at all");
        for limit in 0..1_000_000 {
            assert!(!is_tag(Some(limit), None), "{limit} without a hard limit");
            assert!(!is_tag(Some(limit), Some(limit)), "{limit} for both");
        }
        let powers = (0..63).map(|power| 1 << power);
        let decimal = (0..18).flat_map(|power| (1..10).map(move |digit| digit * 10_u64.pow(power)));
        let many = (1..65).flat_map(|many| [many * 1000, many * 1024]);
        for limit in powers.chain(decimal).chain(many) {
            assert!(!is_tag(Some(limit), Some(ProcessTag::MAX - 1)), "{limit} is a round number");
        }
    }
}
