//! What went wrong, in one line: for lists of tests, which show no more, and for nextest, which looks for one.

/// How many lines are told at most of what is announced.
const ANNOUNCED: usize = 4;

/// What the standard library tells of two values that are not what they should be to each other.
const SIDES: [&str; 2] = ["left: ", "right: "];

/// Behind it a barrier names whom it waited for.
const MISSING: &str = "missing:";

/// The line by which nextest knows why a test failed. Of standard error it takes what begins with the last panic message, and
/// without one what begins with the first line of this form.
pub(super) fn for_nextest(cause: &str) -> String {
    format!("Error: {}", of(cause))
}

/// Where it was, and what: the first two lines of a cause, and if more belongs to the second one, that, too: what it announces, both sides
/// of a comparison, who was missing at a barrier.
pub(super) fn of(cause: &str) -> String {
    let mut lines = cause.lines().map(str::trim).take_while(|line| !line.is_empty() && !line.ends_with("backtrace:"));
    let mut gist = lines.next().unwrap_or_default().to_owned();
    if let Some(what) = lines.next() {
        add(&mut gist, what);
        let rest: Vec<&str> = lines.collect();
        let told = match rest.iter().position(|line| *line == MISSING) {
            Some(missing) => &rest[missing..],
            None if announces(what) => &rest,
            None => &rest[..rest.iter().take_while(|line| SIDES.iter().any(|side| line.starts_with(side))).count()],
        };
        told.iter().take(ANNOUNCED).for_each(|line| add(&mut gist, line));
    }
    gist
}

fn announces(line: &str) -> bool {
    line.ends_with(':')
}

fn add(gist: &mut String, line: &str) {
    gist.push_str(if announces(gist) { " " } else { "; " });
    gist.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_and_what_are_one_line() {
        assert_eq!(of("peer test `a` (a.rs:7:5) did not end within its timetrap of 3s"), {
            "peer test `a` (a.rs:7:5) did not end within its timetrap of 3s"
        });
        assert_eq!(of("`end_per_group` failed:\n  no disk\n  nor tape\n"), "`end_per_group` failed: no disk");
        let cause = "panic did not contain expected string \"x\"\npeer test `a` panicked at a.rs:7:5:\n  y\n  backtrace:\n   0: z";
        let told = "panic did not contain expected string \"x\"; peer test `a` panicked at a.rs:7:5: y";
        assert_eq!(of(cause), told);
        assert_eq!(
            of("peer test `a` panicked at a.rs:7:5:\n\n  backtrace:\n  0: z"),
            "peer test `a` panicked at a.rs:7:5:"
        );
        assert_eq!(of(""), "");
    }

    #[test]
    fn what_is_announced_is_told() {
        let cause = "peer test `a` panicked at a.rs:7:5:\n  these are missing:\n  b\n  c";
        assert_eq!(of(cause), "peer test `a` panicked at a.rs:7:5: these are missing: b; c");
        let cause = "peer test `a` failed in rank 1 of 2, `n`:\n  panicked at a.rs:7:5:\n  not equal\n    left: 2\n   right: 3\n  remote backtrace:\n   0: z";
        let told = "peer test `a` failed in rank 1 of 2, `n`: panicked at a.rs:7:5: not equal; left: 2; right: 3";
        assert_eq!(of(cause), told);
        let told = of("a:\n  b:\n  1\n  2:\n  3\n  4\n  5");
        assert_eq!(told, "a: b: 1; 2: 3; 4", "no more than four lines of it");
    }

    #[test]
    fn what_differs_and_who_was_missing_is_told() {
        let cause = "peer test `a` panicked at a.rs:7:5:\n  assertion `left == right` failed: no copy\n    left: None\n   right: Some(1)\n  and so on";
        let told =
            "peer test `a` panicked at a.rs:7:5: assertion `left == right` failed: no copy; left: None; right: Some(1)";
        assert_eq!(of(cause), told);
        let cause = "peer test `a` failed at a.rs:7:5:\n  barrier `b` failed: not passed within 3s\n    arrived:\n      the test\n    missing:\n      `n-1`: idle";
        let told = "peer test `a` failed at a.rs:7:5: barrier `b` failed: not passed within 3s; missing: `n-1`: idle";
        assert_eq!(of(cause), told);
    }

    #[test]
    fn nextest_is_given_a_line_of_its_form() {
        let line = for_nextest("peer test `a` (a.rs:7:5) returned an error:\n  no disk");
        assert_eq!(line, "Error: peer test `a` (a.rs:7:5) returned an error: no disk");
    }
}
