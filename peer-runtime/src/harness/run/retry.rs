//! Retries: when a failed test runs again, and what its attempts come to together.

use crate::harness::declare::Test;
use crate::harness::outcome::{AttemptOutcome, Fault, Verdict, passes};

/// What the attempts of a test came to.
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    /// Those before the last one, without their output.
    pub(super) attempts: Vec<AttemptOutcome>,
    pub(super) last: AttemptOutcome,
}

/// Runs `attempt`, which receives its number, until the test passes or has no retries left, or another attempt would be
/// pointless.
pub(super) fn run(
    test: &Test,
    is_pointless: impl Fn() -> bool,
    mut attempt: impl FnMut(u32) -> AttemptOutcome,
) -> Tried {
    let mut attempts: Vec<AttemptOutcome> = Vec::new();
    for number in 1.. {
        let last = attempt(number);
        if number <= test.retries && !is_pointless() && may_pass_on_retry(test, last.fault.as_ref()) {
            // Its report says what went wrong, and not what its peers printed.
            attempts.push(AttemptOutcome { peers: Default::default(), output: Vec::new(), ..last });
            continue;
        }
        let failed_before = attempts.last().map(|attempt| attempt.fault.as_ref().map_or(Verdict::Failed, Verdict::of));
        let verdict = match (Verdict::of_attempt(test, last.fault.as_ref()), failed_before) {
            (Verdict::Passed, Some(_)) => Verdict::Flaky { attempt: number },
            // A skip makes up for no failure.
            (Verdict::Ignored(_), Some(failed)) => failed,
            (verdict, _) => verdict,
        };
        return Tried { verdict, attempts, last };
    }
    unreachable!("there are fewer retries than numbers")
}

/// Whether an attempt failed for something that another one may do better.
fn may_pass_on_retry(test: &Test, fault: Option<&Fault>) -> bool {
    match fault {
        fault if passes(test, fault) => false,
        Some(fault @ Fault::Init { .. }) => fault.is_infrastructure(),
        Some(fault) => Verdict::of(fault).fails(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::declare::BodyError;

    fn verdict(faults: [Option<Fault>; 2]) -> Verdict {
        let test = Test { retries: 1, ..Test::PASSES };
        let mut faults = faults.into_iter();
        let attempt = |_| AttemptOutcome { fault: faults.next().flatten(), ..AttemptOutcome::default() };
        run(&test, || false, attempt).verdict
    }

    #[test]
    fn a_skip_makes_up_for_no_failure() {
        let failed = || Fault::Returned(BodyError::Other("no quorum".to_owned()));
        let init = |fault| Fault::Init { hook: "init_per_testcase".to_owned(), fault: Box::new(fault) };
        let skip = || Some(Fault::Skipped("not here".to_owned()));
        assert_eq!(verdict([Some(failed()), None]), Verdict::Flaky { attempt: 2 });
        assert_eq!(verdict([Some(failed()), skip()]), Verdict::Failed);
        assert_eq!(verdict([Some(init(Fault::NotRun("no thread".to_owned()))), skip()]), Verdict::Infrastructure);
        assert_eq!(verdict([skip(), None]), Verdict::Ignored("not here".to_owned()));
    }
}
